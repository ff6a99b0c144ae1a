"""A memory takes 6 KB at most, and what it keeps in them."""

from __future__ import annotations

import pytest

from foreword.v1 import event_pb2
from scheduler.agent.kept_counts import MEMORY_BYTES_MAX
from tests.one_refresh import event, run


def busy(number: int, width: int, **fields: object) -> event_pb2.Event:
    """Return an event with topics, attributes and an item of its own, each of that many bytes."""
    made = event(
        number, number / 10, [f"t{number}".ljust(width, "x"), f"u{number}".ljust(width, "y")], **fields
    )
    made.attributes["tool"] = f"a{number}".ljust(min(64, width), "z")
    made.item_id = f"i{number}".ljust(width, "w")
    return made


@pytest.mark.parametrize("width", [8, 40, 128])
def test_a_memory_is_bounded_in_bytes_whatever_it_is_of(width: int) -> None:
    """Hundreds of topics, attributes, items and noes of any length stay within the limit, over several refreshes."""
    profile = None
    for turn in range(3):
        events = [busy(1000 * turn + number, width) for number in range(200)]
        events += [busy(1000 * turn + 500 + number, width, type="mute") for number in range(60)]
        profile = run(events, previous=profile, new=events).profile
        assert profile.memory.ByteSize() <= MEMORY_BYTES_MAX
        assert profile.memory.is_partial


def test_the_strongest_topics_are_kept() -> None:
    """What gives way are topics of one event, not of many, and what was said no to stays."""
    events = [event(number, number / 30, ["opera"]) for number in range(30)]
    events += [event(100 + number, number / 300, [f"{number}".ljust(60, "x")]) for number in range(300)]
    events += [event(900, 9, ["football"], type="mute")]
    kept = [row.value for row in run(events).profile.memory.topics]
    assert kept[:2] == ["football", "opera"]
    assert 20 < len(kept) < 100


def test_what_came_back_after_it_gave_way_is_counted_as_at_least() -> None:
    """Once a topic gave way, no count of one is said to be all there were."""
    events = [event(number, number / 300, [f"{number}".ljust(60, "x"), "opera"]) for number in range(300)]
    rows = run(events).profile.content_preferences.high_affinity_topics
    assert rows[0].explanation.endswith("; 300 of 300 events")
    previous = run(events).profile
    again = run(events, previous=previous, new=[]).profile.content_preferences.high_affinity_topics
    assert again[0].explanation.endswith("; at least 300 of 300 events")
