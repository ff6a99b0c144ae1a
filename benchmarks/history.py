"""A refresh by the length of the history: what it reads and computes for one new event, and what it remembers."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.growth import SPAN_DAYS
from benchmarks.population import NOW_MS, made_events
from benchmarks.table import Table, ratio
from foreword import keys
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.store import ActivityReader, ActivityWriter, NewEvent
from foreword.store.activity_reader import News
from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.population import PopulationView
from scheduler.agent.refresh import RefreshInput, refresh

SIZES = (100, 1_000, 10_000, 100_000)
_REPEATS = 51
# Events a day at which the history of a thousand is a month long.
_DAILY = 36
_WRITE_EVENTS = 10_000


def run() -> Table:
    """Refresh users who differ in the length of their history only, and users who differ in their pace."""
    table = Table(
        "history",
        "A refresh for one new event, by the length of the history",
        "python -m benchmarks history",
        (
            "history",
            "events",
            "window",
            "profile bytes",
            "memory bytes",
            "ms of processor time",
            "to 1,000 events",
        ),
    )
    for title, step_of in (
        (f"{_DAILY} events a day", lambda _size: DAY_MS // _DAILY),
        (f"{SPAN_DAYS:,} days", lambda size: SPAN_DAYS * DAY_MS // size),
    ):
        measured = {size: _measured(size, step_of(size)) for size in SIZES}
        base_ms = measured[1_000][0]
        for size, (took_ms, profile, window) in measured.items():
            table.add(
                title,
                f"{size:,}",
                f"{window:,}",
                f"{profile.ByteSize():,}",
                f"{profile.memory.ByteSize():,}",
                f"{took_ms:.2f}",
                ratio(took_ms, base_ms),
            )
    table.notes += [
        f"Median of {_REPEATS} refreshes of a profile that has all but the newest event: reading the store, folding, "
        "weighing, rendering; without writing.",
        "Two of 200 topics and one of 10,000 items an event. What is in the window decides, up to `window.events_max`.",
    ]
    return table


def _measured(size: int, step_ms: int) -> tuple[float, profile_pb2.Profile, int]:
    """Return the milliseconds of a refresh, the profile it gives, and the events of its window."""
    events = made_events(size, 1, first=0, seed=size)
    for number, event in enumerate(events):
        event.user_id = "ann"
        event.time.FromMilliseconds(NOW_MS - (size - number) * step_ms)
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), events)
        activity = ActivityReader(Path(folder))
        before = _refresh(activity, None, 0)[0]
        took = []
        for _ in range(_REPEATS):
            began = time.process_time()
            profile, window = _refresh(activity, before, size - 1)
            took.append(1e3 * (time.process_time() - began))
        activity.close()
    return statistics.median(took), profile, window


def _write(store: Path, events: list[event_pb2.Event]) -> None:
    writer = ActivityWriter(store, map_size_bytes=4 << 30)
    for first in range(0, len(events), _WRITE_EVENTS):
        rows = [
            NewEvent(
                keys.user_key("ann"),
                event.event_id,
                event.time.ToMilliseconds(),
                event.SerializeToString(),
                False,
            )
            for event in events[first : first + _WRITE_EVENTS]
        ]
        with writer.begin() as txn:
            txn.record(rows, NOW_MS)
    writer.close()


def _refresh(
    activity: ActivityReader, previous: profile_pb2.Profile | None, consumed: int
) -> tuple[profile_pb2.Profile, int]:
    """Refresh from the store; a first refresh leaves out the newest event."""
    config, user = Config(), keys.user_key("ann")
    seen = activity.user(user)
    if seen is None:
        raise LookupError("nobody in the store")
    through_seq = seen.last_seq if previous is not None else seen.last_seq - 1
    news = News(seen.last_seq - 1 if consumed else 0, through_seq, seen.event_count - consumed)
    from_ms = NOW_MS - config.window.days * DAY_MS
    stored = activity.events(user, from_ms=from_ms, news=news, window_max=config.window.events_max)
    window = [event.event for event in stored if event.time_ms >= from_ms and event.sequence <= through_seq]
    refresh_input = RefreshInput(
        user_id="ann",
        namespace="",
        now_ms=NOW_MS,
        segment=profile_pb2.SEGMENT_ACTIVE,
        cadence=profile_pb2.CADENCE_NIGHTLY,
        activity=seen,
        new_events=[event.event for event in stored if news.after_seq < event.sequence <= through_seq],
        window_events=window[-config.window.events_max :],
        previous=previous,
        population=PopulationView(config.window.half_life_days),
    )
    return refresh(refresh_input, config).profile, len(refresh_input.window_events)
