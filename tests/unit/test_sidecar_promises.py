"""Freshness promises: told once when they are broken and once when they are kept again, whatever happens between."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.clock import ManualClock
from foreword.config import Config
from foreword.config_segments import SegmentSettings
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.store import ActivityReader, ActivityWriter
from foreword.v1.freshness_pb2 import Freshness
from sidecar.alerts import Alert
from sidecar.counts import Counts, age_hours
from sidecar.promises import Kept, Promises, is_broken, promised_share

ACTIVE = 2
FRESH, EXPIRED = Freshness.FRESHNESS_FRESH, Freshness.FRESHNESS_EXPIRED


class Activity:
    """The sidecar's activity, over a real store, without its committer."""

    def __init__(self, directory: Path) -> None:
        self.writer = ActivityWriter(directory, map_size_bytes=1 << 24)
        self.reader = ActivityReader(directory)
        self.is_healthy = True

    async def write(self, job: Callable[[Any], Any]) -> Any:
        """Run a job in a transaction."""
        with self.writer.begin() as txn:
            return job(txn)

    def close(self) -> None:
        """Release the store."""
        self.reader.close()
        self.writer.close()


class Counted:
    """Counts as a test sets them."""

    duration_seconds = 0.0

    def __init__(self) -> None:
        self.counts = Counts(counted_ms=0)

    def set(self, expired: int, users: int = 1000) -> None:
        """Have so many of the active users' profiles be expired."""
        by_segment = Counter({(ACTIVE, FRESH): users - expired, (ACTIVE, EXPIRED): expired})
        self.counts = Counts(counted_ms=0, by_segment=by_segment)

    async def current(self) -> Counts:
        """Return them."""
        return self.counts


class World:
    """A sidecar's promises, which may be restarted."""

    def __init__(self, directory: Path) -> None:
        self.activity = Activity(directory)
        self.counted, self.clock, self.told = Counted(), ManualClock(), []
        self.restart()

    def restart(self) -> None:
        """Forget all but what is in the store."""
        self.problems = Problems(self.clock, logging.getLogger("test"))
        live = FollowedConfig(Config(), None, self.problems, component="test", at_start={})
        told: list[Alert] = self.told

        class Sent:
            send = staticmethod(told.append)

        self.promises = Promises(
            self.counted,
            self.activity,
            Sent(),
            self.problems,
            live=live,
            clock=self.clock,  # type: ignore[arg-type]
        )

    def judge(self) -> None:
        """Judge once, a minute later."""
        self.clock.advance(60_000)
        asyncio.run(self.promises.judge())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A store without a user."""
    made = World(tmp_path)
    with closing(made.activity):
        yield made


def test_a_breach_and_its_end_are_told_once(world: World) -> None:
    """Eleven of a thousand are too many, nine are few enough to be well again, and one alert each says so."""
    for expired in (5, 11, 12, 200, 10, 9, 5):
        world.counted.set(expired)
        world.judge()
    assert [(alert.kind, alert.segment, alert.found_share) for alert in world.told] == [
        ("freshness.broken", "active", 0.989),
        ("freshness.kept", "active", 0.991),
    ]
    assert world.told[0].alert_id.partition("-")[0] == world.told[1].alert_id.partition("-")[0]
    assert world.problems.listed() == []


def test_a_restart_neither_repeats_nor_forgets(world: World) -> None:
    """A breach that goes on is a problem again after a restart, and no alert; its end is told all the same."""
    world.counted.set(300)
    world.judge()
    world.restart()
    world.judge()
    assert [problem.component for problem in world.problems.listed()] == ["sidecar.freshness"]
    assert (
        "30.0% of the 1,000 profiles of segment active are older than 72 hours"
        in world.problems.listed()[0].message
    )
    world.restart()
    world.counted.set(0)
    world.judge()
    assert [alert.kind for alert in world.told] == ["freshness.broken", "freshness.kept"]


def test_a_paused_segment_breaks_no_promise(world: World) -> None:
    """While refreshes are paused nobody is told that profiles grow old; afterwards they are judged as ever."""
    with world.activity.writer.begin() as txn:
        pauses = txn.pauses()
        pauses.since_ms["active"] = 1
        txn.put_pauses(pauses)
    world.counted.set(900)
    world.judge()
    assert world.told == []
    with world.activity.writer.begin() as txn:
        pauses = txn.pauses()
        pauses.since_ms.clear()
        txn.put_pauses(pauses)
    world.judge()
    assert [alert.kind for alert in world.told] == ["freshness.broken"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.integers(0, 30), st.just("restart")), max_size=25))
def test_alerts_alternate_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    """Under any shares and restarts: broken, kept, broken, …, as often as the rule says, in pairs of one id."""
    world = World(tmp_path_factory.mktemp("store"))
    expected, broken = 0, False
    with closing(world.activity):
        for step in steps:
            if step == "restart":
                world.restart()
                continue
            world.counted.set(step)
            world.judge()
            now = is_broken(Kept(0.99, 1 - step / 1000, 1000), was_broken=broken)
            expected += now != broken
            broken = now
    kinds = [alert.kind.partition(".")[2] for alert in world.told]
    assert len(kinds) == expected
    assert kinds == ["broken" if place % 2 == 0 else "kept" for place in range(len(kinds))]
    ids = [alert.alert_id.partition("-")[0] for alert in world.told]
    assert all(ids[place] == ids[place - 1] for place in range(1, len(ids), 2))
    assert len(set(ids)) == (len(ids) + 1) // 2


@pytest.mark.parametrize(
    ("refresh", "given_share", "share"),
    [
        ("nightly", None, 0.99),
        ("every", None, 0.99),
        ("after-session", None, 0.0),
        ("on-open", None, 0.0),
        ("manual", 0.5, 0.5),
        ("nightly", 0.0, 0.0),
    ],
)
def test_what_is_promised_follows_the_rule_unless_said(
    refresh: Any, given_share: float | None, share: float
) -> None:
    """Only where time alone brings a refresh is something promised by default."""
    segment = SegmentSettings(
        refresh=refresh, stale_after_hours=1, expired_after_hours=2, promised_share=given_share
    )
    assert promised_share(segment) == share


def test_ages_are_of_one_segment() -> None:
    """Percentiles by whole hours, each segment for itself; none where there is no profile."""
    counts = Counts(counted_ms=0, ages=Counter({(1, 1): 90, (1, 50): 9, (1, 700): 1, (2, 3): 5}))
    assert [age_hours(counts, 1, percentile) for percentile in (50, 90, 95, 99, 100)] == [1, 1, 50, 50, 700]
    assert age_hours(counts, 2, 95) == 3
    assert age_hours(counts, 3, 50) is None
