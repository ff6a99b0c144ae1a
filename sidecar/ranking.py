"""Ranking in the sidecar: opened when somebody first asks, and done without where it is off or not installed."""

from __future__ import annotations

import asyncio
import functools
import os
from typing import TYPE_CHECKING

from foreword.clock import DAY_MS, Clock
from foreword.errors import MissingExtraError
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.store import ActivityTransaction
from foreword.v1.ranking_pb2 import RankingStatus
from sidecar.activity import Activity
from sidecar.errors import RankingOffError
from sidecar.profiles import Profiles

if TYPE_CHECKING:
    from sidecar.ranker import Ranker

COMPONENT = "sidecar.ranking"
EXTRA = "ranking"
# Decisions looked at in one transaction, by their keys alone: a millisecond.
SLICE_ROWS = 2_000


class Ranking:
    """What ranks, once it is needed: the vectors' library takes a tenth of a second and 20 MB to load."""

    def __init__(
        self,
        activity: Activity,
        profiles: Profiles,
        *,
        live: FollowedConfig,
        problems: Problems,
        clock: Clock,
    ) -> None:
        self._activity = activity
        self._profiles = profiles
        self._live = live
        self._problems = problems
        self._clock = clock
        self._ranker: Ranker | None = None
        self._opening = asyncio.Lock()

    async def ranker(self) -> Ranker:
        """Return what ranks, opening it at the first call.

        Raises:
            RankingOffError: `ranking.mode` is off.
            MissingExtraError: The extra `ranking` is not installed.
        """
        if self._live.current.ranking.mode == "off":
            raise RankingOffError("ranking is off here", hint='set ranking.mode = "on"')
        if self._ranker is None:
            async with self._opening:
                if self._ranker is None:
                    self._ranker = await asyncio.to_thread(self._open)
        return self._ranker

    def flush(self) -> None:
        """Send the decisions that wait to the disk, so that what is written next comes after them."""
        if self._ranker is not None:
            self._ranker.log.flush()

    async def tick(self) -> None:
        """Follow the global model, which a trainer may have replaced."""
        if self._ranker is not None:
            await self._ranker.follow()

    async def maintain(self) -> None:
        """Remove old decisions from the log, whether or not anybody ranks at the moment."""
        reader = self._activity.reader
        if reader is None or not self._activity.is_healthy or not reader.ranking_counts()[1]:
            return
        days = self._live.current.ranking.decision_days
        drop = functools.partial(_drop, before_ms=self._clock.now_ms() - days * DAY_MS)
        after = b""
        while after := await self._activity.write(functools.partial(drop, after=after)):
            pass

    def status(self) -> RankingStatus | None:
        """Return figures since the start; None where ranking is off."""
        if self._live.current.ranking.mode == "off":
            return None
        status = RankingStatus() if self._ranker is None else self._ranker.status()
        reader = self._activity.reader
        if reader is not None:
            status.block_count, status.logged_count = reader.ranking_counts()
        return status

    async def close(self) -> None:
        """Give up what is under way, and log what waits."""
        if self._ranker is not None:
            await self._ranker.close()

    def _open(self) -> Ranker:
        # One core: of matrices this small no thread but the first has a part, and waking them takes milliseconds.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        try:
            from sidecar.ranker import Ranker
        except ModuleNotFoundError as exc:
            raise MissingExtraError("ranking actions", EXTRA) from exc
        return Ranker(
            self._activity, self._profiles, live=self._live, problems=self._problems, clock=self._clock
        )


def _drop(transaction: ActivityTransaction, *, after: bytes, before_ms: int) -> bytes:
    return transaction.ranking.drop_decisions(after, before_ms, SLICE_ROWS)
