package foreword;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/** Every failure of this package. */
public final class ForewordException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final String reason;
  private final String field;
  private final String hint;
  private final boolean isFromSidecar;

  private ForewordException(
      String reason, String field, String message, String hint, boolean isFromSidecar, Throwable cause) {
    super(hint.isEmpty() ? message : message + " (" + hint + ")", cause);
    this.reason = reason;
    this.field = field;
    this.hint = hint;
    this.isFromSidecar = isFromSidecar;
  }

  ForewordException(String reason, String message, String hint, Throwable cause) {
    this(reason, "", message, hint, false, cause);
  }

  static ForewordException ofField(String field, String found, String allowed) {
    String message = field + ": found " + found + "; allowed: " + allowed;
    return new ForewordException("FIELD_INVALID", field, message, "", false, null);
  }

  static ForewordException corrupt(String message, Throwable cause) {
    return new ForewordException(
        "STORE_CORRUPT", message, "run `foreword store check`, then restore a backup", cause);
  }

  static ForewordException unusable(Object path, String why, Throwable cause) {
    return new ForewordException("STORE_UNUSABLE", path + " cannot be used: " + why, "", cause);
  }

  /** Puts a failed call into our words. */
  static ForewordException ofCall(String target, Throwable cause) {
    Status status = Status.fromThrowable(cause);
    String said = Optional.ofNullable(status.getDescription()).orElse("");
    Optional<ErrorInfo> info = errorInfo(cause);
    if (info.isPresent()) {
      Map<String, String> metadata = info.get().getMetadataMap();
      String field = metadata.getOrDefault("field", "");
      String hint = metadata.getOrDefault("hint", "");
      return new ForewordException(info.get().getReason(), field, said, hint, true, cause);
    }
    // Of a connection that closes under a call Netty knows no code; a status that a sidecar sent has no cause.
    boolean isCutOff = status.getCode() == Code.UNKNOWN && status.getCause() instanceof IOException;
    Code code = isCutOff ? Code.UNAVAILABLE : status.getCode();
    String reason = code.name();
    return switch (code) {
      case UNAVAILABLE ->
          new ForewordException(
              reason,
              "no sidecar answers at " + target + ": " + said,
              "start one with `foreword up`; it says where it serves",
              cause);
      case DEADLINE_EXCEEDED ->
          new ForewordException(reason, "the sidecar at " + target + " did not answer in time", "", cause);
      default -> new ForewordException(reason, reason + ": " + said, "", cause);
    };
  }

  private static Optional<ErrorInfo> errorInfo(Throwable cause) {
    com.google.rpc.Status status = StatusProto.fromThrowable(cause);
    if (status == null) {
      return Optional.empty();
    }
    for (Any detail : status.getDetailsList()) {
      try {
        if (detail.is(ErrorInfo.class) && detail.unpack(ErrorInfo.class).getDomain().equals("foreword")) {
          return Optional.of(detail.unpack(ErrorInfo.class));
        }
      } catch (InvalidProtocolBufferException ignored) {
        // A detail that cannot be read says nothing; the status does.
      }
    }
    return Optional.empty();
  }

  /**
   * Why. Of a sidecar one of docs/errors.md, without its prefix; of a call that none answered the gRPC code's name,
   * such as UNAVAILABLE; of a LocalReader FIELD_INVALID, STORE_CORRUPT, STORE_VERSION (a newer Foreword wrote the
   * store) or STORE_UNUSABLE.
   */
  public String reason() {
    return reason;
  }

  /** The field at fault, such as user_id; empty when none is. */
  public String field() {
    return field;
  }

  /** What to do about it; may be empty. */
  public String hint() {
    return hint;
  }

  /** Whether a sidecar answered, and refused. */
  public boolean isFromSidecar() {
    return isFromSidecar;
  }

  /** Whether a call that failed so may succeed a moment later: nobody is there, or is about to leave. */
  boolean isPassing() {
    return reason.equals(isFromSidecar ? "DRAINING" : "UNAVAILABLE");
  }
}
