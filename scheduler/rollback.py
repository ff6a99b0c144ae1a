"""Returning a user to an earlier revision, as an operator asked for in the trigger log."""

from __future__ import annotations

import logging

from foreword import keys
from foreword.clock import Clock
from foreword.errors import FieldError, StoreRowError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.naming import escaped, quoted
from foreword.store import ProfileReader, ProfileTransaction, ProfileWriter
from foreword.v1.activity_pb2 import Trigger
from foreword.v1.profile_pb2 import Profile
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome, RefreshReason, RefreshState
from scheduler.agent.name_users import user_mark
from scheduler.agent.rollback import rolled_back
from scheduler.populations import Populations
from scheduler.runner import Runner
from scheduler.segments import validity

logger = logging.getLogger("scheduler")


class Rollbacks:
    """Carries out rollbacks. One reads no events, so that due time, memory and population stay as they are."""

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        populations: Populations,
        runner: Runner,
        *,
        clock: Clock,
        live: FollowedConfig,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._populations = populations
        self._runner = runner
        self._clock = clock
        self._live = live

    async def carry_out(self, trigger: Trigger) -> None:
        """Write the earlier revision's knowledge as a new revision, or why not into the ledger.

        Done again after a crash that left the trigger untaken, it changes nothing: the profile says what was asked.

        Raises:
            StoreError: Nothing was written; the next call tries again.
        """
        user = UserKey(trigger.user_key)
        # A refresh under way would write what it began from over the rollback.
        await self._runner.vacated(user)
        began_ms = self._clock.now_ms()
        entry = LedgerEntry(
            user_key=user,
            started_ms=began_ms,
            reason=RefreshReason.REFRESH_REASON_ROLLBACK,
            triggered_ms=trigger.rollback_ms,
        )
        try:
            profile = self._rolled_back(user, trigger, began_ms)
        except (FieldError, StoreRowError) as exc:
            entry.outcome, entry.error = RefreshOutcome.REFRESH_OUTCOME_FAILED, escaped(str(exc))
            user_id, namespace = keys.split_user_key(user)
            logger.warning(
                "rollback of user %s in namespace %s failed: %s", quoted(user_id), quoted(namespace), exc
            )
            profile = None
        else:
            if profile is None:
                return
        # Nothing else writes between the reading above and this: the event loop has not turned.
        with self._writer.begin() as txn:
            if profile is not None:
                self._write(txn, user, profile, entry)
            txn.append_ledger(entry)

    def _rolled_back(self, user: UserKey, trigger: Trigger, now_ms: int) -> Profile | None:
        """Return the profile to write; None when that was done before."""
        served = self._profiles.profile(user)
        if served is None:
            raise FieldError("user_id", "nobody with a profile", "a user with revisions")
        current, revision = served.profile, trigger.rollback_revision
        done = current.rollback
        if (done.requested_at.ToMilliseconds(), done.revision) == (trigger.rollback_ms, revision):
            return None
        former = self._profiles.kept_profile(user, revision)
        if former is None:
            raise FieldError("revision", f"{revision}, not kept any more or damaged", "one that is kept")
        user_id, namespace = keys.split_user_key(user)
        config, users, mark = (
            self._live.current,
            self._populations.view(namespace).name_users,
            user_mark(user_id),
        )
        return rolled_back(
            current,
            former,
            requested_ms=trigger.rollback_ms,
            now_ms=now_ms,
            names=config.foreword.words_of(namespace).names(lambda name: users.count(name, mark)),
            config=config,
        )

    def _write(self, txn: ProfileTransaction, user: UserKey, profile: Profile, entry: LedgerEntry) -> None:
        state = txn.refresh_state(user) or RefreshState()
        valid = validity(state.segment, state.attempted_ms, self._live.current)
        state.revision = txn.put_profile(
            user,
            profile,
            profile.foreword,
            computed_at_ms=entry.started_ms,
            stale_after_ms=valid.stale_after_ms,
            expired_after_ms=valid.expired_after_ms,
            refresh_on_open=valid.refresh_on_open,
            is_rollback=True,
        )
        txn.schedule(user, state)
        entry.outcome, entry.revision = RefreshOutcome.REFRESH_OUTCOME_WRITTEN, state.revision
        entry.generator, entry.model = profile.provenance.generator, profile.provenance.model
