"""Writing what concerns language models: what is to be asked, what is under way, what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foreword import keys
from foreword.clock import DAY_MS
from foreword.errors import StoreCorruptError
from foreword.keys import UserKey
from foreword.store import databases as db
from foreword.store.transaction import Transaction
from foreword.store.v1.store_pb2 import ModelBatch, ModelHealth
from foreword.v1.backfill_pb2 import BackfillQuestions
from foreword.v1.model_work_pb2 import ModelCall, ModelItem, ModelOutcome, ModelSpend, ModelState
from foreword.v1.refresh_pb2 import RefreshReason

_BACKFILL = RefreshReason.REFRESH_REASON_BACKFILL
_SUMMED = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "cost_pico_usd",
    "applied_count",
    "refused_count",
)


class ModelTransaction(Transaction):
    """The part of a write transaction over profiles.lmdb that concerns models; `ProfileTransaction.model` makes it."""

    def __init__(self, txn: Any, handles: Mapping[bytes, Any], calls_max: int) -> None:
        super().__init__(txn, handles)
        self._calls_max = calls_max

    def state(self, user: UserKey) -> ModelState | None:
        """Return what a model has read of a user and when it is asked next, or None."""
        row = self._get(db.MODEL_STATES, user)
        return None if row is None else ModelState.FromString(row)

    def schedule(self, user: UserKey, state: ModelState) -> None:
        """Write a user's state, and move the user's row in `model_due` to its mode and due time (none at 0)."""
        former = self.state(user)
        if former is not None and former.due_ms:
            self._delete(db.MODEL_DUE, _due_key(former, user))
        self._count(queued_count=_is_queued_by_backfill(state) - _is_queued_by_backfill(former))
        if state.due_ms:
            self._put(db.MODEL_DUE, _due_key(state, user), b"")
        self._put(db.MODEL_STATES, user, state.SerializeToString())

    # -- calls ----------------------------------------------------------------------------------------------

    def open_call(self, call: ModelCall) -> None:
        """Write that a call is about to be sent. Its cost is the most it can be until it has ended."""
        if call.reason == _BACKFILL:
            self._count_open(self.opened_call(call.call_id), call)
        self._put(db.MODEL_OPEN, call.call_id, call.SerializeToString())

    def opened_call(self, call_id: bytes) -> ModelCall | None:
        """Return a call that is under way; None once it has ended."""
        row = self._get(db.MODEL_OPEN, call_id)
        return None if row is None else ModelCall.FromString(row)

    def end_call(self, call: ModelCall, ended_ms: int) -> None:
        """Move a call from those under way to those that ended, and add it to the sums of the day.

        Args:
            call: With its outcome and cost.
            ended_ms: When it ended; decides the day.
        """
        if call.reason == _BACKFILL:
            self._count_open(self.opened_call(call.call_id), None)
            self._count(
                ended_count=1,
                applied_count=call.outcome == ModelOutcome.MODEL_OUTCOME_APPLIED,
                spent_pico_usd=call.cost_pico_usd,
                input_tokens=call.input_tokens + call.cache_read_tokens + call.cache_write_tokens,
                output_tokens=call.output_tokens,
            )
        self._delete(db.MODEL_OPEN, call.call_id)
        sequence = self._next(db.META_MODEL_CALL_SEQ)
        row = call.SerializeToString()
        if not self._txn.put(keys.u64(sequence), row, db=self._db[db.MODEL_CALLS], append=True):
            raise StoreCorruptError(
                f"profiles.lmdb counts {sequence} calls to models but holds a later one",
                hint="run `foreword store check`, then restore a backup",
            )
        self._trim_calls(sequence)
        self._add_spend(call, ended_ms // DAY_MS)

    def _add_spend(self, call: ModelCall, day: int) -> None:
        key = _spend_key(call, day)
        sums = ModelSpend.FromString(self._get(db.MODEL_SPEND, key) or b"")
        sums.day, sums.segment, sums.mode, sums.outcome = day, call.segment, call.mode, call.outcome
        sums.provider, sums.model = call.provider, call.model
        add_to_spend(sums, call)
        self._put(db.MODEL_SPEND, key, sums.SerializeToString())

    def _trim_calls(self, newest: int) -> None:
        # Two a call, so that a lowered limit is reached in time without one long transaction.
        cursor = self._txn.cursor(db=self._db[db.MODEL_CALLS])
        for _ in range(2):
            if not cursor.first() or keys.read_u64(cursor.key()) > newest - self._calls_max:
                return
            cursor.delete()

    # -- batches --------------------------------------------------------------------------------------------

    def new_batch(self) -> int:
        """Return the number of a new batch, which no other ever had."""
        return self._next(db.META_MODEL_BATCH_SEQ)

    def put_batch(self, number: int, batch: ModelBatch) -> None:
        """Write how far a batch is."""
        self._put(db.MODEL_BATCHES, keys.u64(number), batch.SerializeToString())

    def delete_batch(self, number: int) -> None:
        """Remove a batch whose questions are all dealt with."""
        self._delete(db.MODEL_BATCHES, keys.u64(number))

    def put_item(self, batch: int, place: int, item: ModelItem) -> None:
        """Write one question of a batch."""
        if item.reason == _BACKFILL:
            self._count_item(self.item(batch, place), item)
        self._put(db.MODEL_ITEMS, keys.u64(batch) + keys.u32(place), item.SerializeToString())

    def item(self, batch: int, place: int) -> ModelItem | None:
        """Return a question of a batch; None once its answer is dealt with."""
        row = self._get(db.MODEL_ITEMS, keys.u64(batch) + keys.u32(place))
        return None if row is None else ModelItem.FromString(row)

    def delete_item(self, batch: int, place: int) -> bool:
        """Remove a question that is dealt with; return whether it was there."""
        former = self.item(batch, place)
        if former is not None and former.reason == _BACKFILL:
            self._count_item(former, None)
        return self._delete(db.MODEL_ITEMS, keys.u64(batch) + keys.u32(place))

    def put_health(self, health: ModelHealth) -> None:
        """Write who is asked about users, and how the providers do; beside `put_scheduler_seen`."""
        self._put(db.META, db.META_MODEL_HEALTH, health.SerializeToString())

    # -- the backfill ---------------------------------------------------------------------------------------

    def backfill_questions(self) -> BackfillQuestions:
        """Return what the newest backfill has asked of models."""
        return BackfillQuestions.FromString(self._get(db.META, db.META_BACKFILL_QUESTIONS) or b"")

    def begin_backfill(self) -> None:
        """Count from zero what ends from now on; what a canceled backfill has under way counts towards the next."""
        under_way = self.backfill_questions()
        kept = BackfillQuestions(
            queued_count=under_way.queued_count,
            open_count=under_way.open_count,
            reserved_pico_usd=under_way.reserved_pico_usd,
        )
        self._put(db.META, db.META_BACKFILL_QUESTIONS, kept.SerializeToString())

    def _count_open(self, former: ModelCall | None, call: ModelCall | None) -> None:
        """Count a call under way; one whose answer is lost is open no more, and its cost stays reserved."""
        self._count(
            open_count=_is_open(call) - _is_open(former),
            reserved_pico_usd=(call.cost_pico_usd if call else 0) - (former.cost_pico_usd if former else 0),
        )

    def _count_item(self, former: ModelItem | None, item: ModelItem | None) -> None:
        self._count(
            open_count=(item is not None) - (former is not None),
            reserved_pico_usd=(item.reserved_pico_usd if item else 0)
            - (former.reserved_pico_usd if former else 0),
        )

    def _count(self, **changes: int) -> None:
        """Add to what the backfill has asked; the rows themselves are the truth, this is their sum."""
        if not any(changes.values()):
            return
        sums = self.backfill_questions()
        for name, change in changes.items():
            setattr(sums, name, getattr(sums, name) + change)
        self._put(db.META, db.META_BACKFILL_QUESTIONS, sums.SerializeToString())

    # -- one user -------------------------------------------------------------------------------------------

    def erase(self, user: UserKey) -> dict[bytes, int]:
        """Remove a user's rows; return how many went, by database.

        What was sent still costs: calls and questions under way stay, without the user.
        """
        state = self.state(user) or ModelState()
        self._count(queued_count=-_is_queued_by_backfill(state))
        counts = {
            db.MODEL_DUE: int(self._delete(db.MODEL_DUE, _due_key(state, user))),
            db.MODEL_STATES: int(self._delete(db.MODEL_STATES, user)),
            db.MODEL_ITEMS: 0,
        }
        if state.batch:
            item = self.item(state.batch, state.batch_item)
            if item is not None and item.user_key == user:
                kept = ModelItem(
                    segment=item.segment, reason=item.reason, reserved_pico_usd=item.reserved_pico_usd
                )
                self.put_item(state.batch, state.batch_item, kept)
                counts[db.MODEL_ITEMS] = 1
        counts[db.MODEL_OPEN] = self._forget_open(user)
        counts[db.MODEL_CALLS] = self._erase_calls(user)
        return counts

    def _forget_open(self, user: UserKey) -> int:
        found = self._calls_of(db.MODEL_OPEN, user)
        for key, call in found:
            call.ClearField("user_key")
            self._put(db.MODEL_OPEN, key, call.SerializeToString())
        return len(found)

    def _erase_calls(self, user: UserKey) -> int:
        found = self._calls_of(db.MODEL_CALLS, user)
        for key, _ in found:
            self._delete(db.MODEL_CALLS, key)
        return len(found)

    def _calls_of(self, database: bytes, user: UserKey) -> list[tuple[bytes, ModelCall]]:
        cursor = self._txn.cursor(db=self._db[database])
        calls = [(bytes(key), ModelCall.FromString(row)) for key, row in cursor if user in row]
        return [(key, call) for key, call in calls if call.user_key == user]


def _is_queued_by_backfill(state: ModelState | None) -> bool:
    return state is not None and state.reason == _BACKFILL and state.due_ms > 0


def _is_open(call: ModelCall | None) -> bool:
    return call is not None and not call.outcome


def add_to_spend(sums: ModelSpend, call: ModelCall) -> None:
    """Add one call to the sums of its day."""
    sums.calls += 1
    for name in _SUMMED:
        setattr(sums, name, getattr(sums, name) + getattr(call, name))
    if call.is_estimate:
        sums.estimated_pico_usd += call.cost_pico_usd


def _due_key(state: ModelState, user: UserKey) -> bytes:
    """Return the key in `model_due`: `mode u8 ‖ due_ms u64 big-endian ‖ user key`."""
    return keys.u8(state.mode) + keys.due_key(state.due_ms, user)


def _spend_key(call: ModelCall, day: int) -> bytes:
    """Return the key in `model_spend`: `day u32 ‖ segment u8 ‖ mode u8 ‖ outcome u8 ‖ length u8 ‖ provider ‖ model`."""
    provider = call.provider.encode()
    kinds = keys.u8(call.segment) + keys.u8(call.mode) + keys.u8(call.outcome)
    return keys.u32(day) + kinds + keys.u8(len(provider)) + provider + call.model.encode()
