package foreword;

import io.grpc.CallCredentials;
import io.grpc.Metadata;
import io.grpc.SecurityLevel;
import io.grpc.Status;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Says who calls, for a sidecar that asks. A token is sent in clear text to this machine alone. */
final class Token extends CallCredentials {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final boolean isLocal;
  private final Supplier<String> token;

  Token(String target, Supplier<String> token) {
    this.isLocal = isLocal(target);
    this.token = token;
  }

  /** Returns what reads a token's file anew when it changes. One that is empty, or not there, leaves the former in force. */
  static Supplier<String> ofFile(Path path) {
    return new Supplier<>() {
      private List<Object> seen;
      private String read;

      @Override
      public synchronized String get() {
        try {
          follow();
        } catch (IOException exc) {
          if (read == null) {
            throw new UncheckedIOException("the token file cannot be read: " + exc.getMessage(), exc);
          }
        }
        return read;
      }

      private void follow() throws IOException {
        var file = Files.readAttributes(path, BasicFileAttributes.class);
        // Some systems have no key of a file.
        List<Object> found = Arrays.asList(file.lastModifiedTime(), file.size(), file.fileKey());
        if (found.equals(seen)) {
          return;
        }
        String token = Files.readString(path).strip();
        if (token.isEmpty()) {
          throw new IOException("it is empty");
        }
        read = token;
        seen = found;
      }
    };
  }

  @Override
  public void applyRequestMetadata(RequestInfo info, Executor executor, MetadataApplier applier) {
    if (!isLocal && info.getSecurityLevel() != SecurityLevel.PRIVACY_AND_INTEGRITY) {
      applier.fail(Status.UNAUTHENTICATED.withDescription("a token is sent to another machine with TLS alone"));
      return;
    }
    Metadata metadata = new Metadata();
    try {
      metadata.put(AUTHORIZATION, "Bearer " + token.get());
    } catch (RuntimeException exc) {
      applier.fail(Status.UNAUTHENTICATED.withDescription(exc.getMessage()).withCause(exc));
      return;
    }
    applier.apply(metadata);
  }

  /** Returns whether no other machine answers at a target. */
  static boolean isLocal(String target) {
    String host = target.substring(0, Math.max(0, target.lastIndexOf(':')));
    return target.startsWith("unix:")
        || host.equals("localhost")
        || host.equals("[::1]")
        || host.matches("127(\\.\\d{1,3}){3}");
  }
}
