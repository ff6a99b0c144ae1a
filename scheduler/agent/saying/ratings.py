"""What the user rates high and low, in their own numbers: means of all ratings, unfaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from foreword.v1 import profile_pb2
from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.saying.areas import keys, leading
from scheduler.agent.saying.saying import Saying

# Liking is called so from these many standard deviations on, over so many ratings.
_LIKING_MIN = 0.15
_RATINGS_MIN = 5
_ABOVE, _BELOW = 3, 2


def ratings(findings: Findings, _: profile_pb2.SelfModel, claimed: Set[str]) -> Iterator[Saying]:
    """Say the mean of all ratings, and what lies above and below it both in plain means and faded."""
    if not findings.memory.rating_count or findings.memory.is_partial:
        return
    above, below = _apart(findings, claimed, 1)[:_ABOVE], _apart(findings, claimed, -1)[:_BELOW]
    said = "; ".join(", ".join(_means(findings, items)) for items in (above, below) if items)
    mean = f"Rates {overall_mean(findings):.1f} on average"
    if said:
        yield Saying("rating", f"{mean}: {said}.", keys([*above, *below]))
    elif any(rated(findings, item) for item in leading(findings)):
        yield Saying("rating", f"{mean}.")


def rated(findings: Findings, item: Affinity) -> str | None:
    """Return `rated 4.2`, where that lies off the mean of all; None elsewhere."""
    is_apart = _is_apart(findings, item, 1) or _is_apart(findings, item, -1)
    return f"rated {_mean(findings, item):.1f}" if is_apart else None


def overall_mean(findings: Findings) -> float:
    """Return the mean of all ratings."""
    return findings.memory.rating_total / findings.memory.rating_count


def _apart(findings: Findings, claimed: Set[str], side: int) -> list[Affinity]:
    """Return the topics on one side of the mean, furthest first."""
    found = [
        item
        for item in (*findings.high, *findings.low)
        if item.key not in claimed
        and _is_apart(findings, item, side)
        and not item.is_refused
        and findings.names.name(item.topic) is not None
    ]
    return sorted(found, key=lambda item: (-item.liking * side, item.key))


def _is_apart(findings: Findings, item: Affinity, side: int) -> bool:
    """Return whether a topic lies on one side of the mean, as far as one decimal shows it, and faded likewise."""
    is_known = (
        findings.memory.topics[item.key].rating_count >= _RATINGS_MIN and not findings.memory.is_partial
    )
    if not is_known or item.liking * side < _LIKING_MIN:
        return False
    return (round(_mean(findings, item), 1) - round(overall_mean(findings), 1)) * side > 0


def _mean(findings: Findings, item: Affinity) -> float:
    count = findings.memory.topics[item.key]
    return count.rating_total / count.rating_count


def _means(findings: Findings, items: Sequence[Affinity]) -> Iterator[str]:
    for item in items:
        yield f"{findings.names.shown(item.topic)} {_mean(findings, item):.1f}"
