package foreword;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import foreword.v1.EraseUserRequest;
import foreword.v1.Freshness;
import foreword.v1.GetLedgerRequest;
import foreword.v1.GetProfileResponse;
import foreword.v1.OperatorServiceGrpc;
import foreword.v1.RefreshReason;
import foreword.v1.Segment;
import foreword.v1.UserDataServiceGrpc;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
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
    try (LocalReader reader = new LocalReader(directory)) {
      assertEquals("", reader.text("ada", 0));
      List<Thread> others = IntStream.range(0, 4).mapToObj(number -> reading(reader)).toList();
      others.forEach(Thread::start);
      for (String store : List.of("sound", "bare")) {
        Stores.prepare(store, directory, "profiles.lmdb");
        Stores.swapIn(directory, "profiles.lmdb");
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

  /** A dormant user who is read here is refreshed by the daemons, for that reason. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void dormantUserIsRefreshedWhenRead() {
    var asked = GetLedgerRequest.newBuilder().setUserId("sleeper-java").setAttemptsMax(9).build();
    try (LocalReader reader = new LocalReader(Path.of(Settings.get("FOREWORD_STORE")));
        Client client = new Client(Settings.get("FOREWORD_TARGET"))) {
      var operator = OperatorServiceGrpc.newBlockingStub(client.channel());
      assertTimeoutPreemptively(
          Duration.ofSeconds(20),
          () -> {
            boolean isRefreshed = false;
            while (!isRefreshed) {
              // Again and again: what is sent while the sidecar has no room is lost.
              var read = reader.profile("sleeper-java");
              assertEquals(Segment.SEGMENT_DORMANT, read.getProfile().getSegment());
              isRefreshed =
                  operator.getLedger(asked).getAttemptsList().stream()
                      .anyMatch(each -> each.getEntry().getReason() == RefreshReason.REFRESH_REASON_ON_OPEN);
            }
          });
    }
  }

  /** A reader that is to tell of nobody tells of nobody. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void tellsOfNobody(@TempDir Path directory) throws IOException {
    Stores.copy("sound", directory);
    try (Taking taking = new Taking(directory);
        LocalReader reader = new LocalReader(directory)) {
      reader.tellsReads(false).profile("dormant");
      assertEquals(0, taking.taken().size());
      reader.profile("dormant");
      assertEquals(1, taking.taken().size());
    }
  }

  /**
   * A restore is followed once it has ended: until then both files are those of before, so that nobody is seen whose
   * erasure only one of them knows of. A file that is cut short meanwhile is refused.
   */
  @Test
  void restoreIsFollowedAtItsEnd(@TempDir Path directory) throws IOException {
    Stores.copy("sound", directory);
    Path mark = directory.resolve("restore.pending");
    try (LocalReader reader = new LocalReader(directory)) {
      Files.createFile(mark);
      for (String environment : Stores.ENVIRONMENTS) {
        assertSide(8, reader);
        Stores.prepare("restored", directory, environment);
        Stores.swapIn(directory, environment);
      }
      assertSide(8, reader);
      Files.delete(mark);
      assertSide(9, reader);
      Files.createFile(mark);
      try (var data = FileChannel.open(directory.resolve("profiles.lmdb/data.mdb"), StandardOpenOption.WRITE)) {
        data.truncate(3 * 4096);
      }
      assertEquals("STORE_CORRUPT", assertThrows(ForewordException.class, reader::upkeep).reason());
      assertThrows(ForewordException.class, () -> reader.profile("ada"));
    }
  }

  /** Of all who find a look due, the first makes it; the others go on behind it. */
  @Test
  void oneOfManyLooks(@TempDir Path directory) throws IOException {
    try (Store store = new Store(directory)) {
      // With nothing open a look meets it, and fails.
      Files.createFile(directory.resolve("restore.pending"));
      // As who found it due just before the look that opening was.
      store.upkeepIfDue();
      assertThrows(ForewordException.class, store::upkeep);
      assertThrows(ForewordException.class, store::upkeepIfDue);
    }
  }

  /** Profiles that a restored store lacks are not read on beside its erasures; what a swap has put aside is. */
  @Test
  void profilesThatAreGoneAreNotReadOn(@TempDir Path directory) throws IOException {
    Stores.copy("sound", directory);
    Path profiles = directory.resolve("profiles.lmdb");
    Path former = directory.resolve("profiles.lmdb.former");
    try (LocalReader reader = new LocalReader(directory)) {
      Files.move(profiles, former);
      assertSide(8, reader);
      Stores.remove(former);
      Stores.prepare("restored", directory, "activity.lmdb");
      Stores.swapIn(directory, "activity.lmdb");
      reader.upkeep();
      assertEquals(0, reader.profile("ada").getProfile().getRevision());
      assertEquals(0, reader.within("acme").profile("leaver").getProfile().getRevision());
    }
  }

  /**
   * While one restore follows the other, whatever a look meets, what is read then is of one side; or nothing, where the
   * mark was noticed only after the look.
   */
  @Test
  void restoresOneAfterTheOther(@TempDir Path directory) throws IOException, InterruptedException {
    Stores.copy("sound", directory);
    try (LocalReader reader = new LocalReader(directory)) {
      Thread restoring = Stores.restoring(directory);
      while (restoring.isAlive()) {
        try {
          reader.upkeep();
        } catch (ForewordException exc) {
          assertEquals("STORE_UNUSABLE", exc.reason(), exc.getMessage());
          continue;
        }
        assertSameSide(reader);
      }
      restoring.join();
      assertSide(8, reader);
    }
  }

  /** Whoever reads while another thread's look fails is refused too, and not served as if nobody were known. */
  @Test
  void lookThatFailsUnderRead(@TempDir Path directory) throws IOException, InterruptedException {
    Stores.copy("sound", directory);
    try (LocalReader reader = new LocalReader(directory)) {
      Thread restoring = Stores.restoring(directory);
      Thread looking =
          new Thread(
              () -> {
                while (restoring.isAlive()) {
                  try {
                    reader.upkeep();
                  } catch (ForewordException exc) {
                    continue;
                  }
                }
              });
      looking.start();
      while (restoring.isAlive()) {
        try {
          assertNotEquals(Freshness.FRESHNESS_DEFAULT, reader.profile("ada").getFreshness());
        } catch (ForewordException exc) {
          assertEquals("STORE_UNUSABLE", exc.reason(), exc.getMessage());
        }
      }
      looking.join();
    }
  }

  private static void assertSide(int revision, LocalReader reader) {
    reader.upkeep();
    assertEquals(revision, reader.profile("ada").getProfile().getRevision());
    assertSameSide(reader);
  }

  private static void assertSameSide(LocalReader reader) {
    long revision = reader.profile("ada").getProfile().getRevision();
    boolean isUnseen = reader.within("acme").profile("leaver").getFreshness() == Freshness.FRESHNESS_DEFAULT;
    assertTrue(isUnseen ? revision == 8 : revision == 9, revision + " " + isUnseen);
  }
}
