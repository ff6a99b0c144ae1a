"""A file of events lived through week by week, as the scheduler would have."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.signs import signs_of
from foreword.v1 import activity_pb2, event_pb2, profile_pb2
from scheduler.agent.evidence import Evidence, evidence_of
from scheduler.agent.population import PopulationView
from scheduler.agent.ranked import RankedTopics
from scheduler.agent.refresh import RefreshInput, refresh

WEEK_MS = 7 * DAY_MS
WINDOW_DAYS = 28
WINDOW_EVENTS_MIN = 5


@dataclass(frozen=True)
class DueUser:
    """A user at a weekly cut, with something new or something to foretell.

    Attributes:
        user_id: The user.
        cut_ms: The cut, in ms since 1970.
        news: What they did since the cut before.
        before: All they did before this cut.
        truth: The topics of the 7 days after.
        is_point: Whether those are foretold: there are some, and 5 events in the 28 days before.
    """

    user_id: str
    cut_ms: int
    news: Sequence[Evidence]
    before: Sequence[Evidence]
    truth: frozenset[str]
    is_point: bool


class Replay:
    """One file, of which each week is known only what came before it.

    Args:
        events: Ascending by time; at least one.
        config: The product's configuration.
        ignored: Topics left out of what is foretold, by `topic_key`.
        shift_days: How many days after Thursday the weeks begin.

    Attributes:
        cuts: The weekly cuts: whole weeks since 1970 and the shift, so that files share them.
        profiles: What code has written of each user so far.
    """

    def __init__(
        self,
        events: Sequence[event_pb2.Event],
        config: Config,
        ignored: frozenset[str],
        *,
        shift_days: int = 0,
    ) -> None:
        evidence = evidence_of(events, None, signs_of(config.agent.signs))
        self._config = config
        self._ignored = ignored
        self._all = _History(evidence)
        by_user: dict[str, list[Evidence]] = {}
        for item in evidence:
            by_user.setdefault(item.event.user_id, []).append(item)
        self._users = {user: _History(items) for user, items in sorted(by_user.items())}
        self._population = PopulationView(config.window.half_life_days)
        self.cuts = list(_cuts(evidence[0].time_ms, evidence[-1].time_ms, shift_days * DAY_MS))
        self.profiles: dict[str, profile_pb2.Profile] = {}

    def between(self, start_ms: int, end_ms: int) -> Sequence[Evidence]:
        """Return what all users did in a time."""
        return self._all.between(start_ms, end_ms)

    def due(self, number: int) -> Iterator[DueUser]:
        """Yield the users to be refreshed at a cut, by its place, in the order of their ids."""
        cut_ms = self.cuts[number]
        previous_ms = self.cuts[number - 1] if number else 0
        for user_id, history in self._users.items():
            truth = history.topics(cut_ms, cut_ms + WEEK_MS) - self._ignored
            is_known = history.count(cut_ms - WINDOW_DAYS * DAY_MS, cut_ms) >= WINDOW_EVENTS_MIN
            due = DueUser(
                user_id,
                cut_ms,
                history.between(previous_ms, cut_ms),
                history.between(0, cut_ms),
                truth,
                is_known and bool(truth),
            )
            if due.news or due.is_point:
                yield due

    def input_of(self, due: DueUser, previous: profile_pb2.Profile | None) -> RefreshInput:
        """Return what a refresh of the user may know, before the week's news is in the population."""
        start_ms = due.cut_ms - self._config.window.days * DAY_MS
        first = bisect.bisect_left(due.before, start_ms, key=lambda item: item.time_ms)
        window = due.before[max(first, len(due.before) - self._config.window.events_max) :]
        return RefreshInput(
            user_id=due.user_id,
            namespace="",
            now_ms=due.cut_ms,
            segment=profile_pb2.SEGMENT_ACTIVE,
            cadence=profile_pb2.CADENCE_INTERVAL,
            activity=activity_pb2.UserActivity(),
            new_events=[item.event for item in due.news],
            window_events=[item.event for item in window],
            previous=previous,
            population=self._population,
        )

    def ranked(self, due: DueUser, ranked: RankedTopics, weight: float) -> profile_pb2.Profile:
        """Return what a refresh would write with what ranking has learned; before `refresh`, and keeping nothing."""
        given = replace(self.input_of(due, self.profiles.get(due.user_id)), ranked=ranked)
        ranking = self._config.ranking.model_copy(update={"profile_weight": weight})
        return refresh(given, self._config.model_copy(update={"ranking": ranking})).profile

    def refresh(self, due: DueUser) -> profile_pb2.Profile:
        """Refresh the user by code, keep the profile, and put the news into the population."""
        result = refresh(self.input_of(due, self.profiles.get(due.user_id)), self._config)
        self._population.fold(result.population_delta)
        self.profiles[due.user_id] = result.profile
        return result.profile


class _History:
    """Evidence, ascending by time."""

    def __init__(self, items: Sequence[Evidence]) -> None:
        self._items = items
        self._times = [item.time_ms for item in items]

    def between(self, start_ms: int, end_ms: int) -> Sequence[Evidence]:
        return self._items[
            bisect.bisect_left(self._times, start_ms) : bisect.bisect_left(self._times, end_ms)
        ]

    def count(self, start_ms: int, end_ms: int) -> int:
        return bisect.bisect_left(self._times, end_ms) - bisect.bisect_left(self._times, start_ms)

    def topics(self, start_ms: int, end_ms: int) -> frozenset[str]:
        """Return what was done; turning something down is not doing it."""
        return frozenset(
            topic for item in self.between(start_ms, end_ms) if not item.against for topic in item.topics
        )


def _cuts(first_ms: int, last_ms: int, shift_ms: int) -> Iterator[int]:
    cut_ms = ((first_ms - shift_ms) // WEEK_MS + 1) * WEEK_MS + shift_ms
    while cut_ms <= last_ms:
        yield cut_ms
        cut_ms += WEEK_MS
