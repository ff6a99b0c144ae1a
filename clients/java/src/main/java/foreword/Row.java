package foreword;

import static java.nio.charset.StandardCharsets.UTF_8;

import foreword.v1.Freshness;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * A stored row is a header of 40 bytes, then the message that answers a call but for its freshness. docs/store-
 * format.md has all of it.
 */
final class Row {
  static final int HEADER_BYTES = 40;

  /** The header from revision to expired_after_ms begins here; before it stands the checksum. */
  static final int NUMBERS_OFFSET = 8;

  private static final int CHECKSUM_OFFSET = 4;
  private static final int STALE_OFFSET = 24;
  private static final int EXPIRED_OFFSET = 32;
  private static final int FORMER_ROW_VERSION = 1;
  private static final int ROW_VERSION = 2;
  private static final int FLAG_REFRESH_ON_OPEN = 0x01;
  private static final int FLAG_DEFAULT = 0x02;
  private static final int USER_ID_BYTES_MAX = 256;
  private static final int NAMESPACE_BYTES_MAX = 64;

  private Row() {}

  /** Returns len(namespace) ‖ namespace ‖ len(userId) - 1 ‖ userId. */
  static byte[] userKey(String userId, String namespace) {
    byte[] user = utf8("user_id", userId);
    if (user.length < 1 || user.length > USER_ID_BYTES_MAX) {
      throw ForewordException.ofField("user_id", user.length + " bytes", "1 to 256 bytes of UTF-8");
    }
    byte[] space = namespaceKey(namespace);
    return ByteBuffer.allocate(space.length + 1 + user.length)
        .put(space)
        .put((byte) (user.length - 1))
        .put(user)
        .array();
  }

  /** Returns what the keys of a namespace begin with. */
  static byte[] namespaceKey(String namespace) {
    byte[] space = utf8("namespace", namespace);
    if (space.length > NAMESPACE_BYTES_MAX) {
      throw ForewordException.ofField("namespace", space.length + " bytes", "at most 64 bytes of UTF-8");
    }
    return ByteBuffer.allocate(1 + space.length).put((byte) space.length).put(space).array();
  }

  private static byte[] utf8(String field, String text) {
    byte[] bytes = text.getBytes(UTF_8);
    if (!new String(bytes, UTF_8).equals(text)) {
      throw ForewordException.ofField(field, "a lone surrogate", "text that UTF-8 can hold");
    }
    return bytes;
  }

  /** Tells whether a row of format 2 is as it was written, and written for this place. */
  static boolean isInPlace(String database, byte[] key, byte[] row) {
    if (row == null || row.length < HEADER_BYTES || row[0] != ROW_VERSION) {
      return false;
    }
    CRC32C checksum = new CRC32C();
    checksum.update(database.getBytes(UTF_8));
    checksum.update(key);
    return holds(checksum, row);
  }

  /**
   * Tells the same; of a row of format 1, whose checksum says nothing of the place, only that it is as it was
   * written.
   */
  static boolean isIntact(String database, byte[] key, byte[] row) {
    if (row != null && row.length >= HEADER_BYTES && row[0] == FORMER_ROW_VERSION) {
      return holds(new CRC32C(), row);
    }
    return isInPlace(database, key, row);
  }

  private static boolean holds(CRC32C checksum, byte[] row) {
    checksum.update(row, 0, CHECKSUM_OFFSET);
    checksum.update(row, NUMBERS_OFFSET, row.length - NUMBERS_OFFSET);
    return (int) checksum.getValue() == numbers(row).getInt(CHECKSUM_OFFSET);
  }

  /** Returns how current a sound row is at a time. */
  static Freshness freshness(byte[] row, long nowMs) {
    if ((row[1] & FLAG_DEFAULT) != 0) {
      return Freshness.FRESHNESS_DEFAULT;
    }
    if (nowMs < numbers(row).getLong(STALE_OFFSET)) {
      return Freshness.FRESHNESS_FRESH;
    }
    boolean isStale = nowMs < numbers(row).getLong(EXPIRED_OFFSET);
    return isStale ? Freshness.FRESHNESS_STALE : Freshness.FRESHNESS_EXPIRED;
  }

  /** Tells whether the user of a sound row is refreshed when read. */
  static boolean asksForRefresh(byte[] row) {
    return (row[1] & (FLAG_DEFAULT | FLAG_REFRESH_ON_OPEN)) != 0;
  }

  private static ByteBuffer numbers(byte[] row) {
    return ByteBuffer.wrap(row).order(ByteOrder.LITTLE_ENDIAN);
  }
}
