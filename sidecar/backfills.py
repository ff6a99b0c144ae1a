"""Backfills as an operator asks for them: recorded here, carried out by the scheduler, seen by its row."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterator
from itertools import islice

from foreword import keys
from foreword.clock import Clock, format_time_ms
from foreword.errors import FieldError
from foreword.followed_config import FollowedConfig
from foreword.naming import quoted
from foreword.store import ActivityReader, ActivityTransaction
from foreword.store.v1.store_pb2 import BackfillRow
from foreword.v1.backfill_pb2 import Backfill, BackfillMode, BackfillPlan, BackfillStage
from foreword.v1.operator_service_pb2 import BackfillAction, StartBackfillRequest
from sidecar.activity import Activity
from sidecar.errors import BackfillStateError
from sidecar.profiles import Profiles
from sidecar.scheduler_life import shows_life

_OVER = (BackfillStage.BACKFILL_STAGE_DONE, BackfillStage.BACKFILL_STAGE_CANCELED)
# A fifth of a core, and no more for a live refresh to wait behind than one of them; see benchmarks/results/backfill.md.
USERS_PER_SECOND = 200.0
_USERS_PER_SECOND_MIN, _USERS_PER_SECOND_MAX = 0.1, 10_000.0
_NAMESPACES_SHOWN_MAX = 5
# Of the keys of a namespace none is beyond its prefix and this.
_BEYOND = b"\xff" * (keys.USER_ID_BYTES_MAX + 2)


class Backfills:
    """Records what is asked for, one backfill at a time, and tells how far it is."""

    def __init__(self, profiles: Profiles, activity: Activity, live: FollowedConfig, clock: Clock) -> None:
        self._profiles = profiles
        self._activity = activity
        self._live = live
        self._clock = clock

    async def start(self, request: StartBackfillRequest) -> Backfill:
        """Record a backfill, or that an estimated one may begin; return it.

        Raises:
            FieldError: A field is out of range, or contradicts another.
            BackfillStateError: Another one is under way, or the one that is named does not wait to begin.
            StoreError: Nothing was recorded.
        """
        self._activity.refuse_draining()
        if request.backfill_id:
            return await self._confirm(request)
        plan = self._plan(request)

        def record(former: BackfillPlan | None) -> BackfillPlan:
            row = self._row()
            if former is not None and former.is_confirmed and not _is_over(former, row):
                raise _running(former)
            plan.requested_ms = max(plan.requested_ms, *_later_than(former, row))
            return plan

        return await self._change(record)

    def get(self) -> Backfill | None:
        """Return the newest backfill; None when there never was one.

        Raises:
            StoreError: An environment cannot be read.
        """
        plan = self._activity.reader.backfill_plan() if self._activity.reader is not None else None
        return None if plan is None else self._shown(plan)

    async def steer(self, action: BackfillAction) -> Backfill:
        """Pause, resume or cancel the backfill under way; return it.

        Raises:
            FieldError: It is no known action.
            BackfillStateError: None is under way.
            StoreError: Nothing was recorded.
        """
        if action not in _STEERED:
            raise FieldError("action", str(action), "pause, resume or cancel")
        self._activity.refuse_draining()

        def steer(former: BackfillPlan | None) -> BackfillPlan:
            if former is None or _is_over(former, self._row()):
                raise BackfillStateError("no backfill is under way", hint="start one: foreword backfill")
            _STEERED[action](former)
            return former

        return await self._change(steer)

    # -- the parts ------------------------------------------------------------------------------------------

    async def _confirm(self, request: StartBackfillRequest) -> Backfill:
        named = {descriptor.name for descriptor, _ in request.ListFields()}
        if named != {"backfill_id"}:
            raise FieldError(
                "backfill_id", f"it and {', '.join(sorted(named - {'backfill_id'}))}", "one of them alone"
            )

        def confirm(former: BackfillPlan | None) -> BackfillPlan:
            is_same = former is not None and former.backfill_id == request.backfill_id
            if former is None or not is_same or _is_over(former, self._row()):
                raise BackfillStateError(
                    "the estimated backfill is not the newest any more", hint="have it estimated again"
                )
            former.is_confirmed = True
            return former

        return await self._change(confirm)

    async def _change(self, change: Callable[[BackfillPlan | None], BackfillPlan]) -> Backfill:
        """Write what the newest plan becomes; read and written in one transaction."""

        def job(transaction: ActivityTransaction) -> BackfillPlan:
            plan = change(transaction.backfill_plan())
            transaction.put_backfill_plan(plan)
            return plan

        return self._shown(await self._activity.write(job))

    def _plan(self, request: StartBackfillRequest) -> BackfillPlan:
        per_second = request.users_per_second or USERS_PER_SECOND
        if not (math.isfinite(per_second) and _USERS_PER_SECOND_MIN <= per_second <= _USERS_PER_SECOND_MAX):
            raise FieldError("users_per_second", f"{per_second:g}", "0.1 to 10,000")
        if request.HasField("budget_micro_usd") and request.budget_micro_usd < 0:
            raise FieldError("budget_micro_usd", str(request.budget_micro_usd), "0 or more")
        self._check_mode(request.mode)
        plan = BackfillPlan(
            backfill_id=uuid.uuid4().bytes,
            requested_ms=self._clock.now_ms(),
            mode=request.mode,
            users_per_second=per_second,
            is_confirmed=not request.estimate_only,
        )
        if request.HasField("budget_micro_usd"):
            plan.budget_micro_usd = request.budget_micro_usd
        if request.HasField("namespace"):
            self._check_namespace(request.namespace)
            plan.namespace = request.namespace
        return plan

    def _check_mode(self, mode: BackfillMode) -> None:
        if mode not in BackfillMode.values():
            raise FieldError("mode", str(mode), "batch, extractive, or none")
        reader = self._profiles.reader
        is_known = reader is not None and reader.scheduler_seen_ms()
        asks_nobody = reader is not None and is_known and not reader.model.health().providers
        if mode == BackfillMode.BACKFILL_MODE_BATCH and asks_nobody:
            raise FieldError("mode", "batch", "extractive: no segment asks a model (agent.provider)")

    def _check_namespace(self, namespace: str) -> None:
        prefix, reader = keys.namespace_prefix(namespace), self._activity.reader
        if reader is not None and reader.last_seen(limit=1, prefix=prefix):
            return
        known = [
            quoted(name) if name else "the default one"
            for name in islice(_namespaces(reader), _NAMESPACES_SHOWN_MAX + 1)
        ]
        listed = ", ".join(known[:_NAMESPACES_SHOWN_MAX]) + (
            " …" if len(known) > _NAMESPACES_SHOWN_MAX else ""
        )
        raise FieldError(
            "namespace",
            f"{quoted(namespace)}, which has no users",
            f"one that has: {listed}" if known else "none yet: no event was recorded",
        )

    def _row(self) -> BackfillRow | None:
        reader = self._profiles.reader
        return reader.backfill() if reader is not None else None

    def _shown(self, plan: BackfillPlan) -> Backfill:
        reader, row = self._profiles.reader, self._row()
        shown = Backfill(plan=plan, stage=BackfillStage.BACKFILL_STAGE_WAITING)
        if reader is not None:
            seen_ms = reader.scheduler_seen_ms()
            shown.scheduler_running = shows_life(seen_ms, self._clock.now_ms(), self._live.current)
        if reader is None or row is None or row.plan.backfill_id != plan.backfill_id:
            return shown
        shown.stage, shown.is_budget_spent = _steered(row.stage, plan), row.is_budget_spent
        shown.counts.CopyFrom(row.counts)
        shown.questions.CopyFrom(reader.model.backfill_questions())
        if row.HasField("estimate"):
            shown.estimate.CopyFrom(row.estimate)
        shown.started_at.FromMilliseconds(row.started_ms)
        if row.ended_ms:
            shown.ended_at.FromMilliseconds(row.ended_ms)
        return shown


def _pause(plan: BackfillPlan) -> None:
    plan.is_paused = True


def _resume(plan: BackfillPlan) -> None:
    plan.is_paused = False


def _cancel(plan: BackfillPlan) -> None:
    plan.is_canceled = True


_STEERED: dict[int, Callable[[BackfillPlan], None]] = {
    BackfillAction.BACKFILL_ACTION_PAUSE: _pause,
    BackfillAction.BACKFILL_ACTION_RESUME: _resume,
    BackfillAction.BACKFILL_ACTION_CANCEL: _cancel,
}


def _is_over(plan: BackfillPlan, row: BackfillRow | None) -> bool:
    """Return whether nothing more comes of a plan, as it is with one that the scheduler has passed over for a later."""
    if plan.is_canceled:
        return True
    if row is None or row.plan.requested_ms < plan.requested_ms:
        return False
    return row.plan.backfill_id != plan.backfill_id or row.stage in _OVER


def _steered(stage: BackfillStage, plan: BackfillPlan) -> BackfillStage:
    """Return how far a backfill is, with what an operator asked for and the scheduler sees in a moment."""
    if plan.is_canceled and stage not in _OVER:
        return BackfillStage.BACKFILL_STAGE_CANCELED
    is_going_on = stage in (BackfillStage.BACKFILL_STAGE_RUNNING, BackfillStage.BACKFILL_STAGE_ASKING)
    return BackfillStage.BACKFILL_STAGE_PAUSED if plan.is_paused and is_going_on else stage


def _later_than(former: BackfillPlan | None, row: BackfillRow | None) -> tuple[int, int]:
    """Return times after the former backfills: of a clock that was set back, a new one is the newest all the same."""
    return (
        former.requested_ms + 1 if former is not None else 0,
        row.plan.requested_ms + 1 if row is not None else 0,
    )


def _running(plan: BackfillPlan) -> BackfillStateError:
    return BackfillStateError(
        f"a backfill is under way since {format_time_ms(plan.requested_ms)}",
        hint="see it with `foreword backfill --status`, or end it with --cancel",
    )


def _namespaces(reader: ActivityReader | None) -> Iterator[str]:
    """Yield the namespaces that have users, in the order of their keys."""
    after = b""
    while reader is not None and (found := reader.last_seen(after, 1)):
        _, namespace = keys.split_user_key(found[0][0])
        yield namespace
        after = keys.namespace_prefix(namespace) + _BEYOND
