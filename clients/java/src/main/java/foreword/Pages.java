package foreword;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongConsumer;

/**
 * LMDB trusts what it has mapped: the first page beyond the end of a file that was cut short ends the process with
 * SIGBUS. So the file is looked at before it is mapped, and now and then while it is. Format 0.9, 64 bit,
 * little-endian.
 */
final class Pages {
  private static final int PAGE_HEADER_BYTES = 16;
  private static final int META_BYTES = 152;
  private static final int MAGIC = 0xBEEFC0DE;
  private static final int DATA_FORMAT = 1;
  private static final long NO_PAGE = -1;
  private static final int BRANCH_PAGE = 0x01;
  private static final int LEAF_PAGE = 0x02;
  private static final int BIG_NODE = 0x01;

  /** LMDB's own limit on the depth of a tree. */
  private static final int DEPTH_MAX = 32;

  /** A commit between two reads makes a sound file look cut; two in a row are a millisecond apart. */
  private static final int LOOKS = 3;

  /** What the newer of a file's two first pages says of it. */
  private record Meta(int pageBytes, long lastPage, long transaction, long freeRoot) {}

  private final FileChannel file;
  private final Meta meta;

  private Pages(FileChannel file, Meta meta) {
    this.file = file;
    this.meta = meta;
  }

  /**
   * Refuses an environment whose data file ends before a page that is in use; one that is none of LMDB's is left to
   * whoever opens it.
   */
  static void refuseCut(Path path) {
    for (int look = 1; ; look++) {
      try (FileChannel file = FileChannel.open(path.resolve("data.mdb"), StandardOpenOption.READ)) {
        // In this order: whatever a meta page names is in the file before it is.
        Meta meta = newestMeta(file);
        long size = file.size();
        if (meta == null || new Pages(file, meta).isWhole(size)) {
          return;
        }
        if (look == LOOKS) {
          long end = (meta.lastPage() + 1) * meta.pageBytes();
          String found = "its data file has " + size + " bytes, and pages in use up to byte " + end;
          throw ForewordException.corrupt(path + " was cut short: " + found, null);
        }
      } catch (IOException exc) {
        return;
      }
    }
  }

  private static Meta newestMeta(FileChannel file) throws IOException {
    Meta first = metaAt(file, 0);
    Meta second = first == null ? null : metaAt(file, first.pageBytes());
    if (second == null || first.pageBytes() != second.pageBytes()) {
      return null;
    }
    return second.transaction() > first.transaction() ? second : first;
  }

  private static Meta metaAt(FileChannel file, long offset) throws IOException {
    ByteBuffer page = read(file, offset, META_BYTES);
    if (page == null || page.getInt(16) != MAGIC || page.getInt(20) != DATA_FORMAT || page.getInt(40) < META_BYTES) {
      return null;
    }
    return new Meta(page.getInt(40), page.getLong(136), page.getLong(144), page.getLong(80));
  }

  /**
   * Tells whether every page beyond the end of the file is free: what one transaction took and gave back was never
   * written.
   */
  private boolean isWhole(long size) throws IOException {
    long end = size / meta.pageBytes();
    if (end > meta.lastPage()) {
      return true;
    }
    long[] free = {0};
    LongConsumer each = page -> free[0] += page >= end && page <= meta.lastPage() ? 1 : 0;
    return meta.freeRoot() != NO_PAGE && walk(meta.freeRoot(), 0, each) && free[0] == meta.lastPage() + 1 - end;
  }

  /** Goes through the tree of free pages; false where a page is missing, or is none of a tree. */
  private boolean walk(long number, int depth, LongConsumer each) throws IOException {
    ByteBuffer page =
        number > meta.lastPage() || depth > DEPTH_MAX ? null : read(file, number * meta.pageBytes(), meta.pageBytes());
    if (page == null || (page.getShort(10) != BRANCH_PAGE && page.getShort(10) != LEAF_PAGE)) {
      return false;
    }
    try {
      for (int place = PAGE_HEADER_BYTES; place < Short.toUnsignedInt(page.getShort(12)); place += 2) {
        int node = Short.toUnsignedInt(page.getShort(place));
        if (!walkNode(page, node, page.getShort(10) == BRANCH_PAGE, depth, each)) {
          return false;
        }
      }
    } catch (IndexOutOfBoundsException exc) {
      return false;
    }
    return true;
  }

  /** A node is low and high half of a size or page number, flags and key size, 16 bits each; then key and data. */
  private boolean walkNode(ByteBuffer page, int node, boolean isBranch, int depth, LongConsumer each)
      throws IOException {
    long size = Integer.toUnsignedLong(page.getInt(node));
    int flags = Short.toUnsignedInt(page.getShort(node + 4));
    if (isBranch) {
      return walk(size | (long) flags << 32, depth + 1, each);
    }
    int data = node + 8 + Short.toUnsignedInt(page.getShort(node + 6));
    ByteBuffer list = page;
    if ((flags & BIG_NODE) != 0) {
      list = read(file, page.getLong(data) * meta.pageBytes() + PAGE_HEADER_BYTES, (int) size);
      data = 0;
    }
    // A list begins with how many it has.
    for (long place = 8; list != null && place + 8 <= size; place += 8) {
      each.accept(list.getLong((int) (data + place)));
    }
    return list != null;
  }

  private static ByteBuffer read(FileChannel file, long offset, int size) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, offset + bytes.position()) < 0) {
        return null;
      }
    }
    return bytes;
  }
}
