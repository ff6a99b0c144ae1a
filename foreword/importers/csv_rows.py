"""Events from the rows of a table, with a mapping from columns to fields."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from foreword.errors import FieldError
from foreword.importers.byte_source import bytes_at
from foreword.importers.event_maker import EventMaker
from foreword.importers.items import Items
from foreword.importers.mapping import Rule
from foreword.importers.source import Progress, Row
from foreword.importers.table import Table
from foreword.naming.messages import quoted


class CsvRows:
    """A table with a header, gzip by suffix, one event a row.

    A row without an event id gets one made from its own cells, so that it counts once however often it is sent.

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
        self._items = Items(items, items_key, header, delimiter) if items is not None else None
        self._maker = EventMaker(
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
