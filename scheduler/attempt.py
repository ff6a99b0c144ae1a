"""One attempt at a user's refresh: what was read, what came of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from foreword import keys
from foreword.clock import DAY_MS, Clock
from foreword.config import Config
from foreword.errors import StoreCorruptError, StoreError, StoreRowError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.naming import escaped, quoted
from foreword.store import ActivityReader, ProfileReader
from foreword.store.activity_reader import News, StoredEvent
from foreword.store.rewound import is_rewound
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.profile_pb2 import Profile, Segment
from foreword.v1.refresh_pb2 import Habits, RefreshOutcome, RefreshReason, RefreshState
from scheduler.agent.general import BUILT_IN, Generals
from scheduler.agent.history import History
from scheduler.agent.refresh import RefreshInput, RefreshResult, code_version
from scheduler.comparison import difference
from scheduler.due import NOT_DUE, Due, allows
from scheduler.model.ending import Ending
from scheduler.policy import Policy
from scheduler.populations import Populations
from scheduler.ranked_topics import RankedOf, nothing_ranked
from scheduler.segments import cadence, classify, windowed
from scheduler.shaping import Shaping

logger = logging.getLogger("scheduler")

Compute = Callable[[RefreshInput, Config], Awaitable[RefreshResult]]

# About 100 MB, a second's work: more of one user's are as good as past retention, and stay in the memory.
FULL_EVENTS_MAX = 100_000
# A comparison of so many takes 45 ms, as long as six refreshes; of a hundred thousand it would take 2.6 s.
COMPARED_EVENTS_MAX = 2_000
# Enough for a sentence and its cause; the state is read with every refresh.
_ERROR_CHARACTERS_MAX = 500


@dataclass(eq=False)
class Attempt:
    """A refresh from its claim to its commit.

    Attributes:
        user: User key.
        state: As it stood when the user was claimed.
        started_ms: When the attempt began; it reads every event acknowledged before.
        asked: What triggers have asked for meanwhile; NOT_DUE when none has. Held here and not in the store:
            should the process die, the user is still due for the first reason, and that refresh answers both.
        outcome: How it ended.
        segment: The user's segment now.
        consumed_seq: The newest event read, in the order of acceptance.
        consumed_count: How many events had been accepted by then.
        deletion_seq: The newest deletion of events that the profile is then without.
        full_seq: The newest request for a refresh from the events alone that is met.
        is_compared: Whether the result was compared with one from the events alone.
        is_comparison_skipped: Whether that was due, and the user has too many events for it.
        difference: How that one differs; empty when it does not.
        event_count: Events read.
        settings_digest: Of the settings that the profile now is computed under.
        is_mending: Whether a row of the user is damaged, so that all are to be written anew.
        result: What is to be written; None unless something is.
        error: Why it failed; empty otherwise.
        duration_us: How long it took.
        is_rewound: Whether the order of acceptance had started over, in another activity store.
        habits: The user's until now, where refreshes are weighed; None elsewhere.
        put_off_ms: When the user is due instead, because a refresh is not worth its cost now: in ms since 1970, 0 when
            an event or a read decides; None when it is carried out.
        ending: The question to a model whose answer it brings; None for a refresh by code.
        written: Done once it is written, for whoever waits; None when nobody does.
        task: Where it runs; None before and in tests of one attempt.
    """

    user: UserKey
    state: RefreshState
    started_ms: int
    asked: Due = NOT_DUE
    outcome: RefreshOutcome = RefreshOutcome.REFRESH_OUTCOME_UNSPECIFIED
    segment: Segment = Segment.SEGMENT_UNSPECIFIED
    consumed_seq: int = 0
    consumed_count: int = 0
    deletion_seq: int = 0
    full_seq: int = 0
    is_compared: bool = False
    is_comparison_skipped: bool = False
    difference: str = ""
    event_count: int = 0
    settings_digest: int = 0
    is_mending: bool = False
    result: RefreshResult | None = None
    error: str = ""
    duration_us: int = 0
    is_rewound: bool = False
    habits: Habits | None = None
    put_off_ms: int | None = None
    ending: Ending | None = None
    written: asyncio.Future[None] | None = field(default=None, repr=False)
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def taken_deletion_seq(self) -> int:
        """The newest deletion that the profile in force is without, as the activity store now counts.

        In a rewound store none: what is set aside there may have been taken out before, if it was when the copy was
        made, but rather a count too few than something deleted that stays.
        """
        return 0 if self.is_rewound else self.state.deletion_seq

    @property
    def takes_in_deletions(self) -> bool:
        """Whether events were deleted that the profile in force rests on."""
        return self.deletion_seq > self.taken_deletion_seq

    @property
    def starts_over(self) -> bool:
        """Whether the profile is to be made from the events alone: some were deleted, or an operator asks."""
        met = 0 if self.is_rewound else self.state.full_seq
        return self.takes_in_deletions or self.full_seq > met

    @property
    def is_awaited(self) -> bool:
        """Whether a trigger asked for it, so that its result should not wait for a batch."""
        return bool(self.state.triggered_ms)

    @property
    def has_computed(self) -> bool:
        """Whether there was something to compute, whatever came of it."""
        return self.result is not None or self.outcome == RefreshOutcome.REFRESH_OUTCOME_FAILED

    def fail(self, exc: BaseException) -> None:
        """Record that it failed, and why."""
        self.outcome = RefreshOutcome.REFRESH_OUTCOME_FAILED
        self.result = None
        self.segment = self.state.segment
        self.consumed_seq, self.consumed_count = self.state.consumed_seq, self.state.consumed_count
        self.deletion_seq, self.full_seq = self.state.deletion_seq, self.state.full_seq
        self.settings_digest = self.state.settings_digest
        # A lone surrogate from a foreign message would make the state itself unwritable.
        text = (str(exc) or type(exc).__name__).encode("utf-8", "replace").decode()
        self.error = escaped(text[:_ERROR_CHARACTERS_MAX])
        user_id, namespace = keys.split_user_key(self.user)
        logger.warning(
            "refresh of user %s in namespace %s failed: %s", quoted(user_id), quoted(namespace), self.error
        )


class Refresher:
    """Reads what a refresh needs, and computes it.

    Args:
        profiles: Where profiles and refresh states are read.
        populations: The users of each namespace.
        clock: Tells the time.
        live: The configuration in force.
        shaping: Tells when the settings that shape profiles are others.
        compute: The agent's part, from input to result.
        prompt_version: The version of code's own rules now; a profile written by others is computed again even when
            nothing is new.
        generals_of: Returns the default profiles of a namespace.
        policy: Weighs whether a refresh is worth it, where that is configured; None where it never is.
        ranked_of: Returns what ranking has learned of a user's topics.
    """

    def __init__(
        self,
        profiles: ProfileReader,
        populations: Populations,
        clock: Clock,
        live: FollowedConfig,
        shaping: Shaping,
        *,
        compute: Compute,
        prompt_version: str,
        generals_of: Callable[[str], Generals] = lambda _namespace: BUILT_IN,
        policy: Policy | None = None,
        ranked_of: RankedOf = nothing_ranked,
    ) -> None:
        self._ranked_of = ranked_of
        self._generals_of = generals_of
        self._policy = policy
        self._profiles = profiles
        self._populations = populations
        self._clock = clock
        self._live = live
        self._shaping = shaping
        self._compute = compute
        self._prompt_version = prompt_version

    def claim(self, user: UserKey) -> Attempt | None:
        """Return an attempt for a user who is due now, else None."""
        now_ms = self._clock.now_ms()
        try:
            state = self._profiles.refresh_state(user)
        except StoreRowError:
            # In the due index, so that the user's turn has come, for all that is known; the refresh makes it anew.
            state = self._profiles.state_or_unknown(user)
            if state is not None:
                Due(now_ms, RefreshReason.REFRESH_REASON_CADENCE).put(state)
        if state is None or not Due.of(state).is_now(now_ms):
            return None
        return claimed(user, state, now_ms)

    def begin_unasked(self, user: UserKey, reason: RefreshReason) -> Attempt:
        """Return an attempt for a user who need not be due, for a reason that no due time has."""
        state = RefreshState()
        state.CopyFrom(self._profiles.state_or_unknown(user) or RefreshState())
        state.reason, state.triggered_ms = reason, 0
        return claimed(user, state, self._clock.now_ms())

    def segment_of(self, attempt: Attempt, activity: ActivityReader | None) -> Segment:
        """Return the segment that a user is in now.

        Raises:
            StoreError: The activity store cannot be read.
        """
        seen = activity.user(attempt.user) if activity is not None else None
        if seen is None:
            return attempt.state.segment
        return classify(seen, attempt.started_ms, self._live.current, attempt.state.segment)

    async def run(self, attempt: Attempt, activity: ActivityReader) -> None:
        """Carry an attempt out; whatever goes wrong with this user is recorded on it.

        Raises:
            StoreError: An environment cannot be read, which is no fault of this user.
        """
        config = self._live.current
        began_ns = time.perf_counter_ns()
        try:
            async with asyncio.timeout(config.agent.timeout_seconds):
                await self._run(attempt, activity, config)
        except StoreRowError as exc:
            attempt.fail(exc)
        except StoreError:
            raise
        except TimeoutError:
            attempt.fail(
                TimeoutError(f"took longer than agent.timeout_seconds, {config.agent.timeout_seconds:g} s")
            )
        except Exception as exc:
            attempt.fail(exc)
        attempt.duration_us = (time.perf_counter_ns() - began_ns) // 1000

    async def _run(self, attempt: Attempt, activity: ActivityReader, config: Config) -> None:
        seen = activity.user(attempt.user)
        previous = self._previous(attempt)
        if seen is None or not seen.event_count:
            # Nothing is ever computed from nothing: it would wipe what was known.
            attempt.segment = Segment.SEGMENT_UNSPECIFIED if previous is None else Segment.SEGMENT_DORMANT
            attempt.outcome = RefreshOutcome.REFRESH_OUTCOME_UNCHANGED
            attempt.consumed_seq = seen.last_seq if seen is not None else 0
            return
        namespace = keys.split_user_key(attempt.user)[1]
        attempt.is_rewound = previous is not None and is_rewound(attempt.state, seen)
        is_done = is_settled(
            attempt,
            seen,
            previous,
            has_default_in_force=previous is not None and self._has_default_in_force(previous, attempt),
            digest=lambda segment: self._shaping.digest(namespace, segment),
            prompt_version=self._prompt_version,
            config=config,
        )
        if attempt.outcome != RefreshOutcome.REFRESH_OUTCOME_SKIPPED:
            self._weigh(attempt, seen, config)
        if not is_done and attempt.put_off_ms is None:
            await self._write_anew(attempt, seen, previous, activity, windowed(attempt.segment, config))

    def _weigh(self, attempt: Attempt, seen: UserActivity, config: Config) -> None:
        """Count what the user did, and put the refresh off where it is not worth its cost now."""
        if self._policy is None or not self._policy.is_on:
            return
        attempt.habits, due_ms = self._policy.weigh(
            attempt.state, seen, attempt.segment, attempt.started_ms, config
        )
        is_asked_for = attempt.starts_over or attempt.is_mending or attempt.is_rewound
        has_news = attempt.consumed_seq > attempt.state.consumed_seq
        if has_news and not is_asked_for and not 0 < due_ms <= attempt.started_ms:
            attempt.put_off_ms = due_ms

    def _has_default_in_force(self, previous: Profile, attempt: Attempt) -> bool:
        """Return whether a default profile is the one in force now; true of all other profiles."""
        if not previous.is_default:
            return True
        general = self._generals_of(keys.split_user_key(attempt.user)[1]).of(previous.memory)
        return previous.default_basis.digest == general.default_basis.digest

    async def _write_anew(
        self,
        attempt: Attempt,
        seen: UserActivity,
        previous: Profile | None,
        activity: ActivityReader,
        config: Config,
    ) -> None:
        user_id, namespace = keys.split_user_key(attempt.user)
        from_ms = attempt.started_ms - config.window.days * DAY_MS
        starts_over = attempt.starts_over
        is_read_before = previous is not None and not attempt.is_rewound
        is_counted = _counted_test(attempt, previous)
        stored = activity.events(
            attempt.user,
            from_ms=0 if starts_over else from_ms,
            news=News(
                attempt.state.consumed_seq if is_read_before else 0,
                seen.last_seq,
                seen.event_count - (attempt.state.consumed_count if is_read_before else 0),
            ),
            window_max=None if starts_over else config.window.events_max,
            limit=FULL_EVENTS_MAX,
        )
        # Events accepted since `seen` was read belong to the next refresh.
        stored = [event for event in stored if event.sequence <= seen.last_seq]
        history = self._history(attempt, seen, stored, is_counted, activity) if starts_over else None
        if (now := activity.user(attempt.user)) is None or now.deletion_seq != seen.deletion_seq:
            # What was deleted meanwhile would count as read without having been, and be taken out uncounted.
            await self._run(attempt, activity, config)
            return
        new = [event for event in stored if not is_counted(event)]
        attempt.event_count = len(stored)
        population = self._populations.view(namespace)
        refresh_input = RefreshInput(
            user_id=user_id,
            namespace=namespace,
            now_ms=attempt.started_ms,
            segment=attempt.segment,
            cadence=cadence(attempt.segment, config),
            activity=seen,
            new_events=[event.event for event in new],
            window_events=[event.event for event in stored if event.time_ms >= from_ms][
                -config.window.events_max :
            ],
            previous=previous,
            population=population,
            history=history,
            generals=self._generals_of(namespace),
            ranked=self._ranked_of(attempt.user, activity, population.synonyms),
        )
        attempt.result = await self._compute(refresh_input, config)
        each = config.scheduler.compare_each
        is_due = each and attempt.state.uncompared_count + 1 >= each
        if is_due and previous is not None and not (starts_over or attempt.is_rewound):
            await self._compare(attempt, seen, refresh_input, activity, config)
        if attempt.habits is not None and self._policy is not None:
            news = seen.event_count - attempt.state.consumed_count
            material = config.scheduler.material_distance
            self._policy.count(attempt.habits, news, previous, attempt.result.profile, material)
        attempt.outcome = (
            RefreshOutcome.REFRESH_OUTCOME_DEFAULT
            if attempt.result.is_default
            else RefreshOutcome.REFRESH_OUTCOME_WRITTEN
        )

    async def _compare(
        self,
        attempt: Attempt,
        seen: UserActivity,
        refresh_input: RefreshInput,
        activity: ActivityReader,
        config: Config,
    ) -> None:
        """Compare the result with that of a refresh from the events alone, which is then forgotten."""
        stored = activity.events(attempt.user, limit=COMPARED_EVENTS_MAX + 1)
        if len(stored) > COMPARED_EVENTS_MAX:
            # From the newest of them alone it would differ without a fault.
            attempt.is_comparison_skipped = True
            return
        kept = [event for event in stored if event.sequence <= seen.last_seq]
        history = self._history(attempt, seen, kept, _counted_test(attempt, refresh_input.previous), activity)
        full = await self._compute(replace(refresh_input, history=history), config)
        attempt.is_compared = True
        if attempt.result is not None:
            attempt.difference = difference(attempt.user, attempt.result.profile, full.profile)

    @staticmethod
    def _history(
        attempt: Attempt,
        seen: UserActivity,
        stored: Sequence[StoredEvent],
        is_counted: Callable[[StoredEvent], bool],
        activity: ActivityReader,
    ) -> History:
        """Return what is needed to begin from the events alone: all that are kept, and those deleted since."""
        deleted = activity.deleted(attempt.user, attempt.taken_deletion_seq, attempt.deletion_seq)
        return History(
            kept=[event.event for event in stored],
            counted_ids=frozenset(event.event.event_id for event in stored if is_counted(event)),
            removed=[event.event for event in deleted if is_counted(event)],
            is_whole=len(stored) == seen.event_count - seen.deleted_count,
        )

    def _previous(self, attempt: Attempt) -> Profile | None:
        """Return the profile in force, None when there is none; a damaged one from the revision that is its copy."""
        try:
            response = self._profiles.profile(attempt.user)
        except StoreCorruptError as exc:
            attempt.is_mending = True
            kept = self._profiles.kept_profile(attempt.user, attempt.state.revision)
            source = "the events that are kept" if kept is None else "its kept revision"
            logger.warning("made anew from %s: %s", source, exc)
            return kept
        if response is None:
            return None
        attempt.is_mending = not self._has_text(attempt.user)
        return response.profile

    def _has_text(self, user: UserKey) -> bool:
        try:
            return self._profiles.foreword_row(user) is not None
        except StoreCorruptError as exc:
            logger.warning("written anew: %s", exc)
            return False


def claimed(user: UserKey, state: RefreshState, now_ms: int) -> Attempt:
    """Return an attempt that begins now at a user who stands so."""
    return Attempt(
        user,
        state,
        now_ms,
        segment=state.segment,
        consumed_seq=state.consumed_seq,
        deletion_seq=state.deletion_seq,
        full_seq=state.full_seq,
    )


def is_settled(
    attempt: Attempt,
    seen: UserActivity,
    previous: Profile | None,
    *,
    has_default_in_force: bool,
    digest: Callable[[Segment], int],
    prompt_version: str,
    config: Config,
) -> bool:
    """Classify the user and note what there is to read; return whether the attempt ends with that.

    Args:
        attempt: Where it is noted.
        seen: When the user came.
        previous: The profile in force; None when there is none.
        has_default_in_force: Whether a default profile is the one in force now; true of all other profiles.
        digest: Returns the digest of what shapes profiles in a segment.
        prompt_version: The version of code's own rules now.
        config: Segments and their rules.
    """
    state = attempt.state
    attempt.segment = classify(seen, attempt.started_ms, config, state.segment)
    if not allows(attempt.segment, state.reason, config):
        # Nothing counts as read.
        attempt.outcome = RefreshOutcome.REFRESH_OUTCOME_SKIPPED
        attempt.consumed_count, attempt.settings_digest = state.consumed_count, state.settings_digest
        return True
    attempt.consumed_seq, attempt.consumed_count = seen.last_seq, seen.event_count
    attempt.deletion_seq, attempt.full_seq = seen.deletion_seq, seen.full_seq
    attempt.settings_digest = digest(attempt.segment)
    is_current = (
        previous is not None
        and not attempt.is_mending
        and attempt.consumed_seq == state.consumed_seq
        and not attempt.starts_over
        and has_default_in_force
        and attempt.settings_digest == state.settings_digest
        and previous.segment == attempt.segment
        and previous.cadence == cadence(attempt.segment, config)
        and code_version(previous.provenance) == prompt_version
    )
    if is_current:
        attempt.outcome = RefreshOutcome.REFRESH_OUTCOME_UNCHANGED
    return is_current


def _counted_test(attempt: Attempt, previous: Profile | None) -> Callable[[StoredEvent], bool]:
    """Return what tells whether the memory of the profile in force holds an event.

    In a rewound store the order of acceptance has started over; times are then all there is to tell it by.
    """
    if attempt.is_rewound and previous is not None:
        read_ms = previous.provenance.data_watermark.ToMilliseconds()
        return lambda event: event.time_ms <= read_ms
    consumed_seq = attempt.state.consumed_seq if previous is not None else 0
    return lambda event: event.sequence <= consumed_seq
