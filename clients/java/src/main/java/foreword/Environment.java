package foreword;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.lmdbjava.ByteArrayProxy;
import org.lmdbjava.Dbi;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.LmdbException;
import org.lmdbjava.LmdbNativeException;
import org.lmdbjava.Txn;

/** One open LMDB environment of a store, read while another process writes it. */
final class Environment implements AutoCloseable {
  /** Room for databases that a later Foreword adds. */
  private static final int DATABASES_MAX = 32;

  private static final long SCHEMA_MAX = 2;

  /** LMDB forbids a second mapping of one environment in a process: closing either would drop the locks of both. */
  private static final Set<Path> OPENED = new HashSet<>();

  private final Path path;
  private final Env<byte[]> lmdb;
  private final Object file;
  private final Map<String, Dbi<byte[]>> databases = new HashMap<>();

  /** What one transaction sees of an environment. */
  final class View {
    private final Txn<byte[]> transaction;

    private View(Txn<byte[]> transaction) {
      this.transaction = transaction;
    }

    /** Returns a copy of a row, null for none. */
    byte[] get(String database, byte[] key) {
      Dbi<byte[]> found = databases.get(database);
      return found == null ? null : found.get(transaction, key);
    }
  }

  private Environment(Path path, Env<byte[]> lmdb, Object file) {
    this.path = path;
    this.lmdb = lmdb;
    this.file = file;
  }

  /** Opens an environment with those of the databases that are made; null when nobody has made it yet. */
  static Environment open(Path path, List<String> databases) {
    Path data = path.resolve("data.mdb");
    synchronized (OPENED) {
      try {
        if (Files.size(data) == 0) {
          return null;
        }
        Object file = inode(data);
        Pages.refuseCut(path);
        Path real = path.toRealPath();
        if (OPENED.contains(real)) {
          throw ForewordException.unusable(path, "it is open in this process; share the one LocalReader", null);
        }
        Environment made = new Environment(real, map(real), file);
        OPENED.add(real);
        return made.openDatabases(databases);
      } catch (NoSuchFileException exc) {
        return null;
      } catch (IOException | LmdbException exc) {
        throw ForewordException.unusable(path, exc.getMessage(), exc);
      }
    }
  }

  private static Env<byte[]> map(Path path) {
    // A size of 0 takes the one that the file was last written with. NOTLS: a slot is given back with the
    // transaction, and not with the thread.
    return Env.create(ByteArrayProxy.PROXY_BA)
        .setMaxDbs(DATABASES_MAX)
        .setMapSize(0)
        .open(path.toFile(), EnvFlags.MDB_RDONLY_ENV, EnvFlags.MDB_NOTLS, EnvFlags.MDB_NORDAHEAD);
  }

  /** Returns this, or null, closed, while the environment's writer has not finished making it. */
  private Environment openDatabases(List<String> names) {
    boolean isOpen = false;
    try {
      if (!openDatabase("meta")) {
        return null;
      }
      byte[] schema = read(view -> view.get("meta", "schema_version".getBytes(UTF_8)));
      if (schema == null || schema.length != Long.BYTES) {
        throw ForewordException.corrupt(path + " is damaged: its row schema_version is gone", null);
      }
      long version = ByteBuffer.wrap(schema).getLong();
      if (Long.compareUnsigned(version, SCHEMA_MAX) > 0) {
        String message = path + " has schema " + version + "; this client reads up to " + SCHEMA_MAX;
        throw new ForewordException("STORE_VERSION", message, "update the client", null);
      }
      byte[] made = read(view -> view.get("meta", "databases".getBytes(UTF_8)));
      List<String> written = made == null ? List.of() : List.of(new String(made, UTF_8).split("\n"));
      for (String name : names) {
        if (!openDatabase(name) && written.contains(name)) {
          throw ForewordException.corrupt(path + " is damaged: its database " + name + " is gone", null);
        }
      }
      isOpen = true;
      return this;
    } finally {
      if (!isOpen) {
        close();
      }
    }
  }

  private boolean openDatabase(String name) {
    try {
      databases.put(name, lmdb.openDbi(name));
      return true;
    } catch (Dbi.KeyNotFoundException exc) {
      return false;
    }
  }

  /** Runs a function on one view of the environment, with the map as large as another process has made it. */
  <T> T read(Function<View, T> look) {
    try (Txn<byte[]> transaction = lmdb.txnRead()) {
      return look.apply(new View(transaction));
    } catch (Dbi.MapResizedException exc) {
      // The store maps anew, once nobody reads.
      throw exc;
    } catch (LmdbNativeException.PageCorruptedException
        | LmdbNativeException.PageNotFoundException
        | Txn.BadException exc) {
      throw ForewordException.corrupt(path + " is damaged", exc);
    } catch (LmdbException exc) {
      throw ForewordException.unusable(path, exc.getMessage(), exc);
    }
  }

  /** Maps as much as another process has grown the environment to; nobody may be reading. */
  void adoptMap() {
    lmdb.setMapSize(0);
  }

  /** Tells whether another environment stands in this one's place, by a restore or a compaction. */
  boolean wasReplaced() {
    try {
      return !inode(path.resolve("data.mdb")).equals(file);
    } catch (IOException exc) {
      return false;
    }
  }

  /**
   * Tells whether the store has no such environment any more, as after restoring a backup that lacks it. One that a swap
   * has put aside, or whose whole store is out of sight, is not gone.
   */
  boolean isGone() {
    boolean isAside = !Files.exists(path) && Files.exists(path.resolveSibling(path.getFileName() + ".former"));
    return Files.exists(path.getParent()) && !isAside && !Files.exists(path.resolve("data.mdb"));
  }

  /** Refuses to go on with a data file that was cut short, and frees the slots of readers that died. */
  void upkeep() {
    Pages.refuseCut(path);
    lmdb.readerCheck();
  }

  /** Releases the environment; nobody may be reading. */
  @Override
  public void close() {
    synchronized (OPENED) {
      OPENED.remove(path);
      lmdb.close();
    }
  }

  private static Object inode(Path file) throws IOException {
    return Files.getAttribute(file, "unix:dev") + ":" + Files.getAttribute(file, "unix:ino");
  }
}
