"""How a sweep through batches goes, said once a minute."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from foreword.clock import Clock
from foreword.store import ProfileReader
from foreword.store.v1.store_pb2 import ModelBatch
from foreword.v1.model_work_pb2 import ModelCall, ModelOutcome
from scheduler.model.asking_rules import READ

logger = logging.getLogger("scheduler")

_SAID_EVERY_MS = 60_000
_PICO_A_DOLLAR = 10**12


class BatchProgress:
    """Counts what became of the questions of batches since the start.

    Attributes:
        asked_count: Questions that the provider took.
        outcomes: Questions that ended, by how.
        cost_pico_usd: What those cost.
        strange_count: Rows that no question waited for: not ours, or read before.
    """

    def __init__(self, profiles: ProfileReader, clock: Clock) -> None:
        self.asked_count = 0
        self.outcomes: Counter[ModelOutcome] = Counter()
        self.cost_pico_usd = 0
        self.strange_count = 0
        self._profiles = profiles
        self._clock = clock
        self._said = ""
        self._said_ms = 0

    def ended(self, call: ModelCall) -> None:
        """Count a question that ended."""
        self.outcomes[call.outcome] += 1
        self.cost_pico_usd += call.cost_pico_usd

    def say(self) -> None:
        """Log how it goes, at most once a minute and only when it went on.

        Raises:
            StoreError: profiles.lmdb cannot be read.
        """
        now_ms = self._clock.now_ms()
        # A clock that was set back must not silence it.
        if self._said_ms <= now_ms < self._said_ms + _SAID_EVERY_MS:
            return
        under_way = [batch for _, batch in self._profiles.model.batches()]
        text = self.text(under_way)
        if text != self._said and (under_way or self.asked_count or self.outcomes):
            self._said, self._said_ms = text, now_ms
            logger.info("%s", text)

    def text(self, under_way: Sequence[ModelBatch]) -> str:
        """Return one line."""
        answered = sum(count for outcome, count in self.outcomes.items() if outcome in READ)
        others = self.outcomes.total() - answered
        return (
            f"batches since the start: {self.asked_count} users asked about, {answered} answered, "
            f"{self.outcomes[ModelOutcome.MODEL_OUTCOME_APPLIED]} applied, {others} without an answer, "
            f"{self.cost_pico_usd / _PICO_A_DOLLAR:.6f} USD; "
            f"{sum(batch.item_count for batch in under_way)} in {len(under_way)} batches under way"
        )
