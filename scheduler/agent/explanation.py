"""Why a topic stands where it stands, as a person would say it."""

from __future__ import annotations

from collections.abc import Iterator

from foreword.clock import DAY_MS, day_text
from scheduler.agent.affinity import Affinity
from scheduler.agent.memory import Memory
from scheduler.agent.window import Window


def explanation(affinity: Affinity, window: Window, memory: Memory) -> str:
    """Return the counts behind a topic's place, without its name: "7 of the last 9 active days; 103 of 1,031 events".

    Whole counts, nothing faded or shrunk: each can be counted again in the events. At most 100 bytes.
    """
    return "; ".join(_reasons(affinity, window, memory))


def _reasons(affinity: Affinity, window: Window, memory: Memory) -> Iterator[str]:
    if affinity.is_refused:
        # No count bears on it.
        yield f"said no on {day_text(affinity.stance_ms // DAY_MS)}"
        return
    if affinity.stance:
        yield f"said yes on {day_text(affinity.stance_ms // DAY_MS)}"
    elif affinity.aversion and affinity.ranked_count:
        yield f"down by {_choices(affinity)}"
    elif affinity.aversion:
        yield _turned_down(affinity, window)
    elif window.days:
        yield _on_days(window.topic_days.get(affinity.key, 0), window.days)
    else:
        yield f"last on {day_text(affinity.last_seen_ms // DAY_MS)}"
    # A topic that was dropped from the memory once and came back counts from there.
    least = "at least " if memory.is_partial else ""
    yield f"{least}{affinity.evidence_count:,} of {memory.events:,} event{'s' * (memory.events != 1)}"
    if affinity.ranked_count and not affinity.aversion:
        yield f"{'up' if affinity.ranked_effect > 0 else 'down'} by {_choices(affinity)}"


def _on_days(days: int, days_of: int) -> str:
    if days_of == 1:
        return "on the last active day" if days else "not on the last active day"
    return f"{days or 'none'} of the last {days_of} active days"


def _choices(affinity: Affinity) -> str:
    return f"{affinity.ranked_count:,} choice{'s' * (affinity.ranked_count != 1)}"


def _turned_down(affinity: Affinity, window: Window) -> str:
    met = window.events.get(affinity.key, ())
    against = sum(item.against for item in met)
    if against and len(met) > 1:
        return f"turned down in {against} of its last {len(met)} events"
    return "mostly turned down" if affinity.liking >= 0 else "newer ratings below the user's own mean"
