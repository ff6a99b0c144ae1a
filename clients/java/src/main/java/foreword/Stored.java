package foreword;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import foreword.v1.GetProfileResponse;
import foreword.v1.Profile;
import foreword.v1.RefreshState;
import java.util.Arrays;

/** A user's rows in one view of profiles.lmdb. */
final class Stored {
  /** What is read of a user. */
  enum Kind {
    PROFILE("profiles", "default_profile"),
    FOREWORD("forewords", "default_foreword");

    final String database;
    final String defaultName;

    Kind(String database, String defaultName) {
      this.database = database;
      this.defaultName = defaultName;
    }
  }

  private final Environment.View view;
  private final String userId;
  private final String namespace;
  private final byte[] key;

  Stored(Environment.View view, String userId, String namespace, byte[] key) {
    this.view = view;
    this.userId = userId;
    this.namespace = namespace;
    this.key = key;
  }

  /**
   * Returns the user's row, null for one who has none in any database. One that is damaged, or gone while the user's
   * other rows are there, is an error: neither may be taken for a user nobody knows.
   */
  byte[] row(Kind kind) {
    byte[] row = view.get(kind.database, key);
    if (row == null) {
      if (wasWritten(kind)) {
        throw error("is gone from " + kind.database + ", where it was written");
      }
      return null;
    }
    if (!isSound(kind, row)) {
      throw error("is damaged, or of a newer format");
    }
    return row;
  }

  private boolean isSound(Kind kind, byte[] row) {
    return Row.isInPlace(kind.database, key, row)
        || (Row.isIntact(kind.database, key, row) && (kind == Kind.PROFILE ? isOwnProfile(row) : isOwnForeword(row)));
  }

  /** Tells whether an intact profile of format 1 is the user's, which its checksum does not say. */
  private boolean isOwnProfile(byte[] row) {
    try {
      Profile profile = GetProfileResponse.parseFrom(body(row)).getProfile();
      return profile.getUserId().equals(userId) && profile.getNamespace().equals(namespace);
    } catch (InvalidProtocolBufferException exc) {
      return false;
    }
  }

  /** A foreword names nobody; the profile beside it does, and has the same header but for the checksum. */
  private boolean isOwnForeword(byte[] row) {
    byte[] profile = view.get(Kind.PROFILE.database, key);
    return profile != null
        && profile.length >= Row.HEADER_BYTES
        && Arrays.equals(
            profile, Row.NUMBERS_OFFSET, Row.HEADER_BYTES, row, Row.NUMBERS_OFFSET, Row.HEADER_BYTES)
        && isSound(Kind.PROFILE, profile);
  }

  /** Tells whether other rows of a user without this one say that there was one. */
  private boolean wasWritten(Kind kind) {
    Kind other = kind == Kind.PROFILE ? Kind.FOREWORD : Kind.PROFILE;
    if (view.get(other.database, key) != null) {
      return true;
    }
    byte[] state = view.get("watermarks", key);
    try {
      return state != null && RefreshState.parseFrom(state).getRevision() != 0;
    } catch (InvalidProtocolBufferException exc) {
      return true;
    }
  }

  /**
   * Returns what users of the namespace without a row are answered from: its default, else that of all; null where
   * neither is stored and sound.
   */
  byte[] defaultRow(Kind kind) {
    byte[] prefix = Row.namespaceKey(namespace);
    byte[][] rows = new byte[2][];
    boolean areSound = true;
    for (byte place = 0; place < rows.length; place++) {
      byte[] name = Arrays.copyOf(prefix, prefix.length + 1);
      name[prefix.length] = place;
      rows[place] = view.get("defaults", name);
      areSound &= Row.isInPlace("defaults", name, rows[place]);
    }
    // Both or none: the two say the same.
    if (areSound) {
      return rows[kind.ordinal()];
    }
    byte[] name = kind.defaultName.getBytes(UTF_8);
    byte[] row = view.get("meta", name);
    return Row.isIntact("meta", name, row) ? row : null;
  }

  /** Returns the message behind a row's header, not copied. */
  static ByteString body(byte[] row) {
    return ByteString.copyFrom(row, Row.HEADER_BYTES, row.length - Row.HEADER_BYTES);
  }

  private ForewordException error(String what) {
    String names = "\"" + userId + "\" in namespace \"" + namespace + "\"";
    return ForewordException.corrupt("the stored row of user " + names + " " + what, null);
  }
}
