"""Writing what attempts came to: many users in one transaction, each of them whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from foreword import keys
from foreword.clock import Clock
from foreword.config import Config
from foreword.errors import StoreError, StoreRowError
from foreword.followed_config import FollowedConfig
from foreword.store import ProfileTransaction, ProfileWriter
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome, RefreshReason, RefreshState
from scheduler.agent.population import PopulationView
from scheduler.agent.refresh import RefreshResult
from scheduler.attempt import Attempt
from scheduler.due import after_attempt
from scheduler.populations import Populations
from scheduler.segments import validity

FAILED = RefreshOutcome.REFRESH_OUTCOME_FAILED


class AttemptWriter:
    """Writes finished attempts to profiles.lmdb."""

    def __init__(
        self, writer: ProfileWriter, populations: Populations, clock: Clock, live: FollowedConfig
    ) -> None:
        self._writer = writer
        self._populations = populations
        self._clock = clock
        self._live = live

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
        with self._writer.begin() as txn:
            for attempt in attempts:
                self._write_one(txn, attempt, config)
                if attempt.result is not None:
                    _, namespace = keys.split_user_key(attempt.user)
                    # Asked for once: one that made room meanwhile would be read anew, without what this adds.
                    if namespace not in views:
                        views[namespace] = self._populations.view(namespace)
                    views[namespace].fold(attempt.result.population_delta)
            for namespace, view in views.items():
                txn.put_population(namespace, view.to_proto())

    def _write_one(self, txn: ProfileTransaction, attempt: Attempt, config: Config) -> None:
        stored = txn.refresh_state(attempt.user) or RefreshState()
        state = RefreshState(
            consumed_seq=attempt.consumed_seq,
            segment=attempt.segment,
            attempted_ms=attempt.started_ms,
            revision=stored.revision,
            outcome=attempt.outcome,
            error=attempt.error,
            settings_digest=attempt.settings_digest,
            failures=stored.failures + 1 if attempt.outcome == FAILED else 0,
        )
        if attempt.result is not None:
            state.revision = _put_profile(txn, attempt, attempt.result, config)
        elif attempt.outcome != FAILED:
            _revalidate(txn, attempt, config)
        if attempt.is_mending or attempt.state.reason == RefreshReason.REFRESH_REASON_MANUAL:
            # What an operator asks for after damage was found leaves none behind. Not each time: it reads all of them.
            txn.mend_revisions(attempt.user)
        due = after_attempt(
            attempt.user,
            attempt.asked,
            segment=state.segment,
            failures=state.failures,
            started_ms=attempt.started_ms,
            now_ms=self._clock.now_ms(),
            config=config,
        )
        due.put(state)
        txn.schedule(attempt.user, state)
        txn.append_ledger(_ledger_entry(attempt, state.revision))


def _put_profile(txn: ProfileTransaction, attempt: Attempt, result: RefreshResult, config: Config) -> int:
    valid = validity(attempt.segment, attempt.started_ms, config)
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
    )
    if attempt.result is not None:
        provenance, usage = attempt.result.profile.provenance, attempt.result.usage
        entry.revision = revision
        entry.generator, entry.model = provenance.generator, provenance.model
        entry.input_tokens, entry.output_tokens = usage.input_tokens, usage.output_tokens
        entry.cost_micro_usd = usage.cost_micro_usd
    return entry
