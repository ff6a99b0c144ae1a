"""Events from JSON lines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from foreword.importers.byte_file import ByteFile
from foreword.importers.json_event import parse_event
from foreword.importers.source import Progress, Row

# An event at all its limits, every character escaped, takes about 150 kB.
_LINE_BYTES_MAX = 1 << 20


class JsonLines:
    """A file with one event a line in proto3 JSON, gzip by suffix.

    A line without an event id gets one made from the line itself, so that it counts once however often it is sent.

    Raises:
        FieldError: The file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._file = ByteFile(path)
        self._offset_bytes = 0
        self._number = 0

    @property
    def name(self) -> str:
        """The file's name."""
        return self._file.path.name

    @property
    def identity(self) -> str:
        """The file's place."""
        return f"json lines {self._file.path}"

    def rows(self, resume_from: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Yield one row per line that is not blank."""
        self._begin(resume_from)
        with self._file.open() as content:
            content.seek(self._offset_bytes)
            while line := self._next_line(content):
                row = _row(self._number, line)
                if row is not None:
                    yield row

    def resume_point(self) -> dict[str, Any]:
        """Return the place behind the line read last, in bytes of content and in lines."""
        return {"offset_bytes": self._offset_bytes, "line": self._number, **self._file.fingerprint()}

    def finished_point(self) -> None:
        """Return None: a file read to its end is read from its start when asked again."""

    def progress(self) -> Progress:
        """Return how many bytes of the file on disk are read."""
        return Progress(self._file.done_bytes(), self._file.size_bytes, "bytes")

    def _begin(self, resume_from: Mapping[str, Any] | None) -> None:
        fits = resume_from is not None and self._file.is_same(dict(resume_from))
        self._offset_bytes = int(resume_from["offset_bytes"]) if resume_from is not None and fits else 0
        self._number = int(resume_from["line"]) if resume_from is not None and fits else 0

    def _next_line(self, content: IO[bytes]) -> bytes:
        """Return the next line; one over the limit is cut there, and its rest skipped."""
        line = content.readline(_LINE_BYTES_MAX + 1)
        self._offset_bytes += len(line)
        self._number += bool(line)
        rest = line
        while len(line) > _LINE_BYTES_MAX and rest and not rest.endswith(b"\n"):
            rest = content.readline(_LINE_BYTES_MAX)
            self._offset_bytes += len(rest)
        return line


def _row(number: int, line: bytes) -> Row | None:
    if len(line) > _LINE_BYTES_MAX:
        return Row(number, None, f"line: found over {_LINE_BYTES_MAX} bytes; allowed: at most that", "")
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as exc:
        return Row(number, None, f"not UTF-8 at byte {exc.start}", line.decode("utf-8", "replace").strip())
    if not text.strip():
        return None
    try:
        event = parse_event(text)
    except ValueError as exc:
        return Row(number, None, str(exc), text.strip())
    if not event.event_id:
        event.event_id = f"line-{hashlib.sha256(line.strip()).hexdigest()[:24]}"
    return Row(number, event)
