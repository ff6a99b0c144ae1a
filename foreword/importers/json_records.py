"""Records of JSON, however a file holds them: one a line, in one array, or one that is the whole file."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from foreword.errors import FieldError
from foreword.importers.byte_source import bytes_at
from foreword.importers.source import Progress

# A long run of an agent with the files it read takes a few megabytes; what is longer is no conversation.
RECORD_BYTES_MAX = 32 << 20
# Read at once; keeps memory at one record, however long the file is.
_CHUNK_BYTES = 1 << 18
# Enough to recognise a record by that is too long to be kept.
_HEAD_CHARACTERS_MAX = 2000
_SPACE = " \t\r\n"
_ALLOWED = "a record of JSON a line, an array of records, or one record"


class Record(NamedTuple):
    """One value of a file, or why it is none."""

    number: int
    """Its line where there is one a line, else its place in the array, from one."""
    value: Any
    raw: str
    """As it stands in the file where it could not be read; empty otherwise."""
    refusal: str


class JsonRecords:
    """A file of records, gzip by suffix; which of the three forms it has is told by its first 64 KiB.

    Lines and arrays are read a record at a time. A line that is no JSON costs that line; in an array nobody knows
    where the next record begins, so the rest is lost with it.

    Args:
        path: The file; `-` is stdin.

    Raises:
        FieldError: The file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.file = bytes_at(path)

    def __iter__(self) -> Iterator[Record]:
        """Yield the records, those that cannot be read among them."""
        read = {"lines": _lines, "array": _array, "whole": _whole}[_form(self.file.head())]
        with self.file.open() as content:
            yield from read(content)

    def progress(self) -> Progress:
        """Return how many bytes of the file on disk are read."""
        return Progress(self.file.done_bytes(), self.file.size_bytes, "bytes")


def _form(head: bytes) -> str:
    """Return `lines`, `array` or `whole`, by what a file begins with."""
    text = head.decode("utf-8-sig", "ignore").lstrip()
    first, _, rest = text.partition("\n")
    # A value over several lines is indented, so that only a line of its own begins with a bracket at the margin.
    is_followed = any(line[:1] in ("{", "[") for line in rest.splitlines())
    if text[:1] == "[" and not (is_followed and _is_json(first)):
        return "array"
    return "whole" if text[:1] == "{" and rest and not _is_json(first) and not is_followed else "lines"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def parse_json(text: str) -> Any:
    """Return the value that a text is.

    Raises:
        FieldError: It is none.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        found = f"no JSON at character {exc.pos + 1} ({exc.msg[0].lower()}{exc.msg[1:]})"
        raise FieldError("record", found, _ALLOWED) from exc
    except RecursionError:
        raise FieldError("record", "deep nesting", _ALLOWED) from None
    except ValueError as exc:
        raise FieldError("record", str(exc), _ALLOWED) from exc


def _record(number: int, data: bytes) -> Record:
    raw = data.decode("utf-8", "replace").strip()
    try:
        text = data.decode("utf-8-sig").strip()
        return Record(number, parse_json(text), "", "")
    except UnicodeDecodeError as exc:
        refusal = f"record: found a byte at {exc.start} that is not UTF-8; allowed: UTF-8"
    except FieldError as exc:
        refusal = str(exc)
    return Record(number, None, raw, refusal)


def _too_long(number: int, head: str) -> Record:
    refusal = f"record: found over {RECORD_BYTES_MAX:,} bytes; allowed: at most that"
    return Record(number, None, head[:_HEAD_CHARACTERS_MAX], refusal)


def _lines(content: IO[bytes]) -> Iterator[Record]:
    number = 0
    while line := content.readline(RECORD_BYTES_MAX + 1):
        number += 1
        rest = line
        while len(line) > RECORD_BYTES_MAX and rest and not rest.endswith(b"\n"):
            rest = content.readline(_CHUNK_BYTES)
        if len(line) > RECORD_BYTES_MAX:
            yield _too_long(number, line[: 4 * _HEAD_CHARACTERS_MAX].decode("utf-8", "replace"))
        elif line.strip():
            yield _record(number, line)


def _whole(content: IO[bytes]) -> Iterator[Record]:
    data = content.read(RECORD_BYTES_MAX + 1)
    if len(data) > RECORD_BYTES_MAX:
        yield _too_long(1, data[: 4 * _HEAD_CHARACTERS_MAX].decode("utf-8", "replace"))
    else:
        yield _record(1, data)


def _array(content: IO[bytes]) -> Iterator[Record]:
    """Yield the members of an array, and one refusal where it stops being one."""
    ahead = _Ahead(content)
    number = 1
    try:
        ahead.skip("[")
        is_last = ahead.next_is("]")
        while not is_last:
            yield Record(number, ahead.value(), "", "")
            number += 1
            is_last = ahead.next_is("]")
            if not is_last:
                ahead.skip(",")
        ahead.end()
    except FieldError as exc:
        yield Record(number, None, ahead.head(), str(exc))


class _Ahead:
    """A text read in chunks, of which only what is not yet taken is in memory."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("strict").decode
        self._text = ""
        self._at = 0
        self._is_all = False

    def head(self) -> str:
        """Return the first characters that are not yet taken."""
        return self._text[self._at : self._at + _HEAD_CHARACTERS_MAX]

    def peek(self) -> str:
        """Return the next character that is no space; nothing at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text) or self._is_all:
                return self._text[self._at : self._at + 1]
            self._more(_CHUNK_BYTES)

    def next_is(self, mark: str) -> bool:
        """Return whether a mark comes next, and step over it when it does."""
        is_next = self.peek() == mark
        self._at += is_next
        return is_next

    def skip(self, mark: str) -> None:
        """Step over a mark.

        Raises:
            FieldError: Something else comes next.
        """
        if not self.next_is(mark):
            found = repr(self.peek()) if self.peek() else "the end of the file"
            raise FieldError("record", f"{found} where {mark!r} belongs", _ALLOWED)

    def end(self) -> None:
        """Check that nothing is left.

        Raises:
            FieldError: Something is.
        """
        if self.peek():
            raise FieldError("record", "more behind the end of the array", _ALLOWED)

    def value(self) -> Any:
        """Return the next value.

        Raises:
            FieldError: It is no JSON, or longer than a record may be.
        """
        self.peek()
        while True:
            try:
                value, end = json.JSONDecoder().raw_decode(self._text, self._at)
            except (ValueError, RecursionError):
                # Cut off, or wrong: only all of it tells. Each try reads as much again, so that all tries together
                # cost two or three times the last one.
                if self._is_all or len(self._text) - self._at > RECORD_BYTES_MAX:
                    break
            else:
                # A number at the end of what is read may go on.
                if end < len(self._text) or self._is_all:
                    self._at = end
                    return value
            self._more(max(_CHUNK_BYTES, len(self._text) - self._at))
        if not self._is_all:
            raise FieldError("record", f"over {RECORD_BYTES_MAX:,} bytes, or no JSON", "at most that")
        return parse_json(self._text[self._at :])

    def _more(self, size_bytes: int) -> None:
        data = self._content.read(size_bytes)
        self._is_all = not data
        try:
            text = self._decode(data, final=not data)
        except UnicodeDecodeError as exc:
            self._is_all = True
            raise FieldError("record", "a byte that is not UTF-8", "UTF-8") from exc
        self._text, self._at = self._text[self._at :] + text, 0
