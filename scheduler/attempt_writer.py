"""Writing what attempts came to: many users in one transaction, each of them whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from foreword import keys
from foreword.clock import Clock
from foreword.config import Config
from foreword.errors import StoreError, StoreRowError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.llm.prices import micro_usd
from foreword.store import ProfileTransaction, ProfileWriter
from foreword.v1.model_work_pb2 import ModelOutcome, ModelState
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome, RefreshReason, RefreshState
from scheduler.agent.population import PopulationView
from scheduler.agent.refresh import RefreshResult
from scheduler.attempt import Attempt
from scheduler.due import NOT_DUE, Due, after_attempt
from scheduler.model.asking_rules import after_refresh
from scheduler.model.choice import choose
from scheduler.model.ending import Ending, end, put_row
from scheduler.model.ending import begin as begin_ending
from scheduler.populations import Populations
from scheduler.segments import Validity, validity

FAILED = RefreshOutcome.REFRESH_OUTCOME_FAILED
# After these a profile is no fresher than before.
NOT_CONFIRMING = (FAILED, RefreshOutcome.REFRESH_OUTCOME_SKIPPED)
_NOBODY: Mapping[str, bool] = MappingProxyType({})


class Follower(Protocol):
    """Keeps account of attempts in the transactions that write them."""

    def put(self, txn: ProfileTransaction, attempts: Sequence[Attempt]) -> None:
        """Write what follows from attempts; undone with them when the transaction fails."""

    def written(self) -> None:
        """Take what was put for what is: the transaction is on disk."""


class AttemptWriter:
    """Writes finished attempts to profiles.lmdb.

    Args:
        writer: Of profiles.lmdb.
        populations: The users of each namespace.
        clock: Tells the time.
        live: The configuration in force.
        connected: The language models' providers that can be asked, each with whether it has batches.
        queued: Called once users were put into the queue for a model.
    """

    def __init__(
        self,
        writer: ProfileWriter,
        populations: Populations,
        clock: Clock,
        live: FollowedConfig,
        *,
        connected: Mapping[str, bool] = _NOBODY,
        queued: Callable[[], None] = lambda: None,
    ) -> None:
        self._writer = writer
        self._populations = populations
        self._clock = clock
        self._live = live
        self._connected = connected
        self._queued = queued
        self.follower: Follower | None = None
        """Writes along; None when nobody does."""

    def write(self, attempts: Sequence[Attempt]) -> None:
        """Write the attempts in one synced transaction.

        One that cannot be written (a profile over the limit, a damaged row) fails alone: its neighbours are written
        without it.

        Raises:
            StoreError: The store is full or not writable, or one user's damaged row lets not even its failure be
                written; what was not written stays due.
        """
        try:
            self._write_together(attempts)
        except Exception as exc:
            self._populations.forget()
            if isinstance(exc, StoreError) and not isinstance(exc, StoreRowError):
                raise
            if len(attempts) > 1:
                for attempt in attempts:
                    self.write([attempt])
            elif attempts[0].outcome == FAILED:
                raise
            else:
                attempts[0].fail(exc)
                self.write(attempts)

    def _write_together(self, attempts: Sequence[Attempt]) -> None:
        config = self._live.current
        views: dict[str, PopulationView] = {}
        has_queued = False
        with self._writer.begin() as txn:
            for attempt in attempts:
                if attempt.ending is not None:
                    self._write_answer(txn, attempt, attempt.ending, config)
                    continue
                if attempt.put_off_ms is not None:
                    _put_off(txn, attempt, attempt.put_off_ms)
                    continue
                self._write_one(txn, attempt, config)
                has_queued |= self._queue_for_model(txn, attempt, config)
                if attempt.result is not None:
                    _, namespace = keys.split_user_key(attempt.user)
                    # Asked for once: one that made room meanwhile would be read anew, without what this adds.
                    if namespace not in views:
                        views[namespace] = self._populations.view(namespace)
                    views[namespace].fold(attempt.result.population_delta)
            for namespace, view in views.items():
                txn.put_population(namespace, view.to_proto())
            if self.follower is not None:
                self.follower.put(txn, attempts)
        if self.follower is not None:
            self.follower.written()
        if has_queued:
            self._queued()

    def hold(self, users: Sequence[UserKey]) -> None:
        """Take users out of the due index whom a pause holds back; their due time and its reason stay.

        Raises:
            StoreError: profiles.lmdb cannot be written.
        """
        with self._writer.begin() as txn:
            for user in users:
                state = txn.refresh_state(user)
                if state is not None and state.due_ms:
                    state.is_held = True
                    txn.schedule(user, state)

    def _write_one(self, txn: ProfileTransaction, attempt: Attempt, config: Config) -> None:
        stored = txn.refresh_state(attempt.user) or RefreshState()
        state = state_after(attempt, stored, self._clock.now_ms(), config)
        if attempt.result is not None:
            state.revision = _put_profile(
                txn, attempt, attempt.result, validity(attempt.segment, attempt.started_ms, config)
            )
        elif attempt.outcome not in NOT_CONFIRMING:
            _revalidate(txn, attempt, config)
        if attempt.result is not None and attempt.takes_in_deletions:
            # They still tell of what was deleted.
            txn.drop_revisions(attempt.user, state.revision)
        if attempt.is_mending or attempt.state.reason == RefreshReason.REFRESH_REASON_MANUAL:
            # What an operator asks for after damage was found leaves none behind. Not each time: it reads all of them.
            txn.mend_revisions(attempt.user)
        txn.schedule(attempt.user, state)
        txn.append_ledger(_ledger_entry(attempt, state.revision))

    def _queue_for_model(self, txn: ProfileTransaction, attempt: Attempt, config: Config) -> bool:
        """Put a user into the queue for a model when code wrote something the model has not read."""
        if attempt.state.reason == RefreshReason.REFRESH_REASON_BACKFILL:
            # A backfill queues its users itself, by its budget and few at a time: all at once would go before those
            # who come after.
            return False
        if not self._connected or attempt.outcome != RefreshOutcome.REFRESH_OUTCOME_WRITTEN:
            return False
        choice = choose(attempt.segment, attempt.state.reason, config, self._connected)
        state = after_refresh(
            (txn.model.state(attempt.user) or ModelState()) if choice is not None else ModelState(),
            choice,
            reason=attempt.state.reason,
            consumed_seq=attempt.consumed_seq,
            is_rewound=attempt.is_rewound,
            now_ms=self._clock.now_ms(),
        )
        if state is None:
            return False
        txn.model.schedule(attempt.user, state)
        return True

    def _write_answer(
        self, txn: ProfileTransaction, attempt: Attempt, ending: Ending, config: Config
    ) -> None:
        """Write what a model's answer brought: profile, revision, cost and the end of the question, exactly once.

        It consumes no events, so the due time stays, and so does what the profile's age is counted from.
        """
        now_ms = self._clock.now_ms()
        if attempt.outcome == FAILED:
            ending.call.outcome, ending.call.error = ModelOutcome.MODEL_OUTCOME_INVALID, attempt.error
            ending.call.applied_count = 0
        state = (txn.refresh_state(attempt.user) if attempt.user else None) or RefreshState()
        is_wanted = begin_ending(txn.model, ending)
        revision = 0
        if is_wanted and attempt.result is not None:
            valid = validity(state.segment, state.attempted_ms, config)
            revision = state.revision = _put_profile(txn, attempt, attempt.result, valid)
            state.settings_digest = attempt.settings_digest
            txn.append_ledger(_answer_entry(attempt, ending, revision))
        if revision or attempt.asked != Due.of(state):
            attempt.asked.put(state)
            txn.schedule(attempt.user, state)
        if not is_wanted:
            if ending.is_done:
                put_row(txn.model, ending, now_ms)
            return
        end(
            txn.model,
            attempt.user,
            ending,
            consumed_seq=state.consumed_seq,
            revision=revision,
            now_ms=now_ms,
            settings=config.scheduler,
        )


def state_after(attempt: Attempt, stored: RefreshState, now_ms: int, config: Config) -> RefreshState:
    """Return the state of a user's refreshes after an attempt, with the next due time; the revision is the former.

    Args:
        attempt: What it came to.
        stored: The state before.
        now_ms: The time.
        config: Cadences and backoff.
    """
    was_due = attempt.is_compared or attempt.is_comparison_skipped
    state = RefreshState(
        consumed_seq=attempt.consumed_seq,
        consumed_count=attempt.consumed_count,
        deletion_seq=attempt.deletion_seq,
        full_seq=attempt.full_seq,
        segment=attempt.segment,
        attempted_ms=attempt.started_ms,
        revision=stored.revision,
        outcome=attempt.outcome,
        error=attempt.error,
        settings_digest=attempt.settings_digest,
        uncompared_count=0 if was_due else stored.uncompared_count + bool(attempt.result),
        failures=stored.failures + 1 if attempt.outcome == FAILED else 0,
        habits=attempt.habits or (stored.habits if stored.HasField("habits") else None),
    )
    after_attempt(
        attempt.user,
        attempt.asked,
        segment=state.segment,
        failures=state.failures,
        started_ms=attempt.started_ms,
        now_ms=now_ms,
        config=config,
    ).put(state)
    return state


def _put_off(txn: ProfileTransaction, attempt: Attempt, due_ms: int) -> None:
    """Leave a user's profile as it is, and see to them later; what was seen of them is kept."""
    state = txn.refresh_state(attempt.user) or RefreshState()
    state.segment = attempt.segment
    if attempt.habits is not None:
        state.habits.CopyFrom(attempt.habits)
    later = Due(due_ms, RefreshReason.REFRESH_REASON_CADENCE) if due_ms else NOT_DUE
    (attempt.asked if attempt.asked.at_ms else later).put(state)
    txn.schedule(attempt.user, state)


def _put_profile(txn: ProfileTransaction, attempt: Attempt, result: RefreshResult, valid: Validity) -> int:
    return txn.put_profile(
        attempt.user,
        result.profile,
        result.foreword,
        computed_at_ms=attempt.started_ms,
        stale_after_ms=valid.stale_after_ms,
        expired_after_ms=valid.expired_after_ms,
        refresh_on_open=valid.refresh_on_open,
    )


def _revalidate(txn: ProfileTransaction, attempt: Attempt, config: Config) -> None:
    valid = validity(attempt.segment, attempt.started_ms, config)
    txn.revalidate(
        attempt.user,
        stale_after_ms=valid.stale_after_ms,
        expired_after_ms=valid.expired_after_ms,
        segment=attempt.segment,
        refresh_on_open=valid.refresh_on_open,
    )


def _ledger_entry(attempt: Attempt, revision: int) -> LedgerEntry:
    entry = LedgerEntry(
        user_key=attempt.user,
        started_ms=attempt.started_ms,
        duration_us=attempt.duration_us,
        reason=attempt.state.reason,
        outcome=attempt.outcome,
        event_count=attempt.event_count,
        error=attempt.error,
        triggered_ms=attempt.state.triggered_ms,
        is_compared=attempt.is_compared,
        is_comparison_skipped=attempt.is_comparison_skipped,
        difference=attempt.difference,
    )
    if attempt.result is not None:
        provenance, usage = attempt.result.profile.provenance, attempt.result.usage
        entry.revision = revision
        entry.generator, entry.model = provenance.generator, provenance.model
        entry.input_tokens, entry.output_tokens = usage.input_tokens, usage.output_tokens
        entry.cost_micro_usd = usage.cost_micro_usd
    return entry


def _answer_entry(attempt: Attempt, ending: Ending, revision: int) -> LedgerEntry:
    """Return the ledger's row of a revision by a model: what it cost, and why it was asked."""
    call = ending.call
    return LedgerEntry(
        user_key=attempt.user,
        started_ms=attempt.started_ms,
        duration_us=attempt.duration_us,
        reason=call.reason,
        outcome=RefreshOutcome.REFRESH_OUTCOME_WRITTEN,
        revision=revision,
        generator=call.provider,
        model=call.model,
        input_tokens=call.input_tokens + call.cache_read_tokens + call.cache_write_tokens,
        output_tokens=call.output_tokens,
        cost_micro_usd=micro_usd(call.cost_pico_usd),
        event_count=attempt.event_count,
    )
