"""`policy = "optimal"` on a virtual clock: its own weighing, its own pass over users, of what was known by then."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from evaluations.cadence.schedules import Refreshed, Schedule
from evaluations.cadence.traces import Traced
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.store.activity_writer import count_events
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.refresh_pb2 import Habits
from scheduler import optimal
from scheduler.segments import classify, promised_hours

# Days between two passes over all users. The daemon makes one a day; over years of a few users it would be the whole
# time of an evaluation.
_PASS_DAYS = 14


class Spending(NamedTuple):
    """What refreshes may cost.

    Attributes:
        threshold: One that stays; None: each night's own.
        per_day: By the day since 1970, how many refreshes a day; without a threshold that stays.
    """

    threshold: float | None = None
    per_day: Sequence[float] = (0.0,)
    first_day: int = 0

    def budget(self, day: int) -> float:
        """Return how many refreshes a day may bring."""
        return self.per_day[min(max(day - self.first_day, 0), len(self.per_day) - 1)]


@dataclass
class _User:
    traced: Traced
    habits: Habits = field(default_factory=Habits)
    activity: UserActivity = field(default_factory=UserActivity)
    seen: int = -1
    read: int = -1
    read_events: int = 0
    read_ms: int = 0
    refreshed: list[Refreshed] = field(default_factory=list)

    @property
    def news(self) -> int:
        return self.activity.event_count - self.read_events


class OptimalLife:
    """All users of a store under the policy.

    Args:
        users: Who.
        config: Segments, for their service levels; and the length of a session.
        spending: What refreshes may cost.
        keeps_promises: Whether the service levels hold.
        nights: Days between two nights on which priors and threshold are computed.
    """

    def __init__(
        self,
        users: Sequence[Traced],
        config: Config,
        spending: Spending,
        *,
        keeps_promises: bool = True,
        nights: int = _PASS_DAYS,
    ) -> None:
        self._users = [_User(user) for user in users]
        self._config = config
        self._spending = spending
        self._keeps_promises = keeps_promises
        self._nights = nights
        self._idle_ms = int(config.session.idle_timeout_seconds * 1000)
        self._known: list[_User] = []
        self._actual = 0
        self.in_force = optimal.InForce(threshold=spending.threshold or 0.0)

    def run(self) -> Schedule:
        """Live through all sessions; return each user's refreshes."""
        moments = [
            (row.end_ms + self._idle_ms, _ENDED, place, number)
            for place, user in enumerate(self._users)
            for number, row in enumerate(user.traced.sessions)
        ]
        first_day, last_day = min(moments)[0] // DAY_MS, max(moments)[0] // DAY_MS
        moments += [(day * DAY_MS, _NIGHT, 0, 0) for day in range(first_day + 1, last_day + 1, self._nights)]
        heapq.heapify(moments)
        while moments:
            at_ms, kind, place, number = heapq.heappop(moments)
            if kind == _NIGHT:
                self._night(at_ms)
                continue
            user = self._users[place]
            if kind == _ENDED:
                self._ended(user, number)
            elif user.read_ms != number or not user.news:
                # A promise that a refresh has met meanwhile.
                continue
            due_ms = self._due_ms(user, at_ms)
            if 0 < due_ms <= at_ms:
                self._refresh(user, at_ms)
            elif due_ms:
                heapq.heappush(moments, (due_ms, _PROMISED, place, user.read_ms))
        return {user.traced.key: user.refreshed for user in self._users}

    def _ended(self, user: _User, number: int) -> None:
        if user.seen < 0:
            self._known.append(user)
        user.seen = number
        count_events(user.activity, list(user.traced.sessions[number].times_ms))
        optimal.count_events(user.habits, user.activity, self._idle_ms)

    def _due_ms(self, user: _User, at_ms: int) -> int:
        return optimal.due_ms(
            user.habits,
            user.news,
            is_computed=user.read >= 0,
            priors=self.in_force.priors,
            threshold=self.in_force.threshold,
            now_ms=at_ms,
            promised_ms=self._promised_ms(user, at_ms),
        )

    def _promised_ms(self, user: _User, at_ms: int) -> int:
        days = self._wait_days(user, at_ms)
        since_ms = user.read_ms or user.activity.first_seen_ms
        return 0 if days == math.inf else int(since_ms + days * DAY_MS)

    def _wait_days(self, user: _User, at_ms: int) -> float:
        if not self._keeps_promises:
            return math.inf
        return promised_hours(classify(user.activity, at_ms, self._config), self._config) / 24

    def _refresh(self, user: _User, at_ms: int) -> None:
        if user.read >= 0:
            has_changed = not user.traced.is_fresh(user.read, user.seen)
            optimal.count_refresh(user.habits, user.news, has_changed, self.in_force.priors)
        user.read, user.read_ms, user.read_events = user.seen, at_ms, user.activity.event_count
        user.refreshed.append(Refreshed(at_ms, user.seen))
        self._actual += 1

    def _night(self, at_ms: int) -> None:
        census = optimal.Census(self.in_force, at_ms)
        for user in self._known:
            census.add(user.habits, wait_days=self._wait_days(user, at_ms))
        days = (at_ms - self.in_force.computed_ms) / DAY_MS
        actual, self._actual = self._actual / days, 0
        if self._spending.threshold is not None:
            priors = census.close(math.inf, None).priors
            self.in_force = self.in_force._replace(priors=priors, computed_ms=at_ms)
        else:
            self.in_force = census.close(self._spending.budget(at_ms // DAY_MS), actual)


_NIGHT, _ENDED, _PROMISED = range(3)


def optimal_schedule(
    users: Sequence[Traced], config: Config, spending: Spending, *, keeps_promises: bool = True
) -> Schedule:
    """Refresh everybody as the policy would."""
    return OptimalLife(users, config, spending, keeps_promises=keeps_promises).run()


def per_day(
    schedules: Iterable[Sequence[Refreshed]], first_day: int, last_day: int, over: int
) -> list[float]:
    """Return for each day the mean number of refreshes over the days before it."""
    counts = [0] * (last_day - first_day + 1)
    for rows in schedules:
        for row in rows:
            day = row.at_ms // DAY_MS - first_day
            if 0 <= day < len(counts):
                counts[day] += 1
    means, total = [], 0
    for day in range(len(counts)):
        means.append(total / min(over, day) if day else float(counts[0]))
        total += counts[day] - (counts[day - over] if day >= over else 0)
    return means
