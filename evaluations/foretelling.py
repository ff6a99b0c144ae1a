"""How well topics foretell what a user does next."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Interval: TypeAlias = tuple[float, float, float]
"""A mean, and the bounds of its 95 % interval."""
User: TypeAlias = tuple[int, str]
"""The number of the file, which is a namespace, and the user's id."""
Points: TypeAlias = dict[str, dict[User, list[float]]]
"""By method and user, a number for each point."""

TOP = 3
ORDERED = 5
# What a place is worth, the first most; as is usual in ranking.
_GAINS = tuple(1 / math.log2(place + 2) for place in range(ORDERED))


@dataclass
class Scores:
    """How well each method foretold each point.

    Attributes:
        hits: 1 when any of the first 3 topics occurs in the week after, else 0.
        recalls: The share of that week's topics that are among the first 3.
        ndcgs: The gain of the first 5 topics in their order, as a share of the best order's: a topic that occurs gains
            1 / log2(place + 1).
    """

    hits: Points = field(default_factory=dict)
    recalls: Points = field(default_factory=dict)
    ndcgs: Points = field(default_factory=dict)

    def add(self, method: str, user: User, top: Sequence[str], truth: Collection[str]) -> None:
        """Score one point.

        Args:
            method: Who foretold.
            user: Of whom.
            top: The first 5 topics, best first.
            truth: The topics of the week after; at least one.
        """
        found = sum(topic in truth for topic in top[:TOP])
        gain = math.fsum(_GAINS[place] for place, topic in enumerate(top[:ORDERED]) if topic in truth)
        for points, value in (
            (self.hits, float(found > 0)),
            (self.recalls, found / len(truth)),
            (self.ndcgs, gain / math.fsum(_GAINS[: len(truth)])),
        ):
            points.setdefault(method, {}).setdefault(user, []).append(value)

    def merge(self, other: Scores, file: int) -> None:
        """Take in what another pass over a file found; its users get the file's number."""
        for points, found in (
            (self.hits, other.hits),
            (self.recalls, other.recalls),
            (self.ndcgs, other.ndcgs),
        ):
            for method, users in found.items():
                for (_, user_id), values in users.items():
                    points.setdefault(method, {}).setdefault((file, user_id), []).extend(values)


def differences(
    ours: Mapping[User, Sequence[float]], others: Mapping[User, Sequence[float]]
) -> dict[User, list[float]]:
    """Return one method minus another, paired by point."""
    return {
        user: [own - other for own, other in zip(points, others[user], strict=True)]
        for user, points in ours.items()
    }


def top_of(topics: Sequence[str], ignored: Collection[str]) -> list[str]:
    """Return the first 5 topics that are not ignored."""
    return [topic for topic in topics if topic not in ignored][:ORDERED]


def named(metric: str, values: Interval) -> dict[str, float]:
    """Return a mean and its bounds under the names the JSON output has for them."""
    mean, low, high = (round(value, 4) for value in values)
    return {metric: mean, f"{metric}_low": low, f"{metric}_high": high}


def interval_text(values: Interval, sign: str = "") -> str:
    """Return a mean and its bounds for people; with the sign `+` a difference."""
    return "{:{s}.3f} ({:{s}.3f} to {:{s}.3f})".format(*values, s=sign)
