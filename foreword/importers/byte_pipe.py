"""Bytes that come once: stdin, or a pipe with a name."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol, cast

from foreword.importers.byte_file import HEAD_BYTES_MAX, translated

_GZIP = b"\x1f\x8b"


class BytePipe:
    """Reads a pipe, gzip by its first two bytes, since it has no suffix.

    Attributes:
        name: What a person calls it.
        place: The same.
        size_bytes: Zero: nobody knows.

    Raises:
        FieldError: It cannot be read.
    """

    def __init__(self, name: str, stream: IO[bytes]) -> None:
        self.name = name
        self.place = name
        self.size_bytes = 0
        self._content = _AheadReader(cast(_Stream, stream))
        with translated(name):
            if self._content.ahead(len(_GZIP)) == _GZIP:
                self._content = _AheadReader(gzip.GzipFile(fileobj=io.BufferedReader(self._content)))

    def head(self) -> bytes:
        """Return the content's first 64 KiB, or all of a shorter one; waits until they have come."""
        with translated(self.name):
            return self._content.ahead(HEAD_BYTES_MAX)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the content for reading, once; failures inside the block become FieldErrors."""
        with translated(self.name), io.BufferedReader(self._content) as content:
            yield content

    def done_bytes(self) -> int:
        """Return how much of the content is read."""
        return self._content.done_bytes

    def fingerprint(self) -> None:
        """Return None: what a pipe gave does not come again."""

    def is_same(self, _fingerprint: dict[str, Any]) -> bool:
        """Return False."""
        return False


class _Stream(Protocol):
    def read1(self, size: int, /) -> bytes: ...


class _AheadReader(io.RawIOBase):
    """A stream that can be looked at before it is read."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream
        self._ahead = b""
        self.done_bytes = 0

    def ahead(self, size_bytes: int) -> bytes:
        """Return the first bytes still to be read; fewer when the stream ends before."""
        while len(self._ahead) < size_bytes and (more := self._stream.read1(size_bytes)):
            self._ahead += more
        return self._ahead[:size_bytes]

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what was looked at, then what follows."""
        chunk = self._ahead[: len(buffer)] or self._stream.read1(len(buffer))
        self._ahead = self._ahead[len(chunk) :]
        buffer[: len(chunk)] = chunk
        self.done_bytes += len(chunk)
        return len(chunk)
