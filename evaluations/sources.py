"""Where an evaluation's events come from: files of events, and tables of ratings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evaluations.events import read_events, sorted_events
from foreword.errors import FieldError
from foreword.importers import CsvRows, parse_mapping
from foreword.importers.byte_source import bytes_at
from foreword.importers.table import Table
from foreword.v1 import event_pb2

# What public tables of ratings call whose, and of what, a rating is.
_USER_COLUMNS = ("user_id", "userId")
_ITEM_COLUMNS = ("item_id", "movieId")
# On a scale of five stars in halves: two in five ratings like, one in six dislike.
_LIKE_AT, _DISLIKE_AT = 4.0, 2.5
_NO_GENRES = "(no genres listed)"


class Source(Protocol):
    """The events of one namespace."""

    @property
    def name(self) -> str:
        """What it is called while it is read."""
        ...

    @property
    def data_set(self) -> str:
        """What it belongs to; sources of one data set are reported together."""
        ...

    def read(self) -> list[event_pb2.Event]:
        """Return its events, ascending by time and id.

        Raises:
            FieldError: It cannot be read, or holds no events.
        """
        ...


@dataclass(frozen=True)
class EventFile:
    """JSON lines of events, gzip by suffix; the files of one folder are a data set."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def data_set(self) -> str:
        """The folder's name."""
        return self.path.absolute().parent.name

    def read(self) -> list[event_pb2.Event]:
        """Return the events."""
        return read_events(self.path)


@dataclass(frozen=True)
class Ratings:
    """A table of ratings and one of items with their genres, which are the topics; CSV with a header, gzip by suffix.

    A rating of 4 or more is a like, of 2.5 or less a dislike.
    """

    path: Path
    items: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def data_set(self) -> str:
        """The folder's name."""
        return self.path.absolute().parent.name

    def read(self) -> list[event_pb2.Event]:
        """Return the ratings as events."""
        columns = Table(bytes_at(self.path)).header.names
        rules = (
            "type==rate",
            f"user_id={_column(self.path, columns, _USER_COLUMNS)}",
            f"item_id={_column(self.path, columns, _ITEM_COLUMNS)}",
            "topics=genres",
            "value=rating",
            "time=timestamp",
        )
        table = CsvRows(
            self.path,
            parse_mapping(rules),
            items=self.items,
            like_at=_LIKE_AT,
            dislike_at=_DISLIKE_AT,
            nothing=(_NO_GENRES,),
        )
        return sorted_events(self.path, table.rows(), "a rating")


def _column(path: Path, columns: list[str], names: tuple[str, ...]) -> str:
    for name in names:
        if name in columns:
            return name
    raise FieldError(str(path), f"columns {', '.join(columns)}", f"one of {', '.join(names)}")
