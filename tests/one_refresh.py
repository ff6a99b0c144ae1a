"""Made-up users and one refresh of them, for tests of what profiles and forewords say."""

from __future__ import annotations

from collections.abc import Sequence

from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.store.activity_writer import count_events
from foreword.v1 import activity_pb2, event_pb2, profile_pb2
from scheduler.agent.population import PopulationView
from scheduler.agent.refresh import RefreshInput, RefreshResult, refresh

NOW_MS = 1_760_000_000_000
CONFIG = Config()


def event(number: int, days_ago: float, topics: Sequence[str] = (), **fields: object) -> event_pb2.Event:
    """Return an event of a user; `fields` as in the proto."""
    made = event_pb2.Event(**{"event_id": f"e{number}", "user_id": "u", "type": "read", **fields})  # type: ignore[arg-type]
    made.topics.extend(topics)
    made.time.FromMilliseconds(NOW_MS - int(days_ago * DAY_MS))
    return made


def make_input(
    events: Sequence[event_pb2.Event],
    previous: profile_pb2.Profile | None = None,
    new: Sequence[event_pb2.Event] | None = None,
    population: PopulationView | None = None,
) -> RefreshInput:
    """Return the input of a refresh at NOW_MS; all events are new unless `new` names them."""
    ordered = sorted(events, key=lambda item: item.time.ToMilliseconds())
    start_ms = NOW_MS - CONFIG.window.days * DAY_MS
    activity = activity_pb2.UserActivity()
    count_events(activity, [item.time.ToMilliseconds() for item in ordered])
    return RefreshInput(
        user_id="u",
        namespace="space",
        now_ms=NOW_MS,
        segment=profile_pb2.SEGMENT_ACTIVE,
        cadence=profile_pb2.CADENCE_NIGHTLY,
        activity=activity,
        new_events=ordered if new is None else new,
        window_events=[item for item in ordered if item.time.ToMilliseconds() >= start_ms],
        previous=previous,
        population=population or PopulationView(CONFIG.window.half_life_days),
    )


def run(events: Sequence[event_pb2.Event], **fields: object) -> RefreshResult:
    """Refresh a user with these events."""
    return compute(make_input(events, **fields))  # type: ignore[arg-type]


def compute(refresh_input: RefreshInput, config: Config = CONFIG) -> RefreshResult:
    """Refresh by code alone."""
    return refresh(refresh_input, config)
