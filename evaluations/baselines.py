"""What simple rules would have said of a user: whatever a profile adds, it has to beat these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from evaluations.replay import WINDOW_DAYS
from foreword.clock import DAY_MS
from scheduler.agent.evidence import Evidence

BASELINES = ("uniform_28d", "half_life_7d", "half_life_30d", "all_history", "popularity", "last_event")
_HALF_LIVES_DAYS = (7, 30)


def baselines(
    before: Sequence[Evidence], popularity: Mapping[str, float], now_ms: int
) -> Iterator[tuple[str, list[str]]]:
    """Yield each baseline's topics, best first; among equals the one met last.

    Args:
        before: What the user did, ascending by time; at least one event.
        popularity: What all users did, from `count`.
        now_ms: The cut.
    """
    recency = {topic: place for place, item in enumerate(before) for topic in item.topics}
    start_ms = now_ms - WINDOW_DAYS * DAY_MS
    window: dict[str, float] = {}
    count(window, (item for item in before if item.time_ms >= start_ms))
    yield "uniform_28d", _ranked(window, recency)
    for days in _HALF_LIVES_DAYS:
        yield f"half_life_{days}d", _ranked(_faded(before, now_ms, days * DAY_MS), recency)
    ever: dict[str, float] = {}
    count(ever, before)
    yield "all_history", _ranked(ever, recency)
    yield "popularity", _ranked(popularity, recency)
    yield "last_event", list(before[-1].topics)


def count(counts: dict[str, float], items: Iterable[Evidence]) -> None:
    """Count the events for each topic."""
    for item in items:
        if not item.against:
            for topic in item.topics:
                counts[topic] = counts.get(topic, 0.0) + 1.0


def _faded(before: Sequence[Evidence], now_ms: int, half_life_ms: int) -> dict[str, float]:
    counts: dict[str, float] = {}
    for item in before:
        if not item.against:
            weight = 2.0 ** ((item.time_ms - now_ms) / half_life_ms)
            for topic in item.topics:
                counts[topic] = counts.get(topic, 0.0) + weight
    return counts


def _ranked(counts: Mapping[str, float], recency: Mapping[str, int]) -> list[str]:
    return sorted(counts, key=lambda topic: (-counts[topic], -recency.get(topic, -1), topic))
