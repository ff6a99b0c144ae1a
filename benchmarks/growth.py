"""Growth: what a user's profile and its parts weigh as their history grows."""

from __future__ import annotations

from benchmarks.population import NOW_MS, made_events
from benchmarks.table import Table
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.v1 import activity_pb2, profile_pb2
from scheduler.agent.population import PopulationView
from scheduler.agent.refresh import RefreshInput, refresh

SIZES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
# The time that all events span, whatever their number.
SPAN_DAYS = 1_000
REFRESHES = 100


def run() -> Table:
    """Refresh one made reader a hundred times, with one part of the history after the other."""
    table = Table(
        "growth",
        "Bytes of a user by the length of the history",
        "python -m benchmarks growth",
        ("events", "profile", "of it memory", "of it beliefs", "beliefs"),
    )
    for size in SIZES:
        profile = grown(size)
        model = profile.self_model
        table.add(
            f"{size:,}",
            f"{profile.ByteSize():,}",
            f"{profile.memory.ByteSize():,}",
            f"{model.ByteSize():,}",
            str(len(model.beliefs)),
        )
    table.notes.append(
        f"Two of 200 topics, one of 10,000 items and two attributes an event, over {SPAN_DAYS:,} days in up to "
        f"{REFRESHES} refreshes."
    )
    return table


def grown(event_count: int) -> profile_pb2.Profile:
    """Return the profile of a user after so many events."""
    config, profile = Config(), None
    step_ms = SPAN_DAYS * DAY_MS // event_count
    start_ms = NOW_MS - SPAN_DAYS * DAY_MS
    part = max(1, event_count // REFRESHES)
    for first in range(0, event_count, part):
        events = made_events(part, 1, first=first, seed=first)
        for number, event in enumerate(events, first):
            event.time.FromMilliseconds(start_ms + number * step_ms)
        profile = refresh(
            RefreshInput(
                user_id=events[0].user_id,
                namespace="",
                now_ms=start_ms + (first + part) * step_ms,
                segment=profile_pb2.SEGMENT_ACTIVE,
                cadence=1,
                activity=activity_pb2.UserActivity(),
                new_events=events,
                window_events=events,
                previous=profile,
                population=PopulationView(config.window.half_life_days),
            ),
            config,
        ).profile
    assert profile is not None
    return profile
