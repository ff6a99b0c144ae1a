"""Events from JSON lines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from foreword.errors import FieldError
from foreword.importers.byte_source import bytes_at
from foreword.importers.json_event import parse_event
from foreword.importers.mapping import FIELDS
from foreword.importers.source import Progress, Row
from foreword.naming.messages import quoted

# An event at all its limits, every character escaped, takes about 150 kB.
_LINE_BYTES_MAX = 1 << 20
# Enough to recognise a line by that is too long to be kept.
_HEAD_BYTES_MAX = 2000


class JsonLines:
    """A file with one event a line in proto3 JSON, gzip by suffix.

    A line without an event id gets one made from the line itself, so that it counts once however often it is sent.

    Args:
        path: The file; `-` is stdin.
        strict: Refuse a line with a field that no event has, instead of leaving the field out.

    Raises:
        FieldError: The file cannot be read.
    """

    def __init__(self, path: Path, *, strict: bool = False) -> None:
        self._file = bytes_at(path)
        self._strict = strict
        self._offset_bytes = 0
        self._number = 0

    @property
    def name(self) -> str:
        """The file's name."""
        return self._file.name

    @property
    def identity(self) -> str:
        """The file's place, and how strictly it is read."""
        return f"json lines {self._file.place}{' strict' if self._strict else ''}"

    def rows(self, resume_from: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Yield one row per line that is not blank."""
        self._begin(resume_from)
        with self._file.open() as content:
            if self._offset_bytes:
                content.seek(self._offset_bytes)
            while line := self._next_line(content):
                row = self._row(line)
                if row is not None:
                    yield row

    def resume_point(self) -> dict[str, Any] | None:
        """Return the place behind the line read last, in bytes of content and in lines."""
        fingerprint = self._file.fingerprint()
        place = {"offset_bytes": self._offset_bytes, "line": self._number}
        return {**place, **fingerprint} if fingerprint is not None else None

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

    def _row(self, line: bytes) -> Row | None:
        """Return the event of a line, or why it is none; None for a blank line."""
        number = self._number
        if len(line) > _LINE_BYTES_MAX:
            head = line[:_HEAD_BYTES_MAX].decode("utf-8", "replace")
            return Row(number, None, head, f"line: found over {_LINE_BYTES_MAX} bytes; allowed: at most that")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as exc:
            raw = line.decode("utf-8", "replace").strip()
            return Row(
                number, None, raw, f"line: found a byte at {exc.start} that is not UTF-8; allowed: UTF-8"
            )
        if not text:
            return None
        try:
            event, unknown = parse_event(text)
        except FieldError as exc:
            return Row(number, None, text, str(exc))
        if unknown and self._strict:
            found = f"the field {quoted(unknown[0])}, which no event has"
            return Row(
                number, None, text, f"line: found {found}; allowed: {', '.join((*FIELDS, 'attributes'))}"
            )
        if not event.event_id:
            event.event_id = f"line-{hashlib.sha256(line.strip()).hexdigest()[:24]}"
        return Row(number, event, text, ignored=unknown)
