"""Figures of drawings: the templates put them into SVG, which needs no script and no style that a policy forbids."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

# Less is not seen; a share that is there is drawn at least so wide.
_SEEN_PERCENT_MIN = 1.0


class Share(NamedTuple):
    """A part of a bar, in percent of its length."""

    name: str
    begin: float
    width: float


def bar_shares(counts: Sequence[tuple[str, int]]) -> list[Share]:
    """Return the parts of a bar; those without a count are left out, and none that has one is too small to see."""
    total = sum(count for _, count in counts)
    widths = [(name, max(_SEEN_PERCENT_MIN, 100 * count / total)) for name, count in counts if count]
    whole = sum(width for _, width in widths)
    shares, begin = [], 0.0
    for name, width in widths:
        scaled = 100 * width / whole
        shares.append(Share(name, round(begin, 3), round(scaled, 3)))
        begin += scaled
    return shares


class DayBar(NamedTuple):
    """What one day cost."""

    day: str
    micro_usd: int
    height: float
    """In percent of the highest day's."""


def day_bars(days: Sequence[tuple[str, int]]) -> list[DayBar]:
    """Return a bar for each day."""
    highest = max((cost for _, cost in days), default=0) or 1
    return [DayBar(day, cost, round(100 * max(0, cost) / highest, 2)) for day, cost in days]


class Point(NamedTuple):
    """A point of a curve, in the units of the drawing."""

    label: str
    x: float
    y: float
    text: str
    """What it is, in words."""
    is_right: bool
    """Whether its label has more room on its left."""


class Tick(NamedTuple):
    """A mark on an axis."""

    at: float
    text: str


class Curve(NamedTuple):
    """A curve with its axes, in a drawing of `WIDTH` by `HEIGHT`."""

    points: list[Point]
    line: str
    """As the attribute `points` of a polyline has it."""
    across: list[Tick]
    up: list[Tick]


# The drawing's own units; it is as wide as the page lets it be.
WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 24, 20, 48
_TICKS_MAX = 6
_ROOM = 0.12


def curve(rows: Sequence[tuple[str, float, float]]) -> Curve:
    """Return a curve through points, the least x first.

    Args:
        rows: Label, x and y of each.
    """
    low_x, high_x, ticks_x = _axis([x for _, x, _ in rows])
    low_y, high_y, ticks_y = _axis([y for _, _, y in rows], most=100.0)

    def across(x: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (x - low_x) / (high_x - low_x), 1)

    def up(y: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (y - low_y) / (high_y - low_y), 1)

    points = [
        Point(label, across(x), up(y), f"{label}: {x:,.4g}, {y:.1f} %", across(x) > WIDTH / 2)
        for label, x, y in sorted(rows, key=lambda row: row[1:])
    ]
    return Curve(
        points,
        " ".join(f"{point.x},{point.y}" for point in points),
        [Tick(across(value), f"{value:,.4g}") for value in ticks_x],
        [Tick(up(value), f"{value:,.4g} %") for value in ticks_y],
    )


def _axis(values: Sequence[float], most: float = math.inf) -> tuple[float, float, list[float]]:
    """Return where an axis begins and ends, and its marks: round numbers."""
    low, high = min(values), max(values)
    room = (high - low) * _ROOM or abs(high) * _ROOM or 1.0
    low, high = max(0.0, low - room), min(most, high + room)
    if high <= low:
        low = high - 1.0
    step = 10 ** math.floor(math.log10((high - low) / _TICKS_MAX))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= _TICKS_MAX)
    first = math.ceil(low / step)
    return low, high, [place * step for place in range(first, math.floor(high / step) + 1)]
