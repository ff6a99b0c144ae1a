package foreword;

import foreword.v1.ActivityServiceGrpc;
import foreword.v1.BatchGetProfilesRequest;
import foreword.v1.Candidate;
import foreword.v1.ErrorReason;
import foreword.v1.Event;
import foreword.v1.GetForewordRequest;
import foreword.v1.GetForewordResponse;
import foreword.v1.GetProfileRequest;
import foreword.v1.GetProfileResponse;
import foreword.v1.GetStatusRequest;
import foreword.v1.GetStatusResponse;
import foreword.v1.OperatorServiceGrpc;
import foreword.v1.ProfileServiceGrpc;
import foreword.v1.RankActionsRequest;
import foreword.v1.RankActionsResponse;
import foreword.v1.RankingServiceGrpc;
import foreword.v1.RecordEventsRequest;
import foreword.v1.RecordEventsResponse;
import foreword.v1.RecordFeedbackRequest;
import foreword.v1.RecordFeedbackResponse;
import foreword.v1.RefusedEvent;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Calls a sidecar. One client serves all threads; it connects at the first call, and again when the sidecar is back.
 * Each method has a twin that returns a future.
 *
 * <p>Unless {@link #raising}, a read that fails answers as if nothing were known, and is told to {@link #onError}: a
 * text is empty, a profile is the default one with FRESHNESS_UNSPECIFIED, which no sidecar sends, candidates stand as
 * they were given, and of {@link #record} every event is refused with the cause. {@link #feedback} and {@link
 * #status} always throw a {@link ForewordException}.
 */
public final class Client implements AutoCloseable {
  /** Users or events that one call takes. */
  private static final int BATCH_MAX = 1000;

  /** An application should rather go without a foreword than wait for one. */
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  private final Sidecar sidecar;
  private final String namespace;
  private final Duration timeout;
  private final boolean raises;
  private final Consumer<ForewordException> onError;

  private Client(
      Sidecar sidecar,
      String namespace,
      Duration timeout,
      boolean raises,
      Consumer<ForewordException> onError) {
    this.sidecar = sidecar;
    this.namespace = namespace;
    this.timeout = timeout;
    this.raises = raises;
    this.onError = onError;
  }

  /** Makes a client of the sidecar at {@code unix:PATH} or {@code HOST:PORT}. */
  public Client(String target) {
    this(target, Sidecar.connect(target));
  }

  /** Makes a client on a channel of your own, for instance with TLS. */
  public Client(String target, ManagedChannel channel) {
    this(new Sidecar(target, channel), "", TIMEOUT, false, error -> {});
  }

  /** Returns a client on the same connection for users of a namespace. */
  public Client within(String namespace) {
    return new Client(sidecar, namespace, timeout, raises, onError);
  }

  /**
   * Returns a client on the same connection whose calls take no longer, repeated tries included; 2 seconds unless
   * set.
   */
  public Client timeout(Duration timeout) {
    return new Client(sidecar, namespace, timeout, raises, onError);
  }

  /**
   * Returns a client on the same connection whose calls say who calls, for a sidecar that asks. The token is asked for
   * at each call, and sent in clear text to this machine alone.
   */
  public Client token(Supplier<String> token) {
    return new Client(sidecar.with(token), namespace, timeout, raises, onError);
  }

  /** As {@link #token(Supplier)}, for a token that does not change. */
  public Client token(String token) {
    return token(() -> token);
  }

  /** As {@link #token(Supplier)}, for a file that holds one; it is read anew when it changes. */
  public Client tokenFile(Path file) {
    return token(Token.ofFile(file));
  }

  /** Returns a client on the same connection whose failing reads throw a {@link ForewordException}. */
  public Client raising() {
    return new Client(sidecar, namespace, timeout, true, onError);
  }

  /** Returns a client on the same connection that tells of the failures that are not thrown. */
  public Client onError(Consumer<ForewordException> onError) {
    return new Client(sidecar, namespace, timeout, raises, onError);
  }

  /** Returns the connection, for the calls that this class does not wrap. */
  public ManagedChannel channel() {
    return sidecar.channel();
  }

  /** Disconnects, this client and those made of it. */
  @Override
  public void close() {
    sidecar.close();
  }

  /** Returns the prompt-ready text about a user within a budget, 0 for 200; empty when nothing is known. */
  public String text(String userId, int maxTokens) {
    return foreword(userId, maxTokens, "").getText();
  }

  /**
   * Returns the text with its revision, etag, freshness and cuts.
   *
   * @param maxTokens the budget; 0 and more than 200 mean 200
   * @param sessionId the running session, whose newest events are to be named within the budget; empty for none
   */
  public GetForewordResponse foreword(String userId, int maxTokens, String sessionId) {
    return Sidecar.await(forewordAsync(userId, maxTokens, sessionId));
  }

  /** As {@link #foreword}. */
  public CompletableFuture<GetForewordResponse> forewordAsync(String userId, int maxTokens, String sessionId) {
    GetForewordRequest request =
        GetForewordRequest.newBuilder()
            .setUserId(userId)
            .setNamespace(namespace)
            .setMaxTokens(maxTokens)
            .setSessionId(sessionId)
            .build();
    return read(
        call(ProfileServiceGrpc.getGetForewordMethod(), request),
        error -> GetForewordResponse.getDefaultInstance());
  }

  /** Returns the profile of a user and how current it is. */
  public GetProfileResponse profile(String userId) {
    return Sidecar.await(profileAsync(userId));
  }

  /** As {@link #profile}. */
  public CompletableFuture<GetProfileResponse> profileAsync(String userId) {
    GetProfileRequest request =
        GetProfileRequest.newBuilder().setUserId(userId).setNamespace(namespace).build();
    return read(call(ProfileServiceGrpc.getGetProfileMethod(), request), error -> noProfile(userId));
  }

  /** Returns the profiles of any number of users, in order, by calls of 1,000. */
  public List<GetProfileResponse> profiles(List<String> userIds) {
    return Sidecar.await(profilesAsync(userIds));
  }

  /** As {@link #profiles}; one call is made after the other. */
  public CompletableFuture<List<GetProfileResponse>> profilesAsync(List<String> userIds) {
    CompletableFuture<List<GetProfileResponse>> found = CompletableFuture.completedFuture(new ArrayList<>());
    for (List<String> batch : batches(userIds)) {
      BatchGetProfilesRequest request =
          BatchGetProfilesRequest.newBuilder().addAllUserIds(batch).setNamespace(namespace).build();
      found =
          found.thenCompose(
              sum ->
                  read(
                          call(ProfileServiceGrpc.getBatchGetProfilesMethod(), request)
                              .thenApply(response -> response.getResultsList()),
                          error -> batch.stream().map(this::noProfile).toList())
                      .thenApply(results -> added(sum, results)));
    }
    return found;
  }

  /**
   * Records events by calls of 1,000, and returns once the kept ones are on disk; those that break a limit are named
   * in the answer.
   *
   * <p>An event without an id gets one, so that it counts once however often it is sent.
   */
  public RecordEventsResponse record(List<Event> events) {
    return Sidecar.await(recordAsync(events));
  }

  /** As {@link #record}; one call is made after the other. */
  public CompletableFuture<RecordEventsResponse> recordAsync(List<Event> events) {
    CompletableFuture<RecordEventsResponse> sum =
        CompletableFuture.completedFuture(RecordEventsResponse.getDefaultInstance());
    int start = 0;
    for (List<Event> batch : batches(events)) {
      List<Event> named = batch.stream().map(this::named).toList();
      RecordEventsRequest request = RecordEventsRequest.newBuilder().addAllEvents(named).build();
      int begins = start;
      sum =
          sum.thenCompose(
              before ->
                  read(
                          call(ActivityServiceGrpc.getRecordEventsMethod(), request),
                          error -> noneRecorded(named, error))
                      .thenApply(response -> sum(before, response, begins)));
      start += batch.size();
    }
    return sum;
  }

  /** Returns candidates in the order in which they suit a user now. */
  public Ranking rank(RankActionsRequest request) {
    return Sidecar.await(rankAsync(request));
  }

  /** As {@link #rank}. */
  public CompletableFuture<Ranking> rankAsync(RankActionsRequest request) {
    RankActionsRequest asked =
        request.getNamespace().isEmpty() ? request.toBuilder().setNamespace(namespace).build() : request;
    List<Candidate> given = request.getCandidatesList();
    return read(
        call(RankingServiceGrpc.getRankActionsMethod(), asked).thenApply(response -> ranking(request, response)),
        error -> ranking(request, RankActionsResponse.getDefaultInstance()));
  }

  /**
   * Tells what a user said of an action: by the decision of a ranking, or by user and action. Of an order that nobody
   * ranked, which has no decision, nothing is learned and nothing sent. A user beside a decision is whose it must be.
   */
  public RecordFeedbackResponse feedback(RecordFeedbackRequest said) {
    return Sidecar.await(feedbackAsync(said));
  }

  /** As {@link #feedback}. */
  public CompletableFuture<RecordFeedbackResponse> feedbackAsync(RecordFeedbackRequest said) {
    boolean hasDecision = !said.getDecisionId().isEmpty();
    if (!hasDecision && !said.hasAction() && said.getUserId().isEmpty()) {
      return CompletableFuture.completedFuture(RecordFeedbackResponse.getDefaultInstance());
    }
    RecordFeedbackRequest.Builder named = said.toBuilder();
    if (!hasDecision && said.getFeedbackId().isEmpty()) {
      named.setFeedbackId(newId());
    }
    if (said.getNamespace().isEmpty()) {
      named.setNamespace(namespace);
    }
    return call(RankingServiceGrpc.getRecordFeedbackMethod(), named.build());
  }

  /** Returns counts, freshness and what is wrong now. */
  public GetStatusResponse status() {
    return Sidecar.await(statusAsync());
  }

  /** As {@link #status}. */
  public CompletableFuture<GetStatusResponse> statusAsync() {
    return call(OperatorServiceGrpc.getGetStatusMethod(), GetStatusRequest.getDefaultInstance());
  }

  private <Q, A> CompletableFuture<A> call(MethodDescriptor<Q, A> method, Q request) {
    return sidecar.call(method, request, timeout);
  }

  private <A> CompletableFuture<A> read(CompletableFuture<A> asked, Function<ForewordException, A> otherwise) {
    if (raises) {
      return asked;
    }
    return asked.exceptionally(
        cause -> {
          Throwable failure = cause instanceof CompletionException ? cause.getCause() : cause;
          if (failure instanceof ForewordException error) {
            onError.accept(error);
            return otherwise.apply(error);
          }
          throw new CompletionException(failure);
        });
  }

  private GetProfileResponse noProfile(String userId) {
    return GetProfileResponse.newBuilder().setProfile(Defaults.profile(userId, namespace)).build();
  }

  private Event named(Event event) {
    Event.Builder named = event.toBuilder();
    if (event.getEventId().isEmpty()) {
      named.setEventId(newId());
    }
    if (event.getNamespace().isEmpty()) {
      named.setNamespace(namespace);
    }
    return named.build();
  }

  private static Ranking ranking(RankActionsRequest request, RankActionsResponse response) {
    List<Candidate> given = request.getCandidatesList();
    if (response.getOrderCount() == 0) {
      int count = request.getLimit() > 0 ? Math.min(request.getLimit(), given.size()) : given.size();
      return new Ranking(given.subList(0, count), false, "", response);
    }
    List<Candidate> order = response.getOrderList().stream().map(given::get).toList();
    return new Ranking(order, true, response.getDecisionId(), response);
  }

  private static RecordEventsResponse noneRecorded(List<Event> events, ForewordException error) {
    RecordEventsResponse.Builder response = RecordEventsResponse.newBuilder();
    for (int index = 0; index < events.size(); index++) {
      RefusedEvent.Builder refused = response.addRefusedBuilder();
      refused.setIndex(index).setEventId(events.get(index).getEventId()).setMessage(error.getMessage());
      refused.setReason(reasonOf(error));
    }
    return response.build();
  }

  private static ErrorReason reasonOf(ForewordException error) {
    try {
      return ErrorReason.valueOf("ERROR_REASON_" + error.reason());
    } catch (IllegalArgumentException exc) {
      return ErrorReason.ERROR_REASON_UNSPECIFIED;
    }
  }

  private static RecordEventsResponse sum(RecordEventsResponse before, RecordEventsResponse response, int begins) {
    RecordEventsResponse.Builder sum = before.toBuilder();
    sum.setAcceptedCount(before.getAcceptedCount() + response.getAcceptedCount());
    sum.setDuplicateCount(before.getDuplicateCount() + response.getDuplicateCount());
    for (RefusedEvent refused : response.getRefusedList()) {
      sum.addRefused(refused.toBuilder().setIndex(begins + refused.getIndex()));
    }
    return sum.build();
  }

  private static <T> List<T> added(List<T> sum, List<T> more) {
    sum.addAll(more);
    return sum;
  }

  private static <T> List<List<T>> batches(List<T> all) {
    return IntStream.iterate(0, start -> start < all.size(), start -> start + BATCH_MAX)
        .mapToObj(start -> all.subList(start, Math.min(start + BATCH_MAX, all.size())))
        .toList();
  }

  private static String newId() {
    return UUID.randomUUID().toString();
  }
}
