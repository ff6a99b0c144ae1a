"""Reading what concerns language models: what is to be asked, what is under way, what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, cast

from foreword import keys
from foreword.keys import UserKey
from foreword.store import databases as db
from foreword.store.reader import Reader, begin
from foreword.store.translation import translated
from foreword.store.v1.store_pb2 import ModelBatch, ModelHealth
from foreword.v1.backfill_pb2 import BackfillQuestions
from foreword.v1.model_work_pb2 import ModelCall, ModelItem, ModelMode, ModelSpend, ModelState, ModelWait


class Queued(NamedTuple):
    """A user in the queue."""

    key: bytes
    """In `model_due`; where to go on from."""
    mode: ModelMode
    due_ms: int
    wait: ModelWait
    """Why, when not due yet."""


class ModelReader:
    """Reads the model databases of profiles.lmdb; all are empty in a store that no newer scheduler has opened yet.

    Args:
        reader: Of profiles.lmdb; followed when its environment is replaced.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def state(self, user: UserKey) -> ModelState | None:
        """Return what a model has read of a user and when it is asked next, or None."""
        row = self._reader.get(db.MODEL_STATES, user)
        return None if row is None else ModelState.FromString(row)

    def due(self, mode: ModelMode, before_ms: int, limit: int) -> list[tuple[int, UserKey]]:
        """Return up to `limit` users to be asked about in this way before a time, longest due first.

        Returns:
            Pairs of due time in ms and user key.
        """
        prefix = keys.u8(mode)
        found = []
        for key, _ in islice(self._reader.range(db.MODEL_DUE, prefix), limit):
            due_ms = keys.read_u64(key, 1)
            if due_ms >= before_ms:
                break
            found.append((due_ms, UserKey(key[9:])))
        return found

    def queued(self, now_ms: int, after: bytes = b"", limit: int = 1000) -> list[Queued]:
        """Return up to `limit` users in the queue whose key in `model_due` is beyond `after`, by mode and due time.

        Args:
            now_ms: Of users due by then it is not looked up why they waited: they do so no longer.
            after: The key to go on from; empty for the first.
            limit: Most users to return.
        """
        environment = self._reader.environment
        if not environment.has(db.MODEL_DUE):
            return []
        found = []
        states = environment.handles[db.MODEL_STATES]
        with translated(environment.name), begin(environment, environment.handles[db.MODEL_DUE]) as txn:
            cursor = txn.cursor()
            if cursor.set_range(after + b"\0" if after else b"\0"):
                for key in islice(cursor.iternext(values=False), limit):
                    due_ms = keys.read_u64(key, 1)
                    row = txn.get(key[9:], db=states) if due_ms > now_ms else None
                    wait = ModelState.FromString(row or b"").wait
                    found.append(Queued(key, cast(ModelMode, key[0]), due_ms, wait))
        return found

    def due_count(self, mode: ModelMode, before_ms: int) -> int:
        """Return how many users are to be asked about in this way before a time. Looks at each."""
        prefix, end = keys.u8(mode), keys.u8(mode) + keys.u64(before_ms)
        return sum(1 for key, _ in self._reader.range(db.MODEL_DUE, prefix) if key < end)

    def open_calls(self) -> list[ModelCall]:
        """Return the calls that were sent and are not yet ended."""
        return [ModelCall.FromString(row) for _, row in self._reader.range(db.MODEL_OPEN)]

    def calls(self, *, newest: int = 100) -> list[ModelCall]:
        """Return the newest calls that ended, newest first."""
        return list(islice(self.every_call(), newest))

    def every_call(self) -> Iterator[ModelCall]:
        """Yield the calls that ended and are kept, newest first."""
        for _, row in self._reader.newest_first(db.MODEL_CALLS):
            yield ModelCall.FromString(row)

    def calls_of(self, user: UserKey) -> Iterator[ModelCall]:
        """Yield a user's calls, under way or ended. Looks through all of them."""
        for database in (db.MODEL_OPEN, db.MODEL_CALLS):
            for _, row in self._reader.range(database):
                if bytes(user) in row:
                    call = ModelCall.FromString(row)
                    if call.user_key == user:
                        yield call

    def spend(self, from_day: int = 0, to_day: int = 1 << 31) -> list[ModelSpend]:
        """Return the sums of calls that ended on the days from `from_day` to `to_day`, both included.

        Args:
            from_day: In days since 1970, UTC.
            to_day: Likewise.
        """
        found = []
        for key, row in self._reader.range(db.MODEL_SPEND, start=keys.u32(from_day)):
            if keys.read_u32(key) > to_day:
                break
            found.append(ModelSpend.FromString(row))
        return found

    def health(self) -> ModelHealth:
        """Return who is asked about users, and how the providers did when the scheduler last showed life."""
        return ModelHealth.FromString(self._reader.get(db.META, db.META_MODEL_HEALTH) or b"")

    def backfill_questions(self) -> BackfillQuestions:
        """Return what the newest backfill has asked of models."""
        return BackfillQuestions.FromString(self._reader.get(db.META, db.META_BACKFILL_QUESTIONS) or b"")

    def batches(self) -> list[tuple[int, ModelBatch]]:
        """Return `(our number, batch)` of the batches under way, oldest first."""
        return [
            (keys.read_u64(key), ModelBatch.FromString(row))
            for key, row in self._reader.range(db.MODEL_BATCHES)
        ]

    def item(self, batch: int, place: int) -> ModelItem | None:
        """Return a question of a batch; None once its answer is dealt with."""
        row = self._reader.get(db.MODEL_ITEMS, keys.u64(batch) + keys.u32(place))
        return None if row is None else ModelItem.FromString(row)

    def items(self, batch: int) -> Iterator[tuple[int, ModelItem]]:
        """Yield `(place, question)` of a batch whose answers are not dealt with, by place."""
        for key, row in self._reader.range(db.MODEL_ITEMS, keys.u64(batch)):
            yield keys.read_u32(key, 8), ModelItem.FromString(row)
