package foreword;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.GsonBuilder;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import foreword.v1.GetForewordResponse;
import foreword.v1.GetProfileResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The reader against the golden vectors. */
final class VectorsTest {
  static final class Case {
    String name = "";
    String store = "";
    String call = "";
    String userId = "";
    String namespace = "";
    int maxTokens;
    long nowMs;
    String response = "";
    String reason = "";
    String field = "";
  }

  static final class Vectors {
    Map<String, Integer> briefFrames = Map.of();
    List<Case> cases = List.of();
    List<Telling> tellings = List.of();
  }

  /** Reads by one reader, and what they tell the sidecar. */
  static final class Telling {
    String name = "";
    String store = "";
    List<Case> reads = List.of();
    List<String> datagrams = List.of();
  }

  private static Vectors vectors() throws IOException {
    var gson = new GsonBuilder().setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES).create();
    return gson.fromJson(Files.readString(Path.of(Settings.get("FOREWORD_VECTORS"))), Vectors.class);
  }

  /** Each read is answered with the message of the vectors, or refused for their reason. */
  @TestFactory
  Stream<DynamicTest> readsAreThoseOfTheVectors() throws IOException {
    List<Case> cases = vectors().cases;
    assertFalse(cases.isEmpty());
    return cases.stream().map(one -> DynamicTest.dynamicTest(one.call + " " + one.name, () -> check(one)));
  }

  /** What reads tell the sidecar is what the vectors say: of whom, and how often. */
  @TestFactory
  @EnabledOnOs(OS.LINUX)
  Stream<DynamicTest> tellingsAreThoseOfTheVectors() throws IOException {
    List<Telling> tellings = vectors().tellings;
    assertFalse(tellings.isEmpty());
    return tellings.stream().map(one -> DynamicTest.dynamicTest(one.name, () -> check(one)));
  }

  private static void check(Telling telling) throws IOException {
    Path directory = Files.createTempDirectory("fw-");
    Stores.copy(telling.store, directory);
    AtomicLong nowMs = new AtomicLong();
    InstantSource clock = () -> Instant.ofEpochMilli(nowMs.get());
    try (Taking taking = new Taking(directory);
        LocalReader reader = new LocalReader(directory, clock.withZone(ZoneOffset.UTC))) {
      for (Case one : telling.reads) {
        nowMs.set(one.nowMs);
        try {
          read(one, reader);
        } catch (ForewordException refused) {
          // What is damaged is told of by nobody.
          assertEquals("STORE_CORRUPT", refused.reason());
        }
      }
      List<String> told = taking.taken().stream().map(HexFormat.of()::formatHex).toList();
      assertEquals(telling.datagrams, told);
    } finally {
      Stores.remove(directory);
    }
  }

  /** The brief frames have the sizes of the vectors. */
  @Test
  void briefFrames() throws IOException {
    Map<String, Integer> sizes =
        Map.of(
            Budget.BRIEF.text(), Budget.BRIEF.tokens(),
            Budget.GENERAL_BRIEF.text(), Budget.GENERAL_BRIEF.tokens());
    assertEquals(vectors().briefFrames, sizes);
  }

  private static void check(Case one) throws InvalidProtocolBufferException {
    if (!one.reason.isEmpty()) {
      ForewordException error = assertThrows(ForewordException.class, () -> read(one));
      assertEquals(List.of(one.reason, one.field), List.of(error.reason(), error.field()), error.getMessage());
      return;
    }
    byte[] response = HexFormat.of().parseHex(one.response);
    boolean isProfile = one.call.equals("profile");
    Message expected =
        isProfile ? GetProfileResponse.parseFrom(response) : GetForewordResponse.parseFrom(response);
    assertEquals(expected, read(one));
  }

  private static Message read(Case one) {
    Clock clock = Clock.fixed(Instant.ofEpochMilli(one.nowMs), ZoneOffset.UTC);
    Path store = Path.of(Settings.get("FOREWORD_VECTOR_STORES"), one.store);
    try (LocalReader reader = new LocalReader(store, clock)) {
      return read(one, reader);
    }
  }

  private static Message read(Case one, LocalReader reader) {
    LocalReader ours = reader.within(one.namespace);
    return one.call.equals("profile") ? ours.profile(one.userId) : ours.foreword(one.userId, one.maxTokens);
  }
}
