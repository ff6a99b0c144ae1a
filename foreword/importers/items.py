"""A second table, with more about each item of the first."""

from __future__ import annotations

from pathlib import Path

from foreword.errors import FieldError
from foreword.importers.byte_source import bytes_at
from foreword.importers.source import Row
from foreword.importers.table import Header, Table, wrong_width


class Items:
    """The second table, held in memory by its key: one tuple of cells per item.

    Attributes:
        header: Its first row.
        key: The column that both tables share.
        key_place: Where the first table has it.
        cells: Those of each item, by its key.
        refused: Its rows that cannot be read.

    Raises:
        FieldError: It cannot be read, or shares no such column.
    """

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
                    reason = f"{path.name}: {record.refusal or wrong_width(record, width).message}"
                    self.refused.append(Row(record.line, None, record.text, reason))


def _shared_column(header: Header, items: Header) -> str:
    shared = [name for name in header.names if name in items.names]
    if len(shared) != 1:
        found = f"{len(shared)} columns in both tables"
        raise FieldError("--items-key", found, "the name of the column to join by")
    return shared[0]
