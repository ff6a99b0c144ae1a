"""The product's own segments on a virtual clock: its classifier, its due times, its review."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from evaluations.cadence.schedules import Refreshed, Schedule
from evaluations.cadence.traces import Traced
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.keys import UserKey, user_key
from foreword.store.activity_writer import count_events
from foreword.v1.activity_pb2 import Trigger, UserActivity
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshState
from scheduler.due import Due, after_attempt, after_trigger, at_review
from scheduler.segments import classify, validity

# When nothing has come for so long, no review changes anything: whoever stops is dormant by then.
_REVIEWED_DAYS = 60


def by_segments(users: Sequence[Traced], config: Config) -> Schedule:
    """Refresh everybody as the configured segments would, looked through once a day."""
    return {user.key: list(_Life(user, config).refreshes()) for user in users}


class _Life:
    """One user under the segments."""

    def __init__(self, user: Traced, config: Config) -> None:
        self._user = user
        self._key = UserKey(user_key(user.key, ""))
        self._config = config
        self._activity = UserActivity()
        self._state = RefreshState()
        self._seen = self._read = -1

    def refreshes(self) -> Iterator[Refreshed]:
        """Yield those that read something new."""
        moments = self._moments()
        heapq.heapify(moments)
        last_ms = self._user.sessions[-1].end_ms + _REVIEWED_DAYS * DAY_MS
        while moments:
            at_ms, kind, number = heapq.heappop(moments)
            while 0 < self._state.due_ms <= at_ms:
                yield from self._attempt(self._state.due_ms)
            if kind == _OPENED:
                yield from self._opened(at_ms)
            elif kind == _ENDED:
                self._ended(number, at_ms)
            else:
                self._review(at_ms)
        while 0 < self._state.due_ms <= last_ms and self._read < self._seen:
            yield from self._attempt(self._state.due_ms)

    def _moments(self) -> list[tuple[int, int, int]]:
        sessions = self._user.sessions
        moments = [(row.start_ms, _OPENED, number) for number, row in enumerate(sessions)]
        moments += [(row.end_ms, _ENDED, number) for number, row in enumerate(sessions)]
        days = {
            day
            for row in sessions
            for day in range(row.end_ms // DAY_MS + 1, row.end_ms // DAY_MS + _REVIEWED_DAYS)
        }
        return moments + [(day * DAY_MS, _REVIEWED, 0) for day in days]

    def _opened(self, at_ms: int) -> Iterator[Refreshed]:
        state = self._state
        if self._seen >= 0 and validity(state.segment, state.attempted_ms, self._config).refresh_on_open:
            self._take(Trigger(on_open_ms=at_ms), at_ms)
            while 0 < state.due_ms <= at_ms:
                yield from self._attempt(at_ms)

    def _ended(self, number: int, at_ms: int) -> None:
        self._seen = number
        count_events(self._activity, list(self._user.sessions[number].times_ms))
        self._activity.last_seq = self._activity.event_count
        self._take(Trigger(activity_ms=at_ms), at_ms)

    def _take(self, trigger: Trigger, at_ms: int) -> None:
        segment, former = self._state.segment, Due.of(self._state)
        after_trigger(former, trigger, segment=segment, failures=0, now_ms=at_ms, config=self._config).put(
            self._state
        )

    def _attempt(self, at_ms: int) -> Iterator[Refreshed]:
        state = self._state
        state.segment = classify(self._activity, at_ms, self._config)
        state.attempted_ms, state.consumed_seq = at_ms, self._activity.last_seq
        after_attempt(
            self._key,
            Due(),
            segment=state.segment,
            failures=0,
            started_ms=at_ms,
            now_ms=at_ms,
            config=self._config,
        ).put(state)
        if self._read < self._seen:
            self._read = self._seen
            yield Refreshed(at_ms, self._seen)

    def _review(self, at_ms: int) -> None:
        segment = classify(self._activity, at_ms, self._config)
        if segment == Segment.SEGMENT_UNSPECIFIED:
            return
        at_review(
            self._key,
            self._state,
            self._activity,
            segment=segment,
            is_let_in=False,
            now_ms=at_ms,
            config=self._config,
        ).put(self._state)
        if self._state.segment != Segment.SEGMENT_UNSPECIFIED:
            self._state.segment = segment


_OPENED, _ENDED, _REVIEWED = range(3)
