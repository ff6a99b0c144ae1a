"""Real users for tests: the git-activity files, where they are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pytest

from evaluations.events import read_events
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.v1 import activity_pb2, event_pb2, profile_pb2
from scheduler.agent.evidence import time_ms_of
from scheduler.agent.population import PopulationView
from scheduler.agent.refresh import RefreshInput

FOLDER = Path(os.environ.get("FOREWORD_DATA", "../shared/data")) / "git-activity"
CONFIG = Config()

needs_git_activity = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="FOREWORD_DATA has no git-activity files here"
)


@lru_cache(maxsize=8)
def histories(project: str) -> dict[str, list[event_pb2.Event]]:
    """Return the events of a project by user, ascending by time; the busiest users first."""
    users: dict[str, list[event_pb2.Event]] = {}
    for event in read_events(FOLDER / f"{project}.jsonl.gz"):
        users.setdefault(event.user_id, []).append(event)
    for events in users.values():
        events.sort(key=time_ms_of)
    return dict(sorted(users.items(), key=lambda item: (-len(item[1]), item[0])))


def projects() -> list[str]:
    """Return the projects, by name."""
    return sorted(path.name.partition(".")[0] for path in FOLDER.glob("*.jsonl.gz"))


def input_at(
    user: str,
    events: Sequence[event_pb2.Event],
    now_ms: int,
    previous: profile_pb2.Profile | None = None,
    new: Sequence[event_pb2.Event] | None = None,
) -> RefreshInput:
    """Return the input of a refresh at a time; all events until then are new unless `new` names them."""
    until = [event for event in events if time_ms_of(event) <= now_ms]
    start_ms = now_ms - CONFIG.window.days * DAY_MS
    return RefreshInput(
        user_id=user,
        namespace="",
        now_ms=now_ms,
        segment=profile_pb2.SEGMENT_ACTIVE,
        cadence=profile_pb2.CADENCE_NIGHTLY,
        activity=activity_pb2.UserActivity(),
        new_events=until if new is None else new,
        window_events=[event for event in until if time_ms_of(event) >= start_ms],
        previous=previous,
        population=PopulationView(CONFIG.window.half_life_days),
    )
