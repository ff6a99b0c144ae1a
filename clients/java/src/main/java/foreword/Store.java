package foreword;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.lmdbjava.Dbi;
import org.lmdbjava.LmdbException;

/**
 * Both environments of a store, perhaps not there yet, perhaps replaced: what the readers of all namespaces share.
 */
final class Store implements AutoCloseable {
  /** How often a missing store is looked for, and a replaced one noticed. */
  private static final long UPKEEP_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** Files are put in place one after the other, within milliseconds; whoever looks in between looks again. */
  private static final int LOOKS_MAX = 3;

  private static final String ACTIVITY = "activity.lmdb";
  private static final String PROFILES = "profiles.lmdb";

  /** In the store's folder while a restore replaces both files. */
  private static final String RESTORE_MARK = "restore.pending";

  private final Path directory;
  private final ReadNotes notes;
  private final long createdNanos = System.nanoTime();

  /** Held for reading around each read: what was replaced is closed when nobody reads. */
  private final ReadWriteLock guard = new ReentrantReadWriteLock();

  private Environment profiles;
  private Environment activity;
  private boolean isClosed;

  /** In nanoseconds since it was created. */
  private volatile long upkeepDue;

  Store(Path directory) {
    this.directory = directory;
    this.notes = new ReadNotes(directory);
    try {
      upkeep();
    } catch (ForewordException exc) {
      close();
      throw exc;
    }
  }

  /**
   * Looks into activity.lmdb for an erasure, then into profiles.lmdb; null when that is not there. In this order,
   * since an erasure that is over has left no profile, and no row of its own.
   */
  <T> T read(Predicate<Environment.View> isErased, BiFunction<Environment.View, Boolean, T> look) {
    try {
      return once(isErased, look);
    } catch (Dbi.MapResizedException exc) {
      adoptMaps();
      return once(isErased, look);
    }
  }

  private <T> T once(Predicate<Environment.View> isErased, BiFunction<Environment.View, Boolean, T> look) {
    Lock lock = followed();
    try {
      boolean erased = activity != null && activity.read(isErased::test);
      return profiles == null ? null : profiles.read(view -> look.apply(view, erased));
    } finally {
      lock.unlock();
    }
  }

  /** Takes the lock for reading, after a look at the files where that is due. */
  private Lock followed() {
    while (true) {
      if (isDue()) {
        upkeepIfDue();
      }
      Lock lock = guard.readLock();
      lock.lock();
      // Zero: a look of another thread has failed meanwhile, and left nothing open.
      if (upkeepDue != 0) {
        return lock;
      }
      lock.unlock();
    }
  }

  /** Tells the sidecar of a user, if an event of theirs was ever accepted: made-up ids are not to reach it. */
  void tell(byte[] user, long nowMs) {
    if (isKnown(user)) {
      notes.tell(user, nowMs);
    }
  }

  private boolean isKnown(byte[] user) {
    Lock lock = guard.readLock();
    lock.lock();
    try {
      return activity != null && activity.read(view -> view.get("users", user) != null);
    } catch (ForewordException | LmdbException exc) {
      // What cannot be looked up is not told: the read has been answered.
      return false;
    } finally {
      lock.unlock();
    }
  }

  private void adoptMaps() {
    alone(
        () -> {
          for (Environment open : new Environment[] {profiles, activity}) {
            if (open != null) {
              open.adoptMap();
            }
          }
        });
  }

  private boolean isDue() {
    return System.nanoTime() - createdNanos >= upkeepDue;
  }

  /** Has the first of all who found a look due make it, and the others go on behind it. */
  void upkeepIfDue() {
    alone(
        () -> {
          if (isDue()) {
            look();
          }
        });
  }

  /** Opens environments that have appeared or were replaced. */
  void upkeep() {
    alone(this::look);
  }

  private void look() {
    if (isClosed) {
      return;
    }
    // Said at every call until the store can be used again; served meanwhile, nobody would be known.
    upkeepDue = 0;
    boolean isFollowed = false;
    try {
      follow();
      isFollowed = true;
    } finally {
      if (!isFollowed) {
        letGo();
      }
    }
    upkeepDue = System.nanoTime() - createdNanos + UPKEEP_NANOS;
  }

  private void follow() {
    ForewordException failure = null;
    for (int look = 0; look < LOOKS_MAX; look++) {
      if (isRestoring()) {
        // Not what a look before this one has opened: it is looked at again because it may be of two stores.
        if (look > 0) {
          throw restoring();
        }
        keepThroughRestore();
        return;
      }
      failure = null;
      try {
        openWhatIsThere();
      } catch (ForewordException exc) {
        failure = exc;
      }
      if (isRestoring()) {
        throw restoring();
      }
      if (isWhatStands(activity, ACTIVITY) && isWhatStands(profiles, PROFILES)) {
        break;
      }
    }
    // Of a store that is being made, or is damaged, nothing is open though there is a file.
    if (failure != null) {
      throw failure;
    }
    if (wasReplaced(activity) || wasReplaced(profiles)) {
      throw ForewordException.unusable(directory, "its files were replaced while they were opened", null);
    }
  }

  private void openWhatIsThere() {
    // Activity first: no profile is served before erasures can be looked up.
    if (isGivenUp(activity)) {
      activity = null;
      activity = Environment.open(directory.resolve(ACTIVITY), List.of("controls", "users"));
    }
    if (isGivenUp(profiles)) {
      profiles = null;
      List<String> names = List.of("profiles", "forewords", "watermarks", "defaults");
      profiles = Environment.open(directory.resolve(PROFILES), names);
    }
  }

  /**
   * Tells whether nothing took an environment's place during the look: of two folders LMDB would have the lock of one
   * and the data of the other, and we the erasures of one and the profiles of the other.
   */
  private boolean isWhatStands(Environment open, String name) {
    boolean isThere = Files.exists(directory.resolve(name).resolve("data.mdb"));
    return open == null ? !isThere : isThere && !open.wasReplaced();
  }

  private static boolean wasReplaced(Environment open) {
    return open != null && open.wasReplaced();
  }

  /**
   * Keeps both environments while a restore replaces them one by one: of two that do not belong together, one may have
   * a user whose erasure only the other knows of.
   */
  private void keepThroughRestore() {
    if (profiles == null) {
      // Even if it has just ended: nobody would be known until the next look.
      throw restoring();
    }
    for (Environment open : new Environment[] {activity, profiles}) {
      if (open != null && !open.wasReplaced()) {
        open.upkeep();
      }
    }
  }

  private boolean isRestoring() {
    return Files.exists(directory.resolve(RESTORE_MARK));
  }

  private ForewordException restoring() {
    String message = directory + " cannot be used: a restore into it is under way, or was interrupted";
    String hint = "if none is under way, run `foreword store restore` again";
    return new ForewordException("STORE_UNUSABLE", message, hint, null);
  }

  /** Tells whether an environment is to be opened, after closing one that was replaced or is gone. */
  private static boolean isGivenUp(Environment open) {
    if (open != null && !open.wasReplaced() && !open.isGone()) {
      open.upkeep();
      return false;
    }
    if (open != null) {
      open.close();
    }
    return true;
  }

  @Override
  public void close() {
    alone(
        () -> {
          isClosed = true;
          upkeepDue = Long.MAX_VALUE;
          letGo();
        });
  }

  private void letGo() {
    for (Environment open : new Environment[] {profiles, activity}) {
      if (open != null) {
        open.close();
      }
    }
    profiles = null;
    activity = null;
  }

  private void alone(Runnable change) {
    Lock lock = guard.writeLock();
    lock.lock();
    try {
      change.run();
    } finally {
      lock.unlock();
    }
  }
}
