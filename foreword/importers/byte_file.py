"""A file of bytes, gzip by suffix: opened, measured, and recognised when met again."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from foreword.errors import FieldError

# Tells one file from another that took its name; a file that grew at its end is still the same.
HEAD_BYTES_MAX = 65_536


class ByteFile:
    """Reads a file, gzip by suffix.

    Attributes:
        name: The file's name.
        place: Its path, absolute.
        size_bytes: Its size on disk.

    Raises:
        FieldError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self.name = path.name
        self.place = str(self._path)
        with translated(self.place):
            self.size_bytes = self._path.stat().st_size
            with self._path.open("rb"):
                pass
        self._raw: IO[bytes] | None = None
        head_bytes = min(self.size_bytes, HEAD_BYTES_MAX)
        self._fingerprint = {"head_bytes": head_bytes, "head_sha256": self._head_sha256(head_bytes)}

    def head(self) -> bytes:
        """Return the content's first 64 KiB, or all of a shorter one."""
        with self.open() as content:
            return content.read(HEAD_BYTES_MAX)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the content for reading; failures inside the block become FieldErrors."""
        with translated(self.place), self._path.open("rb") as raw:
            self._raw = raw
            try:
                if self._path.suffix == ".gz":
                    with gzip.GzipFile(fileobj=raw) as content:
                        yield cast(IO[bytes], content)
                else:
                    yield raw
            finally:
                self._raw = None

    def done_bytes(self) -> int:
        """Return how much of the file on disk is read; all of it once it is closed."""
        return self._raw.tell() if self._raw is not None else self.size_bytes

    def fingerprint(self) -> dict[str, Any]:
        """Return, as JSON, what `is_same` recognises the file by."""
        return self._fingerprint

    def is_same(self, fingerprint: dict[str, Any]) -> bool:
        """Return whether the file is the one that had this fingerprint, perhaps with more at its end."""
        head_bytes = fingerprint.get("head_bytes", 0)
        return self.size_bytes >= head_bytes and fingerprint.get("head_sha256") == self._head_sha256(
            head_bytes
        )

    def _head_sha256(self, head_bytes: int) -> str:
        with translated(self.place), self._path.open("rb") as raw:
            return hashlib.sha256(raw.read(head_bytes)).hexdigest()


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Raise what goes wrong in the block as a FieldError that names the file."""
    try:
        yield
    except FileNotFoundError as exc:
        raise FieldError(name, "no such file", "a file that can be read") from exc
    except (EOFError, gzip.BadGzipFile, zlib.error) as exc:
        raise FieldError(name, f"damaged gzip data ({exc})", "a whole gzip file") from exc
    except OSError as exc:
        raise FieldError(name, str(exc.strerror or exc), "a file that can be read") from exc
