"""The activity window: what the newest weeks weigh, topic by topic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from foreword.clock import DAY_MS
from foreword.config_window import Window as WindowRules
from scheduler.agent.evidence import Evidence

Key = TypeVar("Key")

# As many of the newest active days as a person looks back on; more would tell of habits, which the memory does.
_LOOK_BACK_DAYS = 10
# Bounds of the search for the window's half-life, in days; at the upper one all events count alike.
_HALF_LIFE_DAYS = (0.05, 10_000.0)


@dataclass(slots=True)
class Window:
    """Weights of the window's events in units of one event of now, and the events behind each topic.

    Attributes:
        topics: Weight of the events for each topic, by `topic_key` as all else here.
        weight: Weight of all events.
        events: The evidence behind each topic, oldest first, events against it included.
        recent: How many events of each topic lie in the newest part.
        count: Events in the window.
        days: How many of the newest active days are looked back on.
        topic_days: On how many of these each topic was met.
    """

    topics: dict[str, float] = field(default_factory=dict)
    weight: float = 0.0
    events: dict[str, list[Evidence]] = field(default_factory=dict)
    recent: dict[str, int] = field(default_factory=dict)
    count: int = 0
    days: int = 0
    topic_days: dict[str, int] = field(default_factory=dict)


def weigh(evidence: Sequence[Evidence], now_ms: int, rules: WindowRules, *, is_cut: bool = False) -> Window:
    """Return the window's weights.

    Events fade at such a rate that, at an even pace, the newest `recent_days` carry `recent_weight` of what the days
    up to `middle_days` carry; older ones, at less than a tenth of a new one by default, do little more than break
    ties. A fade rather than steps, since an event does not lose two thirds of its meaning on its eighth day: steps
    foretold the next week as well on average, but less evenly. Events of one topic on one day count by the square
    root of their number: twenty commits of one afternoon are one afternoon's interest, not twenty.

    Args:
        evidence: What counts of the window's events.
        now_ms: The time of the refresh.
        rules: Of the window.
        is_cut: More events lie in the window than were read, so that its oldest day is not whole.
    """
    window = Window(count=len(evidence))
    days: dict[int, list[float]] = {}
    topic_days: dict[tuple[str, int], list[float]] = {}
    half_life_ms = half_life_days(rules.recent_days, rules.middle_days, rules.recent_weight) * DAY_MS
    recent_ms = now_ms - rules.recent_days * DAY_MS
    for item in evidence:
        recent = item.time_ms >= recent_ms
        weight = item.weight * 2.0 ** (min(0, item.time_ms - now_ms) / half_life_ms)
        day = item.time_ms // DAY_MS
        _count(days, day, weight)
        for topic in item.topics:
            window.events.setdefault(topic, []).append(item)
            if recent:
                window.recent[topic] = window.recent.get(topic, 0) + 1
            if not item.against:
                _count(topic_days, (topic, day), weight)
    window.weight = sum(weight / math.sqrt(count) for weight, count in days.values())
    for (topic, _day), (weight, count) in topic_days.items():
        window.topics[topic] = window.topics.get(topic, 0.0) + weight / math.sqrt(count)
    whole = sorted(day for day in days if day * DAY_MS >= now_ms - rules.days * DAY_MS)[int(is_cut) :]
    newest = frozenset(whole[-_LOOK_BACK_DAYS:])
    window.days = len(newest)
    for topic, day in topic_days:
        if day in newest:
            window.topic_days[topic] = window.topic_days.get(topic, 0) + 1
    return window


@lru_cache(maxsize=16)
def half_life_days(recent_days: int, middle_days: int, recent_weight: float) -> float:
    """Return the half-life at which the newest days carry their share of the weight up to `middle_days`.

    Solves (1 - q^recent) / (1 - q^middle) = share for the daily factor q, by bisection of the half-life.
    """
    low, high = _HALF_LIFE_DAYS
    for _ in range(60):
        middle = math.sqrt(low * high)
        recent_share = (1 - 2 ** (-recent_days / middle)) / (1 - 2 ** (-middle_days / middle))
        low, high = (middle, high) if recent_share > recent_weight else (low, middle)
    return math.sqrt(low * high)


def _count(sums: dict[Key, list[float]], key: Key, weight: float) -> None:
    entry = sums.get(key)
    if entry is None:
        sums[key] = [weight, 1.0]
    else:
        entry[0] += weight
        entry[1] += 1.0
