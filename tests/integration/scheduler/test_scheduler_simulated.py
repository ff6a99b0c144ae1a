"""A scheduler that runs, beside a simulation of the same weeks: the same refreshes at the same minutes."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest
from git_activity import histories, needs_git_activity, projects

from foreword import keys
from foreword.clock import DAY_MS
from foreword.store import NewEvent
from foreword.store.responses import asks_for_refresh
from foreword.v1.event_pb2 import Event
from foreword.v1.refresh_pb2 import RefreshOutcome
from scheduler.agent.extractive import EXTRACTIVE_VERSION
from scheduler.daemon import compute_extractive
from scheduler.simulation import CallPrice, Moment, simulate, trace

FREE = CallPrice(0, 0)  # type: ignore[arg-type]
IDLE_MS = 1_800_000
OPEN_MS = 60_000


def activity(start_ms: int, days: int, seed: int) -> list[Event]:
    """Return events of users who come daily, weekly and seldom, with sessions of a few events."""
    dice = random.Random(seed)
    events = []
    for number, rate in enumerate((0.95, 0.9, 0.5, 0.3, 0.2, 0.1, 0.05)):
        for day in range(days):
            if dice.random() > rate:
                continue
            time_ms = start_ms + day * DAY_MS + dice.randrange(DAY_MS // 2)
            for _ in range(dice.randint(1, 3)):
                event = Event(event_id=f"e{len(events)}", user_id=f"user{number}", type="view", topics=["t"])
                event.attributes["plan"] = "team" if number % 2 else "free"
                event.time.FromMilliseconds(time_ms)
                events.append(event)
                time_ms += dice.randrange(1000, 600_000)
    return events


class Driver:
    """Moves the clock of a store through a trace, and lets its daemon do what is due at each moment."""

    def __init__(self, store, daemon) -> None:
        self.store = store
        self.daemon = daemon
        self.asked: dict[bytes, int] = {}
        self.next_day_ms = (store.clock.now_ms() // DAY_MS + 1) * DAY_MS

    async def go_to(self, at_ms: int) -> None:
        """Move on, stopping wherever somebody is due or a day has ended."""
        while True:
            due = self.store.profiles.due(1 << 62, 1)
            stop_ms = min(self.next_day_ms, due[0][0] if due else at_ms)
            if stop_ms >= at_ms:
                break
            await self.stop_at(stop_ms)
            if stop_ms == self.next_day_ms:
                self.next_day_ms += DAY_MS
                await self.daemon._reviewer.run(self.daemon._activity)
                await self.settle()
        await self.stop_at(at_ms)

    async def stop_at(self, at_ms: int) -> None:
        """Set the clock, and have done what is due by then."""
        self.store.clock.advance(at_ms - self.store.clock.now_ms())
        self.daemon.runner.sweep()
        await self.settle()

    async def settle(self) -> None:
        """Wait until all triggers are taken and nobody is due."""
        daemon, store = self.daemon, self.store

        def is_settled() -> bool:
            if daemon._activity is None:
                return False
            taken = store.profiles.trigger_cursor(daemon._activity.environment_id)
            is_taken = taken >= daemon._activity.newest_trigger()
            is_due = bool(store.profiles.due(store.clock.now_ms() + 1, 1))
            return is_taken and not is_due and daemon.runner.is_idle and not daemon.runner.in_flight_count

        await store.until(is_settled, "everything due to be done")

    async def happen(self, moment: Moment, event: Event) -> None:
        """Read, where a session begins, then record; as a sidecar would."""
        now_ms, user_id = moment.time_ms, keys.split_user_key(moment.user)[0]
        known = self.store.user_activity(user_id)
        is_again = now_ms - self.asked.get(moment.user, 0) < OPEN_MS
        is_asking = asks_for_refresh(self.store.profiles.profile_row(moment.user))
        if moment.is_open and known is not None and is_asking and not is_again:
            self.asked[moment.user] = now_ms
            self.store.request(user_id, on_open=True)
            await self.settle()
        taken = self.store.profiles.trigger_cursor(self.store.activity.environment_id)
        with self.store.activity.begin(taken_through=taken, noting=self.store.config.noting()) as txn:
            new = NewEvent(
                moment.user, event.event_id, now_ms, event.SerializeToString(), moment.ends_session
            )
            txn.record([new], now_ms)
        await self.settle()


SETTINGS = {
    "defaults": {},
    "ones own": {
        "team": {
            "refresh": "cron",
            "cron": "30 6 * * TUE,FRI",
            "stale_after_hours": 90,
            "expired_after_hours": 200,
            "time_zone": "America/New_York",
            "when": {"attributes": {"plan": ["team"]}, "age_days_min": 2},
        },
        "active": {"night": "23:00-01:00", "time_zone": "Europe/Berlin"},
        "dormant": {"refresh": "manual"},
    },
}


def live(store, events: list[Event]) -> None:
    """Move a daemon through all events, and hold what it did against the simulation of the same."""
    moments = trace(events, IDLE_MS)
    ordered = sorted(events, key=lambda event: (event.time.ToMilliseconds(), keys.user_key(event.user_id)))
    # The daemon's own timers go by the machine's clock.
    store.settings["scheduler"] |= {"sweep_seconds": 3600, "review_seconds": 86_400}

    async def story() -> None:
        options = {"compute": compute_extractive, "prompt_version": EXTRACTIVE_VERSION}
        async with store.running(**options) as daemon:
            await store.until(lambda: daemon._activity is not None)
            driver = Driver(store, daemon)
            for moment, event in zip(moments, ordered, strict=True):
                await driver.go_to(moment.time_ms)
                await driver.happen(moment, event)

    _ = store.activity
    asyncio.run(story())
    found = store.ledger()
    figures = simulate(moments, store.config, FREE)
    assert Counter(entry.outcome for entry in found) == figures.total().outcomes
    assert Counter(entry.started_ms // 60_000 for entry in found) == figures.by_minute
    assert figures.total().outcomes[RefreshOutcome.REFRESH_OUTCOME_WRITTEN] > 20
    assert all(entry.started_ms <= moments[-1].time_ms for entry in found)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_simulation_foretells_what_the_daemon_does(store, name: str) -> None:
    """Three weeks on a clock that is moved: outcomes and minutes of all refreshes are those of the simulation."""
    store.settings["segments"] = SETTINGS[name]
    live(store, activity(store.clock.now_ms() + 1000, 21, seed=5))


@needs_git_activity
def test_a_month_of_real_developers_is_foretold(store) -> None:
    """The busiest month of a real project, begun with the month before it: refresh by refresh, the same minutes."""
    events = [event for user in histories(projects()[0]).values() for event in user]
    months = Counter(event.time.ToMilliseconds() // (30 * DAY_MS) for event in events)
    month, _ = months.most_common(1)[0]
    start_ms, end_ms = (month - 1) * 30 * DAY_MS, (month + 1) * 30 * DAY_MS
    chosen = [event for event in events if start_ms <= event.time.ToMilliseconds() < end_ms]
    store.clock.advance(min(event.time.ToMilliseconds() for event in chosen) - 1000 - store.clock.now_ms())
    live(store, chosen)
