"""Whether a set of profiles may take another's place: how far its figures may be from those in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from foreword.errors import FieldError
from foreword.store.dataset.figures import DatasetFigures


@dataclass(frozen=True)
class DatasetRules:
    """How far a new set may be from the one in force.

    Attributes:
        count_change: Share by which the number of users may change; 0 and more. A fifth: a night brings a hundredth,
            and half a population that is gone is a mistake.
        size_change: Share by which a user's mean bytes may change. Half: a new writer says more or less, not nothing.
        default_change: By how much the share of default profiles may grow, 0 to 1. A tenth: more users without anything
            known are a broken import more often than a good week.
    """

    count_change: float = 0.2
    size_change: float = 0.5
    default_change: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what nothing can be judged by.

        Raises:
            FieldError: A share is below 0 or no number.
        """
        for name in ("count_change", "size_change", "default_change"):
            share = getattr(self, name)
            if not share >= 0:
                raise FieldError(name, f"{share:g}", "0 or more")


def objections(new: DatasetFigures, former: DatasetFigures | None, rules: DatasetRules) -> Iterator[str]:
    """Yield why a set may not take another's place, a sentence each: what was found, and what is allowed.

    Args:
        new: Of the set that is to be put in force.
        former: Of the one in force; None, or without users, when there is none to compare with.
        rules: How far they may be apart.
    """
    if not new.users:
        yield "it has no users"
        return
    if former is None or not former.users:
        return
    if new.revision < former.revision:
        yield f"its newest revision is {new.revision:,}, older than {former.revision:,}, which is in force"
    low, high = _around(former.users, rules.count_change)
    if not low <= new.users <= high:
        yield f"it has {new.users:,} users, {former.users:,} are in force; allowed are {low:,.0f} to {high:,.0f}"
    low, high = _around(former.mean_bytes, rules.size_change)
    if not low <= new.mean_bytes <= high:
        yield (
            f"a user takes {new.mean_bytes:,.0f} bytes, {former.mean_bytes:,.0f} in force; "
            f"allowed are {low:,.0f} to {high:,.0f}"
        )
    highest = former.default_share + rules.default_change
    if new.default_share > highest:
        yield (
            f"{new.default_share:.1%} of its users have a default profile, {former.default_share:.1%} in force; "
            f"allowed are at most {highest:.1%}"
        )


def _around(value: float, share: float) -> tuple[float, float]:
    return value * max(1 - share, 0.0), value * (1 + share)
