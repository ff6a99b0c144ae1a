"""One SQLite file of sealed rows: the one door to diskcache."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from secrets import compare_digest
from typing import Literal, TypeAlias

import diskcache

from foreword.store.files import make_directory
from tiering.disk import BytesDisk
from tiering.errors import CacheError

Eviction: TypeAlias = Literal["none", "least-recently-stored"]

SEAL_BYTES = 16
# Longest wait for another process that writes; one write takes a millisecond.
_BUSY_SECONDS = 2.0
# Rows that each write removes from a shelf that is full: more than it adds, so that the size comes down.
_CULLED_EACH_WRITE = 10
# SQLite's PRAGMA synchronous: 1 loses the newest commits in a power cut, never in a crash of the process; 2 loses none.
_SYNC = {"none": 2, "least-recently-stored": 1}
_WRITE_HINT = "answers go on without it; make room, or give tiering.directory another place"


class _Rows(diskcache.Cache):  # type: ignore[misc]  # diskcache has no annotations
    def volume(self) -> int:
        """Return what rows take. diskcache counts pages that are free until the commit too, so that a transaction of
        some hundred rows would empty a full shelf.
        """
        pages, free, page_bytes = (
            self._sql(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * page_bytes)

    def checkpoint(self) -> None:
        """Empty the file that SQLite writes ahead, which has removed rows too."""
        self._sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


class Shelf:
    """Rows of bytes by keys of bytes, each under a seal made with the cache's key.

    A row whose seal does not fit, because it was damaged, forged, or moved from another key, is no row. Safe to use
    from several threads and processes. Nothing here reads a clock: what has aged is the caller's to say.

    Args:
        folder: Where the file is; made with mode 0700 when missing.
        secret: The cache's key, 32 bytes.
        eviction: What goes when it is full. Only the oldest stored ever goes, so that no read writes.
        size_bytes_max: From which size on rows go; it may be passed by some rows.

    Raises:
        CacheError: It cannot be opened.
    """

    def __init__(self, folder: Path, secret: bytes, *, eviction: Eviction, size_bytes_max: int) -> None:
        self.folder = folder
        self._secret = secret
        with self._translated("opened"):
            make_directory(folder)
            # SQLite gives the files beside it the mode that it has.
            (folder / diskcache.core.DBNAME).touch(mode=0o600)
            self._rows = _Rows(
                str(folder),
                timeout=_BUSY_SECONDS,
                disk=BytesDisk,
                eviction_policy=eviction,
                size_limit=size_bytes_max,
                cull_limit=_CULLED_EACH_WRITE if eviction != "none" else 0,
                statistics=0,
                sqlite_synchronous=_SYNC[eviction],
                # A file that is cut short under a mapping ends the process with SIGBUS; read, it is an error. 2 µs.
                sqlite_mmap_size=0,
                # What removed rows said is overwritten, as many builds of SQLite do by default; no write takes longer.
                sqlite_secure_delete=1,
            )

    def close(self) -> None:
        """Let go of the file, in this thread; other threads' connections go with them."""
        self._rows.close()

    def get(self, key: bytes) -> bytes | None:
        """Return a row; None where there is none, or none of ours.

        Raises:
            CacheError: The file cannot be read.
        """
        with self._translated("read"):
            try:
                sealed = self._rows.get(key)
            except ValueError:
                return None
        if sealed is None:
            return None
        value: bytes = sealed[SEAL_BYTES:]
        return value if compare_digest(sealed[:SEAL_BYTES], self._seal(key, value)) else None

    def put(self, key: bytes, value: bytes) -> None:
        """Store a row in place of the one that was there.

        Raises:
            CacheError: The file cannot be written.
        """
        with self._translated("written"):
            self._rows.set(key, self._seal(key, value) + value)

    def delete(self, key: bytes) -> bool:
        """Remove a row; return whether there was one.

        Raises:
            CacheError: The file cannot be written.
        """
        with self._translated("written"):
            return bool(self._rows.delete(key))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make what is done inside one: all of it or nothing, and no other writer in between.

        Raises:
            CacheError: The file cannot be written.
        """
        with self._translated("written"), self._rows.transact():
            yield

    def size_bytes(self) -> int:
        """Return what it takes on disk."""
        with self._translated("read"):
            return int(self._rows.volume())

    def scrub(self) -> None:
        """Write out what was removed, so that no byte of it is left on disk; one who reads just now may keep some.

        Raises:
            CacheError: The file cannot be written.
        """
        with self._translated("written"):
            self._rows.checkpoint()

    def _seal(self, key: bytes, value: bytes) -> bytes:
        # With the length, so that no byte can move from the key to the value.
        seal = blake2b(len(key).to_bytes(2, "big"), digest_size=SEAL_BYTES, key=self._secret)
        seal.update(key)
        seal.update(value)
        return seal.digest()

    @contextmanager
    def _translated(self, done: str) -> Iterator[None]:
        try:
            yield
        except diskcache.Timeout as exc:
            raise CacheError(
                f"{self.folder} could not be {done} within {_BUSY_SECONDS:g} s: another process writes all the time",
                hint="ask again",
            ) from exc
        except (sqlite3.Error, OSError) as exc:
            raise CacheError(f"{self.folder} cannot be {done}: {exc}", hint=_WRITE_HINT) from exc
