"""Ratings and rated items, of CSV files with a header."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from evaluations.ranking.point import Point
from foreword.errors import FieldError
from foreword.importers.byte_source import bytes_at
from foreword.importers.table import Record, Table
from ranking.example import Action, Context

LIKED_AT = 4.0
"""A rating from here on is a reward: on five stars a little more than half of them."""
# What public tables of ratings call their columns; the first is ours.
_RATING_COLUMNS = (("user_id", "userId"), ("item_id", "movieId"), ("rating",), ("timestamp",))
_ITEM_COLUMNS = (("item_id", "movieId"), ("title",), ("genres",))
_NO_GENRES = "(no genres listed)"
_YEAR = re.compile(r"\((\d{3})\d\)\s*$")
_ID_BYTES_MAX = 256
_TOPICS_MAX = 32
# Every rating is held in memory, some 200 bytes each.
_RATINGS_MAX = 30_000_000
# The last second of the year 9999; what is larger is in another unit.
_SECONDS_MAX = 253_402_300_799


class Rating(NamedTuple):
    """What a user thought of an item.

    Attributes:
        user: Whose.
        item: Of what.
        is_liked: Whether the rating is 4 or more.
        time_ms: When, in milliseconds since 1970.
    """

    user: str
    item: str
    is_liked: bool
    time_ms: int


def read_ratings(file: Path) -> list[Rating]:
    """Return the ratings of a CSV file, gzip by suffix, ascending by time; those of one second as they stand.

    Raises:
        FieldError: It cannot be read, a row is no rating, or there is none; names file, line and field.
    """
    ratings: list[Rating] = []
    for place, (user, item, rating, seconds) in _rows(file, _RATING_COLUMNS):
        if len(ratings) == _RATINGS_MAX:
            raise FieldError(place, f"more than {_RATINGS_MAX:,} ratings", "fewer")
        value = _number(f"{place}: rating", rating)
        time_ms = int(1000 * _number(f"{place}: timestamp", seconds, most=_SECONDS_MAX))
        _check_id(f"{place}: user_id", user)
        _check_id(f"{place}: item_id", item)
        ratings.append(Rating(user, item, value >= LIKED_AT, time_ms))
    if not ratings:
        raise FieldError(file.name, "no rating", "at least one row after the header")
    return sorted(ratings, key=lambda rating: rating.time_ms)


def read_items(file: Path) -> dict[str, Action]:
    """Return the items of a CSV file, gzip by suffix: genres as topics, the decade of a title that ends in a year.

    Raises:
        FieldError: It cannot be read, or a row is no item; names file, line and field.
    """
    items: dict[str, Action] = {}
    for place, (item, title, genres) in _rows(file, _ITEM_COLUMNS):
        _check_id(f"{place}: item_id", item)
        if item in items:
            raise FieldError(f"{place}: item_id", f"{item!r} a second time", "each item once")
        topics = tuple(genre for genre in genres.split("|") if genre and genre != _NO_GENRES)
        if len(topics) > _TOPICS_MAX:
            raise FieldError(f"{place}: genres", f"{len(topics)} genres", f"at most {_TOPICS_MAX}")
        year = _YEAR.search(title)
        items[item] = Action(item, topics, {"decade": f"{year[1]}0"} if year else {})
    return items


def rated_points(ratings: Sequence[Rating], items: Mapping[str, Action]) -> list[Point]:
    """Return a point for each rating, with the rated item as its only action."""
    return [
        Point(
            rating.user,
            Context(rating.time_ms),
            (items.get(rating.item) or Action(rating.item),),
            (float(rating.is_liked),),
        )
        for rating in ratings
    ]


def _rows(file: Path, columns: Sequence[Sequence[str]]) -> Iterator[tuple[str, list[str]]]:
    """Yield where each row stands, and its cells of some columns."""
    table = Table(bytes_at(file))
    names = table.header.names
    places = [_column(file, names, wanted) for wanted in columns]
    with table.open() as records:
        for record in records:
            if record.text.strip():
                place = f"{file.name}:{record.line}"
                _check_row(place, record, len(names))
                yield place, [record.cells[column].strip() for column in places]


def _column(file: Path, names: Sequence[str], wanted: Sequence[str]) -> int:
    for name in wanted:
        if name in names:
            return names.index(name)
    raise FieldError(f"{file.name}:1", f"columns {', '.join(names)}", f"one of {', '.join(wanted)}")


def _check_row(place: str, record: Record, width: int) -> None:
    if record.refusal:
        raise FieldError(place, record.refusal, "a row of a table")
    if len(record.cells) != width:
        raise FieldError(place, f"{len(record.cells)} columns", f"{width}, as in the header")


def _number(place: str, text: str, most: float = math.inf) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and 0 <= value <= most):
        limit = "" if most == math.inf else f", at most {most:,}"
        raise FieldError(place, repr(text), f"a number from 0 on{limit}")
    return value


def _check_id(place: str, text: str) -> None:
    size_bytes = len(text.encode("utf-8", "surrogateescape"))
    if not 1 <= size_bytes <= _ID_BYTES_MAX or not text.isprintable():
        raise FieldError(place, repr(text[:80]), f"1 to {_ID_BYTES_MAX} bytes of printable UTF-8")
