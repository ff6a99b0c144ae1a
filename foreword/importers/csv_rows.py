"""Events from the rows of a table, with a mapping from columns to fields."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from foreword.errors import FieldError
from foreword.importers import values
from foreword.importers.byte_source import bytes_at
from foreword.importers.mapping import Rule, completed
from foreword.importers.source import Progress, Row
from foreword.importers.table import Header, Record, Table
from foreword.naming.messages import quoted
from foreword.v1.event_pb2 import Event, Feedback


class CsvRows:
    """A table with a header, gzip by suffix, one event a row.

    A row without an event id gets one made from its mapped cells, so that it counts once however often it is sent.

    Args:
        path: The table; `-` is stdin.
        rules: From columns to fields; a column named like a field needs none.
        items: A second table with more about each item; its columns can be mapped too.
        items_key: The column that both tables share.
        separator: What separates the values of a list, such as topics; a space in columns typed as sequences.
        like_at: From this `value` on, the feedback is a like.
        dislike_at: Up to this `value`, the feedback is a dislike.
        nothing: What this table writes in a cell where nothing is known; whatever the case of its letters.
        delimiter: Between cells, in both tables; None looks at the first lines of each.
        strict: Refuse a table with columns that become nothing, instead of counting their rows.

    Raises:
        FieldError: A file cannot be read, a rule names no column, or nothing says who acted or what was done.
    """

    def __init__(
        self,
        path: Path,
        rules: Sequence[Rule],
        *,
        items: Path | None = None,
        items_key: str | None = None,
        separator: str = "|",
        like_at: float | None = None,
        dislike_at: float | None = None,
        nothing: Sequence[str] = (),
        delimiter: str | None = None,
        strict: bool = False,
    ) -> None:
        self._file = bytes_at(path)
        self._done = 0
        self._table = Table(self._file, delimiter)
        header = self._table.header
        self._items = _Items(items, items_key, header, delimiter) if items is not None else None
        self._maker = _EventMaker(
            header, self._items, rules, separator, (like_at, dislike_at), nothing=nothing
        )
        if strict and self._maker.ignored:
            unused = ", ".join(quoted(name) for name in self._maker.ignored)
            raise FieldError("--strict", f"columns without a field: {unused}", "a field for each, by --map")
        options = (
            list(rules),
            str(items),
            items_key,
            separator,
            like_at,
            dislike_at,
            list(nothing),
            delimiter,
        )
        self._options = hashlib.sha256(repr(options).encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """The file's name."""
        return self._file.name

    @property
    def identity(self) -> str:
        """The file's place and the mapping."""
        return f"table {self._file.place} {self._options}"

    def rows(self, resume_from: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Yield the rows of the second table that cannot be read, then one row per row of the table."""
        fits = resume_from is not None and self._file.is_same(dict(resume_from))
        skipped = int(resume_from["rows"]) if resume_from is not None and fits else 0
        if self._items is not None and not skipped:
            yield from self._items.refused
        self._done = skipped
        with self._table.open() as records:
            for record in islice(records, skipped, None):
                self._done += 1
                if record.text.strip():
                    yield self._maker.row(record)

    def resume_point(self) -> dict[str, Any] | None:
        """Return how many rows are read."""
        fingerprint = self._file.fingerprint()
        return {"rows": self._done, **fingerprint} if fingerprint is not None else None

    def finished_point(self) -> None:
        """Return None: a table read to its end is read from its start when asked again."""

    def progress(self) -> Progress:
        """Return how many bytes of the file on disk are read."""
        return Progress(self._file.done_bytes(), self._file.size_bytes, "bytes")


class _Items:
    """The second table, held in memory by its key: one tuple of cells per item."""

    def __init__(self, path: Path, key: str | None, header: Header, delimiter: str | None) -> None:
        table = Table(bytes_at(path), delimiter)
        self.header = table.header
        self.key = key if key is not None else _shared_column(header, self.header)
        for names in (header.names, self.header.names):
            if self.key not in names:
                raise FieldError(
                    "--items-key", repr(self.key), f"a column of both tables: {', '.join(names)}"
                )
        self.key_place = header.names.index(self.key)
        self.cells: dict[str, tuple[str, ...]] = {}
        self.refused: list[Row] = []
        place, width = self.header.names.index(self.key), len(self.header.names)
        with table.open() as records:
            for record in records:
                if len(record.cells) == width:
                    self.cells[record.cells[place]] = tuple(record.cells)
                elif record.text.strip():
                    reason = f"{path.name}: {record.refusal or _wrong_width(record, width).message}"
                    self.refused.append(Row(record.line, None, record.text, reason))


class _Column(NamedTuple):
    """What becomes of the cells of one column."""

    place: int
    name: str
    """The field's or the attribute's."""
    is_attribute: bool
    convert: Callable[[str], Any] | None


class _EventMaker:
    """Makes events from cells, by rules resolved once."""

    def __init__(
        self,
        header: Header,
        items: _Items | None,
        rules: Sequence[Rule],
        separator: str,
        thresholds: tuple[float | None, float | None],
        *,
        nothing: Sequence[str],
    ) -> None:
        self._width = len(header.names)
        self._items = items
        names = [*header.names, *(items.header.names if items is not None else ())]
        lists = header.lists | (items.header.lists if items is not None else frozenset())
        self._like_at, self._dislike_at = thresholds
        self._nothing = {word.strip().casefold() for word in nothing}
        self._no_item = ("",) * len(items.header.names) if items is not None else ()
        self._columns: list[_Column] = []
        self._constants: list[str] = []
        self._fields: dict[str, Any] = {}
        self._attributes: dict[str, str] = {}
        for rule in completed(rules, names):
            convert = _converter(rule.field, " " if rule.source in lists else separator)
            if not rule.is_constant:
                # A name in both tables means the first one's column.
                self._columns.append(
                    _Column(
                        names.index(rule.source), rule.attribute or rule.field, bool(rule.attribute), convert
                    )
                )
                continue
            self._constants.append(f"{rule.field}={rule.source}")
            if rule.attribute:
                self._attributes[rule.attribute] = rule.source
            else:
                self._fields[rule.field] = convert(rule.source) if convert is not None else rule.source
        used = {names[column.place] for column in self._columns} | {items.key if items is not None else ""}
        self.ignored = tuple(name for name in header.names if name not in used)

    def row(self, record: Record) -> Row:
        """Return the event of a row, or why it is none."""
        event, refusal = None, record.refusal
        try:
            event = self._event(record) if not refusal else None
        except FieldError as exc:
            refusal = exc.message
        except UnicodeEncodeError:
            refusal = "not UTF-8"
        return Row(record.line, event, record.text, refusal, self.ignored)

    def _event(self, record: Record) -> Event:
        cells = record.cells
        if len(cells) != self._width:
            raise _wrong_width(record, self._width)
        if self._items is not None:
            own = self._items.cells.get(cells[self._items.key_place], self._no_item)
            cells = [*cells, *own]
        fields, attributes = self._fields.copy(), self._attributes.copy()
        for place, name, is_attribute, convert in self._columns:
            text = cells[place].strip()
            if not text or (self._nothing and text.casefold() in self._nothing):
                continue
            if is_attribute:
                attributes[name] = text
            else:
                fields[name] = convert(text) if convert is not None else text
        if "value" in fields and not fields.get("feedback"):
            fields["feedback"] = self._judged(fields["value"])
        if "event_id" not in fields:
            fields["event_id"] = self._derived_id(cells)
        return Event(attributes=attributes, **fields)

    def _judged(self, value: float) -> Feedback:
        """Return what a value says where no column says it."""
        if self._like_at is not None and value >= self._like_at:
            return Feedback.FEEDBACK_LIKE
        if self._dislike_at is not None and value <= self._dislike_at:
            return Feedback.FEEDBACK_DISLIKE
        return Feedback.FEEDBACK_UNSPECIFIED

    def _derived_id(self, cells: list[str]) -> str:
        """Return an id that follows from all of the row's own cells and the constants.

        Not from the mapped cells alone: a row that is told apart by a column nobody mapped would be lost. Not from
        joined items: a changed title makes no new event.
        """
        parts = (*cells[: self._width], *self._constants)
        digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
        return f"row-{digest[:24]}"


_CONVERTERS: dict[str, Callable[[str, str], Any]] = {
    "time": values.as_time,
    "dwell": values.as_duration,
    "value": values.as_number,
    "feedback": values.as_feedback,
}


def _converter(field: str, separator: str) -> Callable[[str], Any] | None:
    """Return what makes a field's value of a cell; None where the text is the value."""
    if field == "topics":
        return partial(values.as_list, separator=separator)
    return partial(_CONVERTERS[field], field) if field in _CONVERTERS else None


def _wrong_width(record: Record, width: int) -> FieldError:
    return FieldError("row", f"{len(record.cells)} columns", f"{width}, as in the header")


def _shared_column(header: Header, items: Header) -> str:
    shared = [name for name in header.names if name in items.names]
    if len(shared) != 1:
        found = f"{len(shared)} columns in both tables"
        raise FieldError("--items-key", found, "the name of the column to join by")
    return shared[0]
