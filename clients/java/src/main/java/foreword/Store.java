package foreword;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.lmdbjava.Dbi;

/**
 * Both environments of a store, perhaps not there yet, perhaps replaced: what the readers of all namespaces share.
 */
final class Store implements AutoCloseable {
  /** How often a missing store is looked for, and a replaced one noticed. */
  private static final long UPKEEP_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Path directory;
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
    if (System.nanoTime() - createdNanos >= upkeepDue) {
      upkeep();
    }
    try {
      return once(isErased, look);
    } catch (Dbi.MapResizedException exc) {
      adoptMaps();
      return once(isErased, look);
    }
  }

  private <T> T once(Predicate<Environment.View> isErased, BiFunction<Environment.View, Boolean, T> look) {
    Lock lock = guard.readLock();
    lock.lock();
    try {
      boolean erased = activity != null && activity.read(isErased::test);
      return profiles == null ? null : profiles.read(view -> look.apply(view, erased));
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

  /** Opens environments that have appeared or were replaced. */
  void upkeep() {
    alone(
        () -> {
          if (isClosed) {
            return;
          }
          // Said at every call until the store can be used again; served meanwhile, nobody would be known.
          upkeepDue = 0;
          // Activity first: no profile is served before erasures can be looked up.
          if (isGivenUp(activity)) {
            activity = null;
            activity = Environment.open(directory.resolve("activity.lmdb"), List.of("controls"));
          }
          if (isGivenUp(profiles)) {
            profiles = null;
            List<String> names = List.of("profiles", "forewords", "watermarks", "defaults");
            profiles = Environment.open(directory.resolve("profiles.lmdb"), names);
          }
          upkeepDue = System.nanoTime() - createdNanos + UPKEEP_NANOS;
        });
  }

  /** Tells whether an environment is to be opened, after closing one that was replaced. */
  private static boolean isGivenUp(Environment open) {
    if (open != null && !open.wasReplaced()) {
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
          for (Environment open : new Environment[] {profiles, activity}) {
            if (open != null) {
              open.close();
            }
          }
          profiles = null;
          activity = null;
        });
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
