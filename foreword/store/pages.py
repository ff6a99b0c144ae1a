"""The pages of a data file, read from the file and never through LMDB, which trusts what it has mapped.

Format 0.9 of LMDB, 64 bit, in this machine's byte order, as all that LMDB opens here.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from foreword.errors import StoreCorruptError
from foreword.store.files import DATA_FILE

META_PAGES = 2
# Number u64, pad u16, flags u16, then the bounds of the free space u16 u16; or, in an overflow page, its pages u32.
_PAGE_HEADER = struct.Struct("=QHHHH")
# Behind the header of a meta page: magic u32, version u32, address u64, map size u64.
_META = struct.Struct("=IIQQ")
# A tree: pad u32, flags u16, depth u16, then branch, leaf and overflow pages, entries and root, u64 each. The pad of
# the tree of free pages, which comes first, is the size of a page.
_TREE = struct.Struct("=IHHQQQQQ")
# Behind both trees: last page u64, transaction u64.
_NUMBERS = struct.Struct("=QQ")
_META_BYTES = _PAGE_HEADER.size + _META.size + 2 * _TREE.size + _NUMBERS.size
# Of a node: low and high half of a size or page number u16 u16, flags u16, key size u16; then key and data.
_NODE = struct.Struct("=HHHH")
_U16 = struct.Struct("=H")
_U64 = struct.Struct("=Q")

_MAGIC = 0xBEEFC0DE
_FORMAT_0_9 = 1
_BRANCH, _LEAF, _META_FLAG = 0x01, 0x02, 0x08
_BIG = 0x01
_NOWHERE = (1 << 64) - 1
# LMDB's own limit on the depth of a tree.
_DEPTH_MAX = 32
# A commit between two reads makes a sound file look cut; two in a row are a millisecond apart.
_ATTEMPTS = 3


class Meta(NamedTuple):
    """What a meta page says of the file."""

    page_bytes: int
    last_page: int
    transaction: int
    free_root: int
    """Root of the tree of free pages."""


class FreeList(NamedTuple):
    """Pages that a transaction freed and that are not in use again."""

    transaction: int
    pages: tuple[int, ...]


def newest_meta(file: BinaryIO) -> Meta | None:
    """Return the newer of a file's meta pages; None when LMDB would refuse the file for them."""
    first = _meta_at(file, 0)
    second = None if first is None else _meta_at(file, first.page_bytes)
    if first is None or second is None or first.page_bytes != second.page_bytes:
        return None
    return max(first, second, key=lambda meta: meta.transaction)


def free_lists(file: BinaryIO, meta: Meta, *, after: int = 0) -> Iterator[FreeList]:
    """Yield what was freed by transactions beyond `after`, oldest first.

    The file may be written meanwhile: hold a view of `meta`'s transaction, or be ready for an error.

    Raises:
        ValueError: A page of the tree is beyond the end of the file, or is no page of it.
    """
    if meta.free_root != _NOWHERE:
        yield from _walk(file, meta, meta.free_root, 0, after)


def refuse_cut(path: Path) -> None:
    """Refuse an environment whose data file ends before a page that is in use.

    Mapped, such a file is readable up to its end, and the first page beyond ends the process with SIGBUS. A file may be
    shorter than its last page and yet whole: pages that one transaction took and freed again were never written.

    Raises:
        StoreCorruptError: The file was cut short.
    """
    for attempt in range(_ATTEMPTS):
        try:
            file = (path / DATA_FILE).open("rb")
        except OSError:
            # Not there, or not ours to read: whoever opens it says so.
            return
        with file:
            # In this order: whatever a meta page names is in the file before it is.
            meta = newest_meta(file)
            size_bytes = os.fstat(file.fileno()).st_size
            if meta is None or _is_whole(file, meta, size_bytes):
                return
        if attempt == _ATTEMPTS - 1:
            raise StoreCorruptError(
                f"{path} was cut short: its data file has {size_bytes:,} bytes, and pages in use up to byte "
                f"{(meta.last_page + 1) * meta.page_bytes:,}",
                hint="restore a backup; data.mdb must never be copied or shortened while it is in use",
                store=path.name,
            )


def _is_whole(file: BinaryIO, meta: Meta, size_bytes: int) -> bool:
    missing = range(size_bytes // meta.page_bytes, meta.last_page + 1)
    if not missing:
        return True
    try:
        free = sum(page in missing for found in free_lists(file, meta) for page in found.pages)
    except ValueError:
        return False
    return free == len(missing)


def _meta_at(file: BinaryIO, offset: int) -> Meta | None:
    data = _read(file, offset, _META_BYTES)
    if len(data) < _META_BYTES:
        return None
    _, _, flags, _, _ = _PAGE_HEADER.unpack_from(data)
    magic, version, _, _ = _META.unpack_from(data, _PAGE_HEADER.size)
    page_bytes, *_, free_root = _TREE.unpack_from(data, _PAGE_HEADER.size + _META.size)
    last_page, transaction = _NUMBERS.unpack_from(data, _META_BYTES - _NUMBERS.size)
    if not flags & _META_FLAG or magic != _MAGIC or version != _FORMAT_0_9 or page_bytes < _META_BYTES:
        return None
    return Meta(page_bytes, last_page, transaction, free_root)


def _walk(file: BinaryIO, meta: Meta, number: int, depth: int, after: int) -> Iterator[FreeList]:
    page = _page(file, meta, number)
    _, _, flags, lower, _ = _PAGE_HEADER.unpack_from(page)
    if depth > _DEPTH_MAX or flags not in (_BRANCH, _LEAF):
        raise ValueError(f"page {number} is not of a tree")
    for place in range(_PAGE_HEADER.size, min(lower, meta.page_bytes), 2):
        try:
            (offset,) = _U16.unpack_from(page, place)
            low, high, node_flags, key_bytes = _NODE.unpack_from(page, offset)
            data_offset = offset + _NODE.size + key_bytes
            if flags == _BRANCH:
                yield from _walk(file, meta, low | high << 16 | node_flags << 32, depth + 1, after)
                continue
            (transaction,) = _U64.unpack_from(page, offset + _NODE.size)
            if transaction <= after:
                continue
            size = low | high << 16
            data = page[data_offset : data_offset + size]
            if node_flags & _BIG:
                (first,) = _U64.unpack_from(data)
                data = _read(file, first * meta.page_bytes + _PAGE_HEADER.size, size)
            yield FreeList(transaction, _list(data))
        except struct.error as exc:
            raise ValueError(f"page {number} is damaged") from exc


def _list(data: bytes) -> tuple[int, ...]:
    """Return the numbers of a list that begins with how many it has."""
    numbers = struct.unpack(f"={len(data) // 8}Q", data)
    if not numbers or numbers[0] != len(numbers) - 1:
        raise ValueError("a list of free pages is not as long as it says")
    return numbers[1:]


def _page(file: BinaryIO, meta: Meta, number: int) -> bytes:
    page = _read(file, number * meta.page_bytes, meta.page_bytes) if number <= meta.last_page else b""
    if len(page) < meta.page_bytes:
        raise ValueError(f"page {number} is beyond the end of the file")
    return page


def _read(file: BinaryIO, offset: int, size: int) -> bytes:
    return os.pread(file.fileno(), size, offset)
