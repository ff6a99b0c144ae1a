package foreword;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import jnr.constants.platform.AddressFamily;
import jnr.constants.platform.OpenFlags;
import jnr.constants.platform.Sock;
import jnr.constants.platform.SocketMessage;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Platform;
import jnr.ffi.annotations.In;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;

/**
 * Tells the sidecar of users who were read here and are refreshed when read: a datagram, sent and forgotten. Without a
 * sidecar, or with more datagrams than it takes, nobody is told of; a later read tells.
 *
 * <p>Java has streams alone on unix sockets. The datagrams are libc's, called as lmdbjava calls LMDB; on Linux, since
 * elsewhere addresses are laid out otherwise, and nobody is told of.
 */
final class ReadNotes {
  /** Where the sidecar takes the keys of users, in the store's folder. */
  static final String SOCKET = "read_notes.sock";

  /** A user who is read again within it is not told of again; the sidecar keeps to its own, longer pause. */
  private static final long AGAIN_MS = 1000;

  /** Users told of within that time; beyond it a read tells nothing until the next begins. */
  static final int TOLD_MAX = 10_000;

  /** What a socket's address holds, as in readers that also run on macOS. */
  private static final int PATH_BYTES_MAX = 103;

  private static final Libc LIBC = libc();

  private final Path directory;
  private final Set<ByteBuffer> told = new HashSet<>();
  private long toldSinceMs;

  /** What is called of libc; public, since jnr-ffi implements it from a package of its own. */
  public interface Libc {
    int socket(int domain, int type, int protocol);

    @ssize_t
    long sendto(
        int socket, @In byte[] message, @size_t long size, int flags, @In byte[] address, int addressSize);

    int open(String path, int flags);

    int close(int descriptor);
  }

  ReadNotes(Path directory) {
    this.directory = directory;
  }

  private static Libc libc() {
    if (Platform.getNativePlatform().getOS() != Platform.OS.LINUX) {
      return null;
    }
    try {
      return LibraryLoader.create(Libc.class).failImmediately().load("c");
    } catch (UnsatisfiedLinkError exc) {
      // Nobody is told of; reading needs no libc of this name.
      return null;
    }
  }

  /** Tells of a user of whom an event was accepted; some microseconds, at most once a second. */
  void tell(byte[] user, long nowMs) {
    if (LIBC != null && isToBeTold(user, nowMs)) {
      send(user);
    }
  }

  private synchronized boolean isToBeTold(byte[] user, long nowMs) {
    long sinceMs = nowMs - toldSinceMs;
    // A clock that was set back begins anew as well.
    if (sinceMs < 0 || sinceMs >= AGAIN_MS) {
      told.clear();
      toldSinceMs = nowMs;
    }
    return told.size() < TOLD_MAX && told.add(ByteBuffer.wrap(user));
  }

  /** Sends by a socket of its own: one that is kept could be closed, and its number another's, under a read. */
  private void send(byte[] user) {
    String place = directory.resolve(SOCKET).toString();
    if (place.getBytes(UTF_8).length <= PATH_BYTES_MAX) {
      sendTo(place, user);
      return;
    }
    // Linux has a shorter name for a folder that is open.
    int folder = LIBC.open(directory.toString(), OpenFlags.O_RDONLY.intValue());
    if (folder >= 0) {
      sendTo("/proc/self/fd/" + folder + "/" + SOCKET, user);
      LIBC.close(folder);
    }
  }

  private static void sendTo(String place, byte[] user) {
    int socket = LIBC.socket(AddressFamily.AF_UNIX.intValue(), Sock.SOCK_DGRAM.intValue(), 0);
    if (socket < 0) {
      return;
    }
    byte[] path = place.getBytes(UTF_8);
    byte[] address =
        ByteBuffer.allocate(Short.BYTES + path.length + 1)
            .order(ByteOrder.nativeOrder())
            .putShort((short) AddressFamily.AF_UNIX.intValue())
            .put(path)
            .array();
    // No sidecar, none that has room, or none that is ours: all of that is its to say.
    LIBC.sendto(socket, user, user.length, SocketMessage.MSG_DONTWAIT.intValue(), address, address.length);
    LIBC.close(socket);
  }
}
