"""Finding a batch again of which only the intent is stored: whoever sent it died, or got no answer."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import aclosing
from enum import Enum, auto
from typing import NamedTuple

from foreword.clock import DAY_MS
from foreword.llm.custom_id import BatchName
from foreword.llm.errors import ModelError, ModelFailure
from foreword.llm.model import Batches, BatchState
from foreword.store.v1.store_pb2 import ModelBatch

# The provider's list follows the provider's clock. A day is more than a time zone set wrong; what is listed without
# being ours costs a look at one row each.
_SKEW_MS = DAY_MS
# What says for certain that a batch was not taken. A 500 does not: it may have been made before something failed.
_REFUSALS: tuple[ModelFailure, ...] = ("rate_limited", "overloaded", "unauthorized", "rejected")


class Trace(Enum):
    """What is known of an intended batch."""

    FOUND = auto()
    """The provider has it."""
    ABSENT = auto()
    """The provider does not have it: its questions may be asked again."""
    UNDECIDED = auto()
    """One that may be it is under way."""
    UNLISTED = auto()
    """The provider does not list it, which it may do late."""


class Finding(NamedTuple):
    """What a look at the provider's list found."""

    trace: Trace
    state: BatchState | None = None
    """Of the batch that was found."""
    reason: str = ""
    """Why nothing is certain."""


class Recovery:
    """Looks for intended batches in the provider's list.

    A batch is ours when its rows say so, and rows can be read only when it has ended. So one of the right size that
    is under way is waited for; and as a provider lists a new batch late, only one that is not listed for the whole of
    `agent.batch_grace_seconds` counts as never taken. What is held here is lost without loss: the look begins anew.
    """

    def __init__(self) -> None:
        # A custom id of each batch that was read, by its name at the provider: all of one batch are of one kind.
        self._samples: dict[str, str] = {}
        self._missed_since_ms: dict[int, int] = {}

    async def look(
        self,
        name: BatchName,
        batch: ModelBatch,
        batches: Batches,
        *,
        known: Collection[str],
        now_ms: int,
        grace_ms: int,
    ) -> Finding:
        """Return what is known of an intended batch now.

        Args:
            name: What its custom ids have in common.
            batch: Its row.
            batches: The provider's batches.
            known: Names at the provider of the batches that rows of ours know.
            now_ms: The time.
            grace_ms: How long it must be missing from the list.

        Raises:
            ModelError: The provider cannot say.
        """
        listed = await batches.newest(batch.intended_ms - _SKEW_MS)
        ids = {state.batch_id for state in listed}
        self._samples = {batch_id: sample for batch_id, sample in self._samples.items() if batch_id in ids}
        undecided = ""
        for state in listed:
            if state.request_count != batch.item_count or state.batch_id in known:
                continue
            sample = await self._sample(state, batches) if state.has_ended else ""
            if name.place(sample) is not None:
                self._missed_since_ms.pop(name.number, None)
                return Finding(Trace.FOUND, state)
            undecided = undecided or ("" if sample else state.batch_id)
        if undecided:
            self._missed_since_ms.pop(name.number, None)
            return Finding(Trace.UNDECIDED, reason=f"it may be {undecided}, whose rows will say so")
        return self._missed(name.number, now_ms, grace_ms)

    async def _sample(self, state: BatchState, batches: Batches) -> str:
        """Return one of a batch's custom ids; empty while it has no rows to read."""
        if state.batch_id not in self._samples:
            async with aclosing(batches.rows(state.batch_id)) as rows:
                async for row in rows:
                    self._samples[state.batch_id] = row.custom_id
                    break
        return self._samples.get(state.batch_id, "")

    def _missed(self, number: int, now_ms: int, grace_ms: int) -> Finding:
        since_ms = self._missed_since_ms.get(number, now_ms)
        # After a clock was set back the wait begins anew; it must not end by a clock that jumps.
        self._missed_since_ms[number] = since_ms = min(since_ms, now_ms)
        if now_ms - since_ms < grace_ms:
            return Finding(Trace.UNLISTED, reason="the provider does not list it, which it may do late")
        del self._missed_since_ms[number]
        return Finding(Trace.ABSENT)


def may_be_taken(exc: ModelError) -> bool:
    """Return whether the provider may have a batch whose sending ended in an error."""
    was_answered = bool(exc.status)
    return exc.may_be_billed or (was_answered and exc.failure not in _REFUSALS)
