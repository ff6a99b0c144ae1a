package foreword;

import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The connection to a sidecar. It is patient once: after waiting in vain calls are made a single time, which fails
 * within milliseconds, until one is answered.
 */
final class Sidecar {
  /**
   * After which waits a call that finds nobody is made again. A sidecar that restarts is back within a second, most
   * often within half of one. Each call may be made again: reads change nothing, and events and feedback count once
   * by their id.
   */
  private static final List<Integer> WAITS_MS = List.of(50, 100, 200);

  /** 1,000 profiles of 20 KB are larger than gRPC's own limit of 4 MB; the sidecar is trusted. */
  private static final int RECEIVE_BYTES_MAX = 64 << 20;

  private final String target;
  private final ManagedChannel channel;
  /** Null for none. */
  private final Token token;
  private volatile boolean isGone;

  Sidecar(String target, ManagedChannel channel) {
    this(target, channel, null);
  }

  private Sidecar(String target, ManagedChannel channel, Token token) {
    this.target = target;
    this.channel = channel;
    this.token = token;
  }

  static ManagedChannel connect(String target) {
    return Grpc.newChannelBuilder(target, InsecureChannelCredentials.create())
        .maxInboundMessageSize(RECEIVE_BYTES_MAX)
        // Whether a call is made again is decided here.
        .disableRetry()
        // A proxy set for the internet must not be asked for loopback.
        .proxyDetector(address -> null)
        .build();
  }

  /** Returns this connection with what each call carries. */
  Sidecar with(Supplier<String> token) {
    return new Sidecar(target, channel, new Token(target, token));
  }

  ManagedChannel channel() {
    return channel;
  }

  /** Makes a call until somebody is there to answer; fails with a ForewordException. */
  <Q, A> CompletableFuture<A> call(MethodDescriptor<Q, A> method, Q request, Duration within) {
    Iterator<Integer> waits = (isGone ? List.<Integer>of() : WAITS_MS).iterator();
    return attempt(method, request, System.nanoTime() + within.toNanos(), waits);
  }

  private <Q, A> CompletableFuture<A> attempt(
      MethodDescriptor<Q, A> method, Q request, long deadlineNanos, Iterator<Integer> waits) {
    return once(method, request, deadlineNanos)
        .<CompletionStage<A>>handle(
            (answer, cause) -> {
              if (cause == null) {
                isGone = false;
                return CompletableFuture.completedFuture(answer);
              }
              ForewordException error = ForewordException.ofCall(target, cause);
              long waitNanos = waits.hasNext() ? TimeUnit.MILLISECONDS.toNanos(waits.next()) : Long.MAX_VALUE;
              if (!error.isPassing() || waitNanos >= deadlineNanos - System.nanoTime()) {
                isGone = error.isPassing();
                return CompletableFuture.failedFuture(error);
              }
              return CompletableFuture.runAsync(
                      () -> {}, CompletableFuture.delayedExecutor(waitNanos, TimeUnit.NANOSECONDS))
                  .thenCompose(waited -> attempt(method, request, deadlineNanos, waits));
            })
        .thenCompose(Function.identity());
  }

  private <Q, A> CompletableFuture<A> once(MethodDescriptor<Q, A> method, Q request, long deadlineNanos) {
    CompletableFuture<A> future = new CompletableFuture<>();
    // gRPC's own waits between attempts to connect are made for the internet, not for a process next door.
    channel.resetConnectBackoff();
    CallOptions options =
        CallOptions.DEFAULT
            .withDeadlineAfter(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS)
            .withCallCredentials(token);
    ClientCalls.asyncUnaryCall(
        channel.newCall(method, options),
        request,
        new StreamObserver<A>() {
          @Override
          public void onNext(A answer) {
            future.complete(answer);
          }

          @Override
          public void onError(Throwable cause) {
            future.completeExceptionally(cause);
          }

          @Override
          public void onCompleted() {}
        });
    return future;
  }

  /** Waits for an answer, and throws why there is none. */
  static <A> A await(CompletableFuture<A> future) {
    try {
      return future.join();
    } catch (CompletionException exc) {
      if (exc.getCause() instanceof ForewordException error) {
        throw error;
      }
      throw exc;
    }
  }

  void close() {
    channel.shutdownNow();
  }
}
