"""`policy = "optimal"` at work: refreshes are weighed by what the last pass over all users found."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import cast

from foreword.clock import DAY_MS, Clock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.store import ProfileReader, ProfileWriter
from foreword.store.v1.store_pb2 import PolicyInForce, RatePrior
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.profile_pb2 import Profile, Segment
from foreword.v1.refresh_pb2 import Habits, RefreshReason, RefreshState
from scheduler.due import promised_ms
from scheduler.optimal import (
    Beta,
    Census,
    Gamma,
    InForce,
    Priors,
    count_events,
    count_read,
    count_refresh,
    distance,
    due_ms,
    outline,
    worth,
)
from scheduler.segments import promised_hours

logger = logging.getLogger("scheduler")

# Users read without a pause: about five milliseconds.
_SLICE_MAX = 1000
# What is due by itself, and so is weighed; a person who asks, deleted events and a retry are not.
_WEIGHED = {
    RefreshReason.REFRESH_REASON_UNSPECIFIED,
    RefreshReason.REFRESH_REASON_CADENCE,
    RefreshReason.REFRESH_REASON_SESSION_END,
}


class Policy:
    """Weighs refreshes, and passes over all users once a day.

    Args:
        writer: Of profiles.lmdb.
        profiles: Where refresh states are read.
        clock: Tells the time.
        live: The configuration in force.

    Attributes:
        in_force: By what refreshes are weighed.
    """

    def __init__(
        self, writer: ProfileWriter, profiles: ProfileReader, *, clock: Clock, live: FollowedConfig
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._clock = clock
        self._live = live
        stored = profiles.policy()
        self.in_force = InForce() if stored is None else from_proto(stored)
        self._refreshes = 0
        self._counted_since_ms = clock.now_ms()

    @property
    def is_on(self) -> bool:
        """Whether the policy is in force."""
        return self._live.current.scheduler.policy == "optimal"

    # -- one user -----------------------------------------------------------------------------------------

    def weigh(
        self, state: RefreshState, seen: UserActivity, segment: Segment, now_ms: int, config: Config
    ) -> tuple[Habits, int]:
        """Return a user's habits until now, and when they are due; at `now_ms` or before when that is at once.

        Args:
            state: As it stood when the user was claimed.
            seen: The user's activity.
            segment: The user's segment now.
            now_ms: The time.
            config: The configuration in force.
        """
        idle_ms = int(config.session.idle_timeout_seconds * 1000)
        habits = Habits()
        habits.CopyFrom(state.habits)
        count_events(habits, seen, idle_ms)
        if state.reason == RefreshReason.REFRESH_REASON_SESSION_END and not state.settling_since_ms:
            # Due when a session has been idle, whose beginning may have been a read that left no event.
            count_read(habits, state.due_ms - idle_ms, idle_ms)
        if state.reason not in _WEIGHED:
            return habits, now_ms
        due = due_ms(
            habits,
            seen.event_count - state.consumed_count,
            is_computed=state.revision > 0,
            priors=self.in_force.priors,
            threshold=self.in_force.threshold,
            now_ms=now_ms,
            promised_ms=promised_ms(segment, state.attempted_ms or seen.first_seen_ms, config),
        )
        return habits, due

    def is_worth(self, state: RefreshState, seen: UserActivity) -> bool:
        """Return whether the user's news are worth a refresh, as their habits were last counted."""
        news = seen.event_count - state.consumed_count
        found = worth(state.habits, news, is_computed=state.revision > 0, priors=self.in_force.priors)
        return found >= self.in_force.threshold

    def count(
        self, habits: Habits, event_count: int, before: Profile | None, after: Profile, material: float
    ) -> None:
        """Count a refresh that was computed, and whether it changed anything that matters; the first one says nothing.

        Args:
            habits: The user's; changed in place.
            event_count: Events it took in.
            before: The profile in force until then.
            after: What it wrote.
            material: Distance from which on that is another profile.
        """
        self._refreshes += 1
        if before is not None:
            has_changed = distance(outline(before), outline(after)) >= material
            count_refresh(habits, event_count, has_changed, self.in_force.priors)

    # -- all users ----------------------------------------------------------------------------------------

    async def pass_when_due(self) -> None:
        """Look through all users when the last time is a day ago, or another budget is in force.

        Raises:
            StoreError: profiles.lmdb cannot be read or written; what was in force stays so.
        """
        now_ms, budget = self._clock.now_ms(), self._live.current.scheduler.refreshes_per_day
        is_today = 0 <= now_ms - self.in_force.computed_ms < DAY_MS
        if self.is_on and budget is not None and not (is_today and self.in_force.budget == budget):
            await self._pass(now_ms, float(budget))

    async def _pass(self, now_ms: int, budget: float) -> None:
        config = self._live.current
        census = Census(self.in_force, now_ms)
        numbers = [Segment.SEGMENT_UNSPECIFIED, *(tried.number for tried in config.segments.tried())]
        waits = {number: promised_hours(cast(Segment, number), config) / 24 for number in numbers}
        after = b""
        while users := self._profiles.refresh_states(after, _SLICE_MAX):
            after = users[-1][0]
            for _, state in users:
                census.add(state.habits, wait_days=waits.get(state.segment, math.inf))
            await asyncio.sleep(0)
        counted_ms = now_ms - self._counted_since_ms
        per_day = self._refreshes / counted_ms * DAY_MS if counted_ms > 0 else None
        found = census.close(budget, per_day)
        with self._writer.begin() as txn:
            txn.put_policy(to_proto(found))
        self.in_force, self._refreshes, self._counted_since_ms = found, 0, now_ms
        logger.info(
            "%s users weighed: who gains %.4g opens by a refresh gets one; %.4g a day are allowed, %.4g expected",
            f"{found.users:,}",
            found.threshold,
            budget,
            found.expected * found.correction,
        )


def to_proto(found: InForce) -> PolicyInForce:
    """Return the row of `meta`."""
    priors = found.priors
    return PolicyInForce(
        opens_per_day=RatePrior(**priors.opens_per_day._asdict()),
        opens_per_event=RatePrior(**priors.opens_per_event._asdict()),
        changes_per_event=RatePrior(**priors.changes_per_event._asdict()),
        returns_came=priors.returns.came,
        returns_left=priors.returns.left,
        **{name: value for name, value in found._asdict().items() if name != "priors"},
    )


def from_proto(row: PolicyInForce) -> InForce:
    """Return what a stored row says."""
    return InForce(
        priors=Priors(
            _gamma(row.opens_per_day),
            _gamma(row.opens_per_event),
            _gamma(row.changes_per_event),
            Beta(row.returns_came, row.returns_left),
        ),
        **{name: getattr(row, name) for name in InForce._fields if name != "priors"},
    )


def _gamma(row: RatePrior) -> Gamma:
    return Gamma(row.shape, row.exposure)
