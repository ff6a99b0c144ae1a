package foreword;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.InvalidProtocolBufferException;
import foreword.Stored.Kind;
import foreword.v1.Freshness;
import foreword.v1.GetForewordResponse;
import foreword.v1.GetProfileResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;

/**
 * Reads the store in this process. A user nobody knows gets the default profile, as does one whose erasure was asked
 * for: a miss is never an error. It works before there is a store, and follows one that is restored or compacted. On
 * Linux the sidecar is told of users who are refreshed when read; no read waits for that, and without a sidecar nobody
 * is told.
 *
 * <p>One reader serves all threads; two of one store in one process are refused. What it throws is a {@link
 * ForewordException}.
 */
public final class LocalReader implements AutoCloseable {
  private final Store store;
  private final String namespace;
  private final Clock clock;
  private final boolean tellsReads;

  /** What a read found: null for the built-in default, and whether it asks for a refresh. */
  private record Found(byte[] row, boolean asks) {}

  private LocalReader(Store store, String namespace, Clock clock, boolean tellsReads) {
    this.store = store;
    this.namespace = namespace;
    this.clock = clock;
    this.tellsReads = tellsReads;
  }

  /** Opens the store in a folder, {@code store.directory} of the configuration, which need not be there yet. */
  public LocalReader(Path directory) {
    this(directory, Clock.systemUTC());
  }

  /** Opens a store with a clock of your own, by which freshness is told. */
  public LocalReader(Path directory, Clock clock) {
    this(new Store(directory), "", clock, true);
  }

  /** Returns a reader of the same store for users of a namespace; at most 64 bytes. */
  public LocalReader within(String namespace) {
    return new LocalReader(store, namespace, clock, tellsReads);
  }

  /** Returns a reader of the same store that tells the sidecar of users who are refreshed when read, or of nobody. */
  public LocalReader tellsReads(boolean tellsReads) {
    return new LocalReader(store, namespace, clock, tellsReads);
  }

  /** Returns the prompt-ready text about a user within a budget, 0 for 200; empty when nothing is known. */
  public String text(String userId, int maxTokens) {
    return foreword(userId, maxTokens).getText();
  }

  /** Returns the text within a budget, with its cuts and freshness. */
  public GetForewordResponse foreword(String userId, int maxTokens) {
    byte[] row = row(Kind.FOREWORD, userId);
    try {
      GetForewordResponse whole =
          row == null ? Defaults.foreword() : GetForewordResponse.parseFrom(Stored.body(row));
      return Budget.cut(whole.toBuilder().setFreshness(freshness(row)).build(), maxTokens);
    } catch (InvalidProtocolBufferException exc) {
      throw ForewordException.corrupt("a stored foreword cannot be parsed", exc);
    }
  }

  /** Returns the profile of a user and how current it is. */
  public GetProfileResponse profile(String userId) {
    byte[] row = row(Kind.PROFILE, userId);
    GetProfileResponse.Builder found = GetProfileResponse.newBuilder().setFreshness(freshness(row));
    if (row == null) {
      return found.setProfile(Defaults.profile(userId, namespace)).build();
    }
    try {
      found.mergeFrom(Stored.body(row));
    } catch (InvalidProtocolBufferException exc) {
      throw ForewordException.corrupt("a stored profile cannot be parsed", exc);
    }
    if (found.getFreshness() == Freshness.FRESHNESS_DEFAULT) {
      found.getProfileBuilder().setUserId(userId).setNamespace(namespace);
    }
    return found.build();
  }

  /**
   * Returns when the scheduler last showed life; empty when there is no store, or it never did. Profiles age visibly
   * without it: their freshness goes to stale, then to expired.
   */
  public Optional<Instant> schedulerSeen() {
    byte[] seen =
        store.read(view -> false, (view, isErased) -> view.get("meta", "scheduler_seen_ms".getBytes(UTF_8)));
    return Optional.ofNullable(seen).map(row -> Instant.ofEpochMilli(ByteBuffer.wrap(row).getLong()));
  }

  /** Looks for a store that has appeared or was replaced; every read does so by itself, once in five seconds. */
  public void upkeep() {
    store.upkeep();
  }

  /** Releases the store; reads after it find none. */
  @Override
  public void close() {
    store.close();
  }

  private Freshness freshness(byte[] row) {
    return row == null ? Freshness.FRESHNESS_DEFAULT : Row.freshness(row, clock.millis());
  }

  /**
   * Returns what a user is answered from: their row, or that of the default; null when even that is the built-in one.
   */
  private byte[] row(Kind kind, String userId) {
    byte[] key = Row.userKey(userId, namespace);
    Found found =
        store.read(
            view -> view.get("controls", key) != null,
            (view, isErased) -> {
              Stored stored = new Stored(view, userId, namespace, key);
              byte[] own = isErased ? null : stored.row(kind);
              boolean asks = !isErased && (own == null || Row.asksForRefresh(own));
              return new Found(own != null ? own : stored.defaultRow(kind), asks);
            });
    if (found == null) {
      return null;
    }
    if (found.asks() && tellsReads) {
      store.tell(key, clock.millis());
    }
    return found.row();
  }
}
