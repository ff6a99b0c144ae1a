package foreword;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import foreword.v1.Candidate;
import foreword.v1.Event;
import foreword.v1.Feedback;
import foreword.v1.Freshness;
import foreword.v1.GetForewordResponse;
import foreword.v1.GetProfileResponse;
import foreword.v1.RankActionsRequest;
import foreword.v1.RecordFeedbackRequest;
import foreword.v1.RefusedEvent;
import io.grpc.Status;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The client beside running daemons, and without any. */
final class ClientTest {
  private static Event event(String userId) {
    return Event.newBuilder().setUserId(userId).setType("read").build();
  }

  private static RankActionsRequest asked(String... ids) {
    List<Candidate> candidates =
        Stream.of(ids).map(id -> Candidate.newBuilder().setActionId(id).build()).toList();
    return RankActionsRequest.newBuilder().setUserId("ada").addAllCandidates(candidates).build();
  }

  /** Every method is answered by a running sidecar, over a unix socket too; futures say the same. */
  @Test
  void methods() {
    try (Client client = new Client(Settings.get("FOREWORD_UNIX_TARGET")).raising()) {
      assertEquals(1, client.within("acme").record(List.of(event("duke"))).getAcceptedCount());
      GetForewordResponse found = client.foreword("ada", 40, "s1");
      assertFalse(found.getText().isEmpty());
      assertTrue(found.getTokenCount() <= 40);
      List<String> ids =
          Stream.concat(IntStream.range(0, 1000).mapToObj(place -> "nobody-" + place), Stream.of("ada")).toList();
      List<GetProfileResponse> many = client.profiles(ids);
      assertEquals(1001, many.size());
      assertEquals("ada", many.get(1000).getProfile().getUserId());
      assertEquals(client.profile("ada"), client.profileAsync("ada").join());
      assertFalse(client.status().getVersion().isEmpty());
      Ranking ranking = client.rank(asked("verbose", "concise"));
      assertTrue(ranking.isRanked());
      assertEquals(2, ranking.order().size());
      RecordFeedbackRequest said =
          RecordFeedbackRequest.newBuilder()
              .setDecisionId(ranking.decisionId())
              .setFeedback(Feedback.FEEDBACK_REJECT)
              .build();
      assertTrue(client.feedback(said).getAccepted());
    }
  }

  /** A refused call names reason and field, a refused event among kept ones its place. */
  @Test
  void refusals() {
    try (Client client = new Client(Settings.get("FOREWORD_TARGET")).raising()) {
      ForewordException error = assertThrows(ForewordException.class, () -> client.profile(""));
      assertEquals(List.of("FIELD_INVALID", "user_id"), List.of(error.reason(), error.field()));
      assertTrue(error.isFromSidecar());
      var recorded = client.record(List.of(event("duke"), event("")));
      assertEquals(List.of(1), recorded.getRefusedList().stream().map(RefusedEvent::getIndex).toList());
    }
  }

  /** Without a sidecar reads answer as if nothing were known, and at once from the second call on. */
  @Test
  void withoutASidecar() {
    List<String> reasons = new ArrayList<>();
    try (Client client = new Client("unix:/nonexistent/foreword.sock").onError(error -> reasons.add(error.reason()))) {
      GetProfileResponse found = client.profile("ada");
      assertEquals(Freshness.FRESHNESS_UNSPECIFIED, found.getFreshness());
      assertTrue(found.getProfile().getIsDefault());
      long started = System.nanoTime();
      Ranking ranking = client.rank(asked("one"));
      assertFalse(ranking.isRanked());
      assertEquals(asked("one").getCandidatesList(), ranking.order());
      assertEquals("", client.text("ada", 0));
      assertEquals(1, client.record(List.of(event("ada"))).getRefusedCount());
      client.feedback(RecordFeedbackRequest.newBuilder().setDecisionId(ranking.decisionId()).build());
      assertTrue(System.nanoTime() - started < Duration.ofMillis(200).toNanos());
      assertEquals("UNAVAILABLE", assertThrows(ForewordException.class, client::status).reason());
      assertEquals(List.of("UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"), reasons);
    }
  }

  /** The example of the guide runs. */
  @Test
  void example() {
    Settings.get("FOREWORD_STORE");
    Example.main(new String[0]);
  }

  /** A connection that closes under a call is one where nobody answers; what a sidecar does not know stays so. */
  @Test
  void cutOff() {
    Status closed = Status.UNKNOWN.withDescription("channel closed").withCause(new ClosedChannelException());
    ForewordException error = ForewordException.ofCall("a", closed.asRuntimeException());
    assertEquals("UNAVAILABLE", error.reason());
    assertTrue(error.isPassing());
    assertEquals("UNKNOWN", ForewordException.ofCall("a", Status.UNKNOWN.asRuntimeException()).reason());
  }
}
