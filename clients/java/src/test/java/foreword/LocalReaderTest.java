package foreword;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import foreword.v1.EraseUserRequest;
import foreword.v1.Freshness;
import foreword.v1.GetProfileResponse;
import foreword.v1.UserDataServiceGrpc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The reader beside the daemons that write the store. */
final class LocalReaderTest {
  /**
   * The reader says what the sidecar says, and a second one of the store is refused: LMDB forbids two mappings in a
   * process.
   */
  @Test
  void agreesWithTheSidecar() {
    Path store = Path.of(Settings.get("FOREWORD_STORE"));
    try (LocalReader reader = new LocalReader(store);
        Client client = new Client(Settings.get("FOREWORD_TARGET")).raising()) {
      GetProfileResponse read = reader.profile("ada");
      assertEquals(Freshness.FRESHNESS_FRESH, read.getFreshness());
      assertEquals(client.profile("ada"), read);
      assertFalse(reader.text("ada", 40).isEmpty());
      assertEquals(client.text("ada", 40), reader.text("ada", 40));
      assertTrue(reader.schedulerSeen().isPresent());
      var refused = assertThrows(ForewordException.class, () -> new LocalReader(store));
      assertEquals("STORE_UNUSABLE", refused.reason());
    }
  }

  /** An erased user is unknown as soon as the sidecar has taken the erasure. */
  @Test
  void erasedUserIsUnseenAtOnce() {
    try (LocalReader reader = new LocalReader(Path.of(Settings.get("FOREWORD_STORE")));
        Client client = new Client(Settings.get("FOREWORD_TARGET"))) {
      assertEquals(Freshness.FRESHNESS_FRESH, reader.profile("leaver-java").getFreshness());
      UserDataServiceGrpc.newBlockingStub(client.channel())
          .eraseUser(EraseUserRequest.newBuilder().setUserId("leaver-java").build());
      assertEquals(Freshness.FRESHNESS_DEFAULT, reader.profile("leaver-java").getFreshness());
      assertEquals("", reader.text("leaver-java", 0));
    }
  }

  /**
   * A store may come after the reader, and one that takes its place is read from the next look on, while others read.
   */
  @Test
  void replacedStoreIsFollowed(@TempDir Path directory) throws IOException, InterruptedException {
    Path vectors = Path.of(Settings.get("FOREWORD_VECTOR_STORES"));
    Path place = directory.resolve("profiles.lmdb");
    try (LocalReader reader = new LocalReader(directory)) {
      assertEquals("", reader.text("ada", 0));
      List<Thread> others = IntStream.range(0, 4).mapToObj(number -> reading(reader)).toList();
      others.forEach(Thread::start);
      for (String store : List.of("sound", "bare")) {
        Path incoming = directory.resolve("incoming");
        copy(vectors.resolve(store).resolve("profiles.lmdb"), incoming);
        if (Files.exists(place)) {
          Files.move(place, directory.resolve("former"));
        }
        Files.move(incoming, place);
        reader.upkeep();
        assertEquals(store.equals("sound") ? 8 : 0, reader.profile("ada").getProfile().getRevision());
      }
      for (Thread other : others) {
        other.join();
      }
    }
  }

  private static Thread reading(LocalReader reader) {
    return new Thread(() -> IntStream.range(0, 2000).forEach(number -> reader.profile("ada")));
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectory(to);
    try (var files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
