"""The log of decisions: what was offered goes to disk behind the answer, many decisions a transaction."""

from __future__ import annotations

import asyncio
import contextlib
from typing import NamedTuple

from foreword.errors import ForewordError
from foreword.keys import UserKey
from foreword.store import ActivityTransaction
from foreword.store.decision_key import decision_id, decision_key
from foreword.store.v1.ranking_pb2 import LoggedDecision, RankActionsRequest
from ranking.block import UserBlock
from ranking.ranker import Ranked
from sidecar.activity import Activity

# Decisions that wait for the disk at once, some 50 MB; beyond it an order is answered without an id.
WAITING_MAX = 10_000
# How long the first decision waits for others; the answer has gone out by then.
WAIT_SECONDS = 0.002


class Offer(NamedTuple):
    """An order as it went out, and what an explanation needs beside it."""

    user: UserKey
    time_ms: int
    request: RankActionsRequest
    ranked: Ranked
    # As it was.
    block: UserBlock


class DecisionLog:
    """Writes what was offered.

    Attributes:
        decision_count: Decisions taken since the start.
        lost_count: Decisions that could not be written since the start.
    """

    def __init__(self, activity: Activity, logged_max: int) -> None:
        self.decision_count = self.lost_count = 0
        self.logged_max = logged_max
        self._activity = activity
        self._offers: list[tuple[bytes, Offer]] = []
        self._writing: set[asyncio.Future[None]] = set()
        self._written_count = 0

    def add(self, offer: Offer, number: int) -> str:
        """Take a decision; return its id, empty when it cannot be logged.

        Args:
            offer: What was offered.
            number: Tells decisions within a millisecond apart.
        """
        self.decision_count += 1
        # While writes fail, too: an id that nobody will know would promise that feedback can name it.
        if len(self._offers) + self._written_count >= WAITING_MAX or not self._activity.is_healthy:
            self.lost_count += 1
            return ""
        key = decision_key(offer.user, offer.time_ms, number)
        if not self._offers:
            asyncio.get_running_loop().call_later(WAIT_SECONDS, self.flush)
        self._offers.append((key, offer))
        return decision_id(key)

    def flush(self) -> None:
        """Send what waits to the disk; whatever is submitted next comes after it."""
        offers, self._offers = self._offers, []
        if not offers:
            return
        logged_max = self.logged_max

        def job(transaction: ActivityTransaction) -> None:
            for key, offer in offers:
                transaction.ranking.put_decision(key, logged(key, offer, logged_max))

        try:
            future = self._activity.submit(job)
        except ForewordError:
            self.lost_count += len(offers)
            return
        self._written_count += len(offers)
        self._writing.add(future)
        future.add_done_callback(lambda done: self._ended(done, len(offers)))

    async def settle(self) -> None:
        """Write what waits, and wait for it."""
        self.flush()
        with contextlib.suppress(ForewordError):
            await asyncio.gather(*self._writing)

    def _ended(self, done: asyncio.Future[None], count: int) -> None:
        self._writing.discard(done)
        self._written_count -= count
        if done.cancelled() or done.exception() is not None:
            # Said by the committer, as of any write.
            self.lost_count += count


def logged(key: bytes, offer: Offer, logged_max: int) -> LoggedDecision:
    """Return a decision as it is logged."""
    request, ranked, block = offer.request, offer.ranked, offer.block
    shown = ranked.order.order[: min(request.limit or logged_max, logged_max)]
    decision = LoggedDecision(
        decision_id=decision_id(key),
        user_id=request.user_id,
        namespace=request.namespace,
        context=request.context,
        offered=[request.candidates[place] for place in shown.tolist()],
        scores=ranked.scores.take(shown).tolist(),
        propensities=ranked.order.propensities[: len(shown)].tolist(),
        candidate_count=len(request.candidates),
        model_version=block.model_version,
        is_uniform=ranked.order.is_uniform,
        observation_count=block.observations,
        mean=block.mean.tolist(),
        recent=block.recent.rows,
        recent_times=block.recent.seconds,
        recent_rewards=block.recent.rewards,
    )
    decision.time.FromMilliseconds(offer.time_ms)
    # Nothing bounds what this version does not know.
    decision.DiscardUnknownFields()
    return decision
