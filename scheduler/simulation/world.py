"""A scheduler without a store: its own rules decide, users and clock are in memory, refreshes take no time.

What decides is the daemon's code (`scheduler.due`, `scheduler.segments`, `scheduler.review`, and the parts of
`scheduler.attempt` and `scheduler.attempt_writer` that say what an attempt comes to); what is here only carries it out.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.keys import UserKey
from foreword.store import Header
from foreword.store.activity_writer import count_events
from foreword.store.codec import ROW_VERSION, pack_flags
from foreword.store.noting import note_attributes
from foreword.v1.activity_pb2 import Trigger, UserActivity
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.model_work_pb2 import ModelMode
from foreword.v1.profile_pb2 import Profile, Segment
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshState
from scheduler.attempt import Attempt, claimed, is_settled
from scheduler.attempt_writer import NOT_CONFIRMING, state_after
from scheduler.due import Due, after_trigger
from scheduler.model.choice import choose, providers_in_use
from scheduler.pauses import NOTHING_PAUSED
from scheduler.review import review
from scheduler.segments import Validity, cadence, facts_of, validity
from scheduler.simulation.figures import Figures, SegmentFigures
from scheduler.simulation.trace import Moment

_VERSION = "simulated"
_NONE = Validity(0, 0, refresh_on_open=True)
_DIGEST = 1


class CallPrice(NamedTuple):
    """What one call to a model about a user costs, in millionths of a US dollar."""

    single: Fraction
    batched: Fraction


@dataclass(eq=False)
class _User:
    """A user as both stores would have them."""

    key: UserKey
    activity: UserActivity = field(default_factory=UserActivity)
    state: RefreshState | None = None
    profile: Profile | None = None
    is_default: bool = False
    valid: Validity = _NONE
    segment: Segment = Segment.SEGMENT_UNSPECIFIED
    """Of the header, which a review may change."""
    confirmed_ms: int = 0
    asked_ms: int = 0
    modelled_seq: int = 0

    def header(self) -> Header | None:
        """Return the header of the profile; None without one."""
        if self.profile is None:
            return None
        flags = pack_flags(
            segment=self.segment, refresh_on_open=self.valid.refresh_on_open, is_default=self.is_default
        )
        own = self.segment if self.segment > Segment.SEGMENT_DORMANT else 0
        times = (self.confirmed_ms, self.valid.stale_after_ms, self.valid.expired_after_ms)
        return Header(ROW_VERSION, flags, own, 0, 0, 1, *times)


def simulate(moments: Sequence[Moment], config: Config, price: CallPrice) -> Figures:
    """Return what a configuration does to a trace, from its first to its last moment.

    Args:
        moments: Ascending by time, at least one.
        config: The configuration.
        price: Of a call to a model, where a segment asks one.
    """
    world = _World(config, price, moments)
    for moment in moments:
        world.go_to(moment.time_ms)
        world.happen(moment)
    return world.end()


class _World:
    def __init__(self, config: Config, price: CallPrice, moments: Sequence[Moment]) -> None:
        self._config = config
        self._price = price
        self._noting = config.noting()
        self._connected = {name: name == "anthropic" for name in providers_in_use(config)}
        self._users: dict[UserKey, _User] = {}
        self._due: list[tuple[int, UserKey]] = []
        # Users of whom a review may yet change something.
        self._restless: set[UserKey] = set()
        self._review_ms = int(config.scheduler.review_seconds * 1000)
        self._reviewed_ms = moments[0].time_ms // self._review_ms * self._review_ms
        self._figures = Figures(
            moments[0].time_ms,
            moments[-1].time_ms,
            {tried.name: SegmentFigures() for tried in config.segments.tried()},
        )
        self._ages_end = _ages_end(config)
        self._sequence = 0

    # -- time -----------------------------------------------------------------------------------------------------

    def go_to(self, now_ms: int) -> None:
        """Carry out all that comes before a time: reviews, and whoever is due, in their order."""
        while True:
            review_ms = self._reviewed_ms + self._review_ms
            due_ms = self._due[0][0] if self._due else now_ms
            if not self._restless and review_ms < due_ms:
                # Nothing is reviewed where nothing can change.
                self._reviewed_ms = min(due_ms, now_ms) // self._review_ms * self._review_ms
                review_ms = self._reviewed_ms + self._review_ms
            if min(review_ms, due_ms) >= now_ms:
                return
            if review_ms <= due_ms:
                self._review_all(review_ms)
            else:
                self._run_due(due_ms)

    def happen(self, moment: Moment) -> None:
        """Have a user open, where a session begins, and do something."""
        user = self._users.setdefault(moment.user, _User(moment.user))
        if moment.is_open:
            self._open(user, moment.time_ms)
        now_ms = moment.time_ms
        note_attributes(user.activity, [(now_ms, moment.event)], self._noting)
        count_events(user.activity, [now_ms], self._noting.idle_ms)
        self._sequence += 1
        user.activity.last_seq = self._sequence
        self._restless.add(user.key)
        ended_ms = now_ms if moment.ends_session else 0
        self._trigger(user, Trigger(activity_ms=now_ms, session_end_ms=ended_ms), now_ms)
        # As with every activity.
        self._review(user, now_ms)
        self._run_due(now_ms)

    def end(self) -> Figures:
        """Return what was counted."""
        for user in self._users.values():
            self._count_breach(user, self._figures.end_ms)
            self._of(user.state.segment if user.state else user.segment).user_count += 1
        return self._figures

    # -- what happens ---------------------------------------------------------------------------------------------

    def _open(self, user: _User, now_ms: int) -> None:
        header = user.header()
        freshness = Freshness.FRESHNESS_DEFAULT if header is None else header.freshness(now_ms)
        figures = self._of(user.segment)
        figures.opens[freshness] += 1
        if freshness != Freshness.FRESHNESS_DEFAULT:
            figures.ages_ms.append(now_ms - user.confirmed_ms)
        # As the sidecar asks: only for users it knows, and not again within a moment.
        is_asking = header is None or header.refresh_on_open or header.is_default
        is_again = now_ms - user.asked_ms < self._config.sidecar.open_trigger_seconds * 1000
        if is_asking and user.activity.event_count and not is_again:
            user.asked_ms = now_ms
            self._trigger(user, Trigger(on_open_ms=now_ms), now_ms)
            self._run_due(now_ms)

    def _trigger(self, user: _User, trigger: Trigger, now_ms: int) -> None:
        state = user.state or RefreshState()
        former = Due.of(state)
        due = after_trigger(
            former,
            trigger,
            segment=state.segment,
            failures=0,
            now_ms=now_ms,
            config=self._config,
            looked_ms=now_ms - self._config.scheduler.trigger_poll_ms,
        )
        if due != former:
            due.put(state)
            self._schedule(user, state)

    def _review_all(self, now_ms: int) -> None:
        self._reviewed_ms = now_ms
        for key in list(self._restless):
            user = self._users[key]
            if not self._review(user, now_ms) and self._is_at_rest(user, now_ms):
                self._restless.discard(key)

    def _review(self, user: _User, now_ms: int) -> bool:
        found = review(
            user.state,
            user.header(),
            user.key,
            user.activity,
            now_ms,
            config=self._config,
            is_let_in=False,
            pauses=NOTHING_PAUSED,
        )
        if found is None:
            return False
        self._schedule(user, found.state)
        if found.is_header_old:
            user.valid = validity(found.state.segment, found.state.attempted_ms, self._config)
            user.segment = found.state.segment
        return True

    def _is_at_rest(self, user: _User, now_ms: int) -> bool:
        """Return whether only another event can put the user into another segment."""
        if now_ms - user.activity.last_seen_ms < self._ages_end["last_seen_days"] * DAY_MS:
            return False
        facts = facts_of(user.activity, now_ms, self._config.window.days)
        return not facts.active_days_per_week and facts.age_days >= self._ages_end["age_days"]

    # -- refreshes ------------------------------------------------------------------------------------------------

    def _schedule(self, user: _User, state: RefreshState) -> None:
        user.state = state
        if state.due_ms:
            heapq.heappush(self._due, (state.due_ms, user.key))

    def _run_due(self, now_ms: int) -> None:
        while self._due and self._due[0][0] <= now_ms:
            due_ms, key = heapq.heappop(self._due)
            user = self._users[key]
            # Whoever was given another time meanwhile stands there again under that.
            if user.state is not None and user.state.due_ms == due_ms:
                self._refresh(user, user.state, now_ms)

    def _refresh(self, user: _User, state: RefreshState, now_ms: int) -> None:
        attempt = claimed(user.key, state, now_ms)
        if not is_settled(
            attempt,
            user.activity,
            user.profile,
            has_default_in_force=True,
            digest=lambda _: _DIGEST,
            prompt_version=_VERSION,
            config=self._config,
        ):
            self._write(user, attempt)
        if attempt.outcome not in NOT_CONFIRMING and user.profile is not None:
            self._count_breach(user, now_ms)
            user.valid = validity(attempt.segment, now_ms, self._config)
            user.segment, user.confirmed_ms = attempt.segment, now_ms
        self._figures.by_minute[now_ms // 60_000] += 1
        self._of(attempt.segment).outcomes[attempt.outcome] += 1
        self._schedule(user, state_after(attempt, state, now_ms, self._config))

    def _write(self, user: _User, attempt: Attempt) -> None:
        user.is_default = user.activity.event_count < self._config.cold_start.events_min
        user.profile = Profile(segment=attempt.segment, cadence=cadence(attempt.segment, self._config))
        user.profile.provenance.prompt_version = _VERSION
        if user.is_default:
            attempt.outcome = RefreshOutcome.REFRESH_OUTCOME_DEFAULT
            return
        attempt.outcome = RefreshOutcome.REFRESH_OUTCOME_WRITTEN
        choice = choose(attempt.segment, attempt.state.reason, self._config, self._connected)
        if choice is None or user.activity.last_seq <= user.modelled_seq:
            return
        user.modelled_seq = user.activity.last_seq
        is_batched = choice.mode == ModelMode.MODEL_MODE_BATCH
        figures = self._of(attempt.segment)
        figures.calls[is_batched] += 1
        figures.cost_micro_usd += self._price.batched if is_batched else self._price.single

    def _count_breach(self, user: _User, now_ms: int) -> None:
        is_own = user.profile is not None and not user.is_default
        if is_own and user.valid.expired_after_ms <= now_ms and user.confirmed_ms:
            self._of(user.segment).breach_count += 1

    def _of(self, segment: Segment) -> SegmentFigures:
        tried = self._config.segments.tried()
        # Whoever is in none yet is counted where they will first be looked for.
        name = self._config.segments.name_of(segment) or tried[0].name
        return self._figures.segments[name]


def _ages_end(config: Config) -> dict[str, float]:
    """Return from which age on no bound of any segment can be passed any more, in days."""
    found = {"age_days": 0.0, "last_seen_days": float(config.window.days)}
    for tried in config.segments.tried():
        for name, end in found.items():
            bounds = tried.shape.bounds.get(name)
            if bounds is not None:
                found[name] = max(end, bounds.least or 0.0, bounds.below or 0.0)
    return found
