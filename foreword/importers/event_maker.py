"""Events from the cells of a table, by rules resolved once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from foreword.errors import FieldError
from foreword.importers import values
from foreword.importers.items import Items
from foreword.importers.mapping import Rule, completed
from foreword.importers.source import Row
from foreword.importers.table import Header, Record, wrong_width
from foreword.v1.event_pb2 import Event, Feedback


class _Column(NamedTuple):
    """What becomes of the cells of one column."""

    place: int
    name: str
    """The field's or the attribute's."""
    is_attribute: bool
    convert: Callable[[str], Any] | None


class EventMaker:
    """Makes events from cells, by rules resolved once.

    Attributes:
        ignored: The columns that become nothing.

    Raises:
        FieldError: A rule names no column or a value that cannot be, or nothing says who acted or what was done.
    """

    def __init__(
        self,
        header: Header,
        items: Items | None,
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
            raise wrong_width(record, self._width)
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
