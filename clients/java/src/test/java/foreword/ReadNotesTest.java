package foreword;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What is sent to the sidecar, and that nobody waits for it. */
@EnabledOnOs(OS.LINUX)
final class ReadNotesTest {
  /** Telling returns at once with a socket that is full, gone, or was never there. */
  @Test
  void nobodyWaits(@TempDir Path directory) {
    ReadNotes notes = new ReadNotes(directory);
    notes.tell(user(0), 0);
    assertFalse(Files.exists(directory.resolve(ReadNotes.SOCKET)));
    try (Taking taking = new Taking(directory)) {
      for (int number = 0; number < 5000; number++) {
        notes.tell(user(number), 2000);
      }
      int count = taking.taken().size();
      assertTrue(count > 0 && count < 5000, count + " taken: none was sent, or the socket was not full");
    }
    notes.tell(user(0), 4000);
  }

  /** Beyond 10,000 users within a second nobody is told of, until the next begins. */
  @Test
  void atMostSoManyAreToldOf(@TempDir Path directory) {
    ReadNotes notes = new ReadNotes(directory);
    try (Taking taking = new Taking(directory)) {
      int count = 0;
      for (int number = 0; number < ReadNotes.TOLD_MAX + 5; number++) {
        notes.tell(user(number), 5000);
        count += taking.taken().size();
      }
      assertEquals(ReadNotes.TOLD_MAX, count);
      notes.tell(user(0), 6000);
      assertEquals(1, taking.taken().size());
    }
  }

  /** A store whose path is longer than a socket's address may be is told of as well. */
  @Test
  void longPaths(@TempDir Path directory) throws IOException {
    Path store = Files.createDirectory(directory.resolve("d".repeat(110)));
    Path link = Files.createSymbolicLink(directory.resolve("s"), store);
    try (Taking taking = new Taking(link)) {
      new ReadNotes(store).tell(user(0), 5000);
      assertEquals(1, taking.taken().size());
    }
  }

  private static byte[] user(int number) {
    return ("user" + number).getBytes(UTF_8);
  }
}
