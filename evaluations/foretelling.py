"""How well topics foretell what a user does next."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Interval: TypeAlias = tuple[float, float, float]
"""A mean, and the bounds of its 95 % interval."""
User: TypeAlias = tuple[int, str]
"""The number of the file, which is a namespace, and the user's id."""

TOP = 3


@dataclass
class Scores:
    """Hits and recalls by method and user, a number for each point.

    A hit is 1 when any of the top 3 topics occurs in the week after, else 0; a recall is the share of that week's
    topics that are among the top 3.
    """

    hits: dict[str, dict[User, list[float]]] = field(default_factory=dict)
    recalls: dict[str, dict[User, list[float]]] = field(default_factory=dict)

    def add(self, method: str, user: User, top: Sequence[str], truth: Collection[str]) -> None:
        """Score one point."""
        found = sum(topic in truth for topic in top)
        self.hits.setdefault(method, {}).setdefault(user, []).append(float(found > 0))
        self.recalls.setdefault(method, {}).setdefault(user, []).append(found / len(truth))


def top_of(topics: Sequence[str], ignored: Collection[str]) -> list[str]:
    """Return the first 3 topics that are not ignored."""
    return [topic for topic in topics if topic not in ignored][:TOP]


def named(metric: str, values: Interval) -> dict[str, float]:
    """Return a mean and its bounds under the names the JSON output has for them."""
    mean, low, high = (round(value, 4) for value in values)
    return {metric: mean, f"{metric}_low": low, f"{metric}_high": high}


def interval_text(values: Interval, sign: str = "") -> str:
    """Return a mean and its bounds for people; with the sign `+` a difference."""
    return "{:{s}.3f} ({:{s}.3f} to {:{s}.3f})".format(*values, s=sign)
