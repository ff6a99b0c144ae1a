package foreword;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jnr.constants.platform.AddressFamily;
import jnr.constants.platform.Sock;
import jnr.constants.platform.SocketMessage;
import jnr.ffi.LibraryLoader;
import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Out;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;

/** Takes datagrams as the sidecar does, on the socket in a store's folder. */
final class Taking implements AutoCloseable {
  /** What is called of libc. */
  public interface Libc {
    int socket(int domain, int type, int protocol);

    int bind(int socket, @In byte[] address, int addressSize);

    @ssize_t
    long recv(int socket, @Out byte[] message, @size_t long size, int flags);

    int close(int descriptor);
  }

  private static final Libc LIBC = LibraryLoader.create(Libc.class).failImmediately().load("c");

  private final int socket;

  /** Binds in a folder whose path an address can hold; one that cannot is reached by a link to it. */
  Taking(Path directory) {
    socket = LIBC.socket(AddressFamily.AF_UNIX.intValue(), Sock.SOCK_DGRAM.intValue(), 0);
    byte[] path = directory.resolve(ReadNotes.SOCKET).toString().getBytes(UTF_8);
    byte[] address =
        ByteBuffer.allocate(Short.BYTES + path.length + 1)
            .order(ByteOrder.nativeOrder())
            .putShort((short) AddressFamily.AF_UNIX.intValue())
            .put(path)
            .array();
    if (LIBC.bind(socket, address, address.length) != 0 || !Files.exists(directory.resolve(ReadNotes.SOCKET))) {
      throw new AssertionError("no socket can be made in " + directory);
    }
  }

  /** Returns what was sent since it was last asked. */
  List<byte[]> taken() {
    List<byte[]> taken = new ArrayList<>();
    byte[] message = new byte[512];
    int flags = SocketMessage.MSG_DONTWAIT.intValue();
    for (int size; (size = (int) LIBC.recv(socket, message, message.length, flags)) >= 0; ) {
      taken.add(Arrays.copyOf(message, size));
    }
    return taken;
  }

  @Override
  public void close() {
    LIBC.close(socket);
  }
}
