"""Whether segments leave nobody out and each can be reached: exact, by cutting up the space of all users.

What is not yet in a segment is kept as a list of shapes that do not overlap. Each segment, in its order, takes its part
out of every one of them; what it leaves is cut along its bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

BOUNDS = ("age_days", "active_days_per_week", "sessions_per_week", "last_seen_days")
"""The numbers that bound a segment."""
# No week has more.
_MOST = {"active_days_per_week": 7.0}


class Bounds(NamedTuple):
    """A range: from `least` to below `below`; None has no end there."""

    least: float | None = None
    below: float | None = None

    @property
    def low(self) -> float:
        """Where it begins."""
        return self.least or 0.0

    @property
    def high(self) -> float:
        """Where it ends, exclusive."""
        return math.inf if self.below is None else self.below


class Values(NamedTuple):
    """Values of an attribute: these, or all but these."""

    named: frozenset[str]
    is_all_but: bool

    def within(self, others: frozenset[str]) -> Values:
        """Return what of them is among others."""
        return Values(others - self.named if self.is_all_but else others & self.named, is_all_but=False)

    def without(self, others: frozenset[str]) -> Values:
        """Return what of them is not."""
        return Values(self.named | others if self.is_all_but else self.named - others, self.is_all_but)

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return not (self.named or self.is_all_but)


class Shape(NamedTuple):
    """Users who are within all bounds and have one of the values of each attribute."""

    bounds: dict[str, Bounds]
    values: dict[str, frozenset[str]]


class Coverage(NamedTuple):
    """What is wrong with segments; nothing when all is well."""

    unreachable: tuple[str, list[str]] | None = None
    """A segment nobody can be in, and those that take all its users."""
    hole: str = ""
    """A user who is in none, in words."""


class _Piece(NamedTuple):
    """A part of the space of all users that is in no segment yet."""

    ranges: dict[str, tuple[float, float]]
    values: dict[str, Values]

    def has_somebody(self) -> bool:
        """Return whether there can be such a user: nobody was last seen before they were first seen."""
        return self.ranges["last_seen_days"][0] < self.ranges["age_days"][1]


def uncovered(segments: Sequence[tuple[str, Shape]]) -> Coverage:
    """Return the first segment that nobody can be in, or a user who is in none.

    Args:
        segments: Name and shape of each, in the order in which they are tried.
    """
    attributes = {name for _, shape in segments for name in shape.values}
    whole = _Piece(
        dict.fromkeys(BOUNDS, (0.0, math.inf)),
        {name: Values(frozenset(), is_all_but=True) for name in attributes},
    )
    left = [whole]
    for place, (name, shape) in enumerate(segments):
        if not any(_common(piece, shape) for piece in left):
            before = [other for other, earlier in segments[:place] if _common_shape(whole, shape, earlier)]
            return Coverage(unreachable=(name, before or ["no user at all"]))
        left = [rest for piece in left for rest in _rest(piece, shape)]
    return Coverage(hole=_words(left[0]) if left else "")


def _common_shape(whole: _Piece, shape: Shape, other: Shape) -> bool:
    piece = _common(whole, shape)
    return piece is not None and _common(piece, other) is not None


def _common(piece: _Piece, shape: Shape) -> _Piece | None:
    """Return what of a piece is in a shape; None when nobody is."""
    ranges, values = dict(piece.ranges), dict(piece.values)
    for name, bounds in shape.bounds.items():
        low, high = ranges[name]
        ranges[name] = max(low, bounds.low), min(high, bounds.high)
        if ranges[name][0] >= ranges[name][1] or ranges[name][0] > _MOST.get(name, math.inf):
            return None
    for name, wanted in shape.values.items():
        values[name] = values[name].within(wanted)
        if values[name].is_empty:
            return None
    found = _Piece(ranges, values)
    return found if found.has_somebody() else None


def _rest(piece: _Piece, shape: Shape) -> Iterator[_Piece]:
    """Yield what of a piece is not in a shape, cut so that no two parts overlap."""
    if _common(piece, shape) is None:
        yield piece
        return
    ranges, values = dict(piece.ranges), dict(piece.values)
    for name, bounds in shape.bounds.items():
        low, high = ranges[name]
        for outside in ((low, min(high, bounds.low)), (max(low, bounds.high), high)):
            found = _Piece({**ranges, name: outside}, dict(values))
            is_there = outside[0] < outside[1] and outside[0] <= _MOST.get(name, math.inf)
            if is_there and found.has_somebody():
                yield found
        ranges[name] = max(low, bounds.low), min(high, bounds.high)
    for name, wanted in shape.values.items():
        others = values[name].without(wanted)
        if not others.is_empty:
            yield _Piece(dict(ranges), {**values, name: others})
        values[name] = values[name].within(wanted)


def _words(piece: _Piece) -> str:
    """Return one user of a piece in words."""
    said = [
        f"{name} {low:g}" + ("" if high == math.inf else f" to {high:g}")
        for name, (low, high) in piece.ranges.items()
        if (low, high) != (0.0, math.inf)
    ]
    for name, values in piece.values.items():
        if values.is_all_but and values.named:
            said.append(f"{name} other than {', '.join(sorted(map(repr, values.named)))}")
        elif values.named:
            said.append(f"{name} {min(values.named)!r}")
    return " and ".join(said) or "any activity"
