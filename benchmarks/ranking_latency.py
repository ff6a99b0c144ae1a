"""Ranking in process: an order with all that it brings, beside its parts left out; and what feedback costs."""

from __future__ import annotations

import asyncio
import functools
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.population import NOW_MS, user_id
from benchmarks.ranked_users import ACTIONS, candidate, examples, write_blocks
from benchmarks.table import Table, ratio
from foreword import keys
from foreword.clock import ManualClock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.latency import percentile
from foreword.problems import Problems
from foreword.store.v1 import ranking_pb2
from foreword.v1.event_pb2 import Feedback
from foreword.v1.ranking_pb2 import RankingContext
from foreword.v1.ranking_service_pb2 import RankActionsRequest, RecordFeedbackRequest
from ranking.model import GlobalModel
from ranking.training import train
from sidecar.activity import Activity
from sidecar.profiles import Profiles
from sidecar.ranker import Ranker
from sidecar.server import SWITCH_SECONDS, logger

USER_COUNTS = (1_000, 1_000_000)
CALLS = 20_000
WARM_UP = 2_000
_EXAMPLES = 50_000
_TRAINED_USERS = 1_000
_DISTINCT_REQUESTS = 100


def run(user_counts: tuple[int, ...] = USER_COUNTS) -> Table:
    """Measure orders and feedback at each number of users, under one trained model."""
    table = Table(
        "ranking_latency",
        "Ranking in process",
        "python -m benchmarks ranking_latency",
        ("users", "what", "p50 µs", "p99 µs", "to the order of 100", "bytes a user on disk"),
    )
    random = np.random.default_rng(1)
    told = list(examples(_EXAMPLES, _TRAINED_USERS, random))
    model = train(told, number=1, now_ms=told[-1].context.time_ms, random=random)
    for count in user_counts:
        with tempfile.TemporaryDirectory() as folder:
            store = Path(folder)
            write_blocks(store, count, model, random)
            size = (store / "activity.lmdb" / "data.mdb").stat().st_blocks * 512 / count
            rows = asyncio.run(_measure(store, model, count))
            middle = percentile(rows[_NAMES[0]], 0.5)
            for name in _NAMES:
                p50, p99 = percentile(rows[name], 0.5), percentile(rows[name], 0.99)
                table.add(f"{count:,}", name, f"{p50:.0f}", f"{p99:.0f}", ratio(p50, middle), f"{size:,.0f}")
    table.notes += [
        f"One model of {ACTIONS:,} actions, trained from {_EXAMPLES:,} made answers of {_TRAINED_USERS:,} users. Each "
        "order: request checked, the user's block read from the store and its checksum verified, scored, explored, "
        f"the decision put into the log's queue, the answer made; {CALLS:,} of random users, one at a time, the log "
        "written to disk beside it.",
        f"{_DISTINCT_REQUESTS} sets of candidates, one of them for each call, as agents offer the tools that they "
        "have. Chosen anew from all: each call has a set of its own, of candidates that were seen before.",
        "Of the 1,000 users all were asked for a moment ago, and their parameters are at hand; of the million hardly "
        "any.",
        "Feedback: its event checked and recorded, the block read, moved and written, within a write transaction; the "
        "grouped commit, which one transaction of many pays once, is not in it. The user's parameters alone: the same "
        "without its event.",
        "Aim: 100 candidates p50 ≤ 120 µs, p99 ≤ 300 µs; 500 candidates p50 ≤ 400 µs; feedback p50 ≤ 50 µs; at most "
        "2 KB a user on disk.",
    ]
    return table


_NAMES = (
    "order of 100 candidates",
    "order of 100, nothing explored",
    "order of 100, user unknown",
    "order of 100, chosen anew from all",
    "order of 500 candidates",
    "order of 500, chosen anew from all",
    "feedback, with its event",
    "feedback, the user's parameters alone",
)


async def _measure(store: Path, model: GlobalModel, users: int) -> dict[str, list[float]]:
    rows: dict[str, list[float]] = {}
    async with Served(store, model) as (ranker, activity):
        random = np.random.default_rng(2)

        def someone() -> str:
            return user_id(int(random.integers(users)))

        def nobody() -> str:
            return f"nobody-{random.integers(1 << 40)}"

        for name, count, explore, who in (
            (_NAMES[0], 100, True, someone),
            (_NAMES[1], 100, False, someone),
            (_NAMES[2], 100, True, nobody),
            (_NAMES[4], 500, True, someone),
        ):
            requests = [_request(random, count, explore=explore) for _ in range(_DISTINCT_REQUESTS)]
            rows[name] = await _orders(ranker, functools.partial(_one_of, requests, random), who)
        for name, count in ((_NAMES[3], 100), (_NAMES[5], 500)):
            rows[name] = await _orders(ranker, functools.partial(_request, random, count), someone)
        rows[_NAMES[6]], rows[_NAMES[7]] = _feedback(ranker, activity, users, random)
    return rows


def _one_of(requests: list[RankActionsRequest], random: np.random.Generator) -> RankActionsRequest:
    return requests[int(random.integers(len(requests)))]


def _request(random: np.random.Generator, count: int, *, explore: bool = True) -> RankActionsRequest:
    numbers = random.choice(ACTIONS, count, replace=False).tolist()
    return RankActionsRequest(
        candidates=map(candidate, numbers),
        context=RankingContext(attributes={"domain": "python"}, session_id="s"),
        explore=explore,
    )


async def _orders(
    ranker: Ranker, next_request: Callable[[], RankActionsRequest], next_user: Callable[[], str]
) -> list[float]:
    times = []
    for call in range(WARM_UP + CALLS):
        # As it arrives: parsed anew, with the user of this call.
        request = next_request()
        request.user_id = next_user()
        received = ranking_pb2.RankActionsRequest.FromString(request.SerializeToString())
        user = keys.user_key(request.user_id)
        began = time.perf_counter_ns()
        ranker.rank(user, received)
        ended = time.perf_counter_ns()
        if call >= WARM_UP:
            times.append((ended - began) / 1000)
        if call % 50 == 0:
            # The log goes to disk, as it does between requests.
            await ranker.log.settle()
    return times


def _feedback(
    ranker: Ranker, activity: Activity, users: int, random: np.random.Generator
) -> tuple[list[float], list[float]]:
    whole: list[float] = []
    alone: list[float] = []
    writer = activity._writer
    assert writer is not None
    model = ranker._models.current
    for _ in range(CALLS // 200):
        with writer.begin() as transaction:
            for _ in range(200):
                user = user_id(int(random.integers(users)))
                request = RecordFeedbackRequest(
                    user_id=user,
                    action=candidate(int(random.integers(ACTIONS))),
                    context=RankingContext(attributes={"domain": "python"}),
                    feedback=Feedback.FEEDBACK_ACCEPT if random.random() < 0.5 else Feedback.FEEDBACK_REJECT,
                )
                began = time.perf_counter_ns()
                said = ranker._said(transaction, request, b"", NOW_MS, sees=lambda _namespace: True)
                assert said is not None
                ranker._learn(transaction, said, model)
                ended = time.perf_counter_ns()
                whole.append((ended - began) / 1000)
                began = time.perf_counter_ns()
                ranker._move(transaction, said, model)
                alone.append((time.perf_counter_ns() - began) / 1000)
    return whole, alone


class Served:
    """A ranker on a store, without a socket, with a model in force or the one of the store's folder."""

    def __init__(self, store: Path, model: GlobalModel | None = None) -> None:
        self._store, self._model = store, model

    async def __aenter__(self) -> tuple[Ranker, Activity]:
        # As the sidecar does.
        sys.setswitchinterval(SWITCH_SECONDS)
        config = Config.model_validate({"store": {"directory": str(self._store)}})
        clock = ManualClock(NOW_MS)
        problems = Problems(clock, logger)
        live = FollowedConfig(config, None, problems, component="benchmark", at_start={})
        self._profiles = Profiles(self._store, readers_max=64, problems=problems)
        self._activity = Activity(config, live, problems, self._profiles)
        self._ranker = Ranker(self._activity, self._profiles, live=live, problems=problems, clock=clock)
        if self._model is not None:
            self._ranker._models.current = self._model
        return self._ranker, self._activity

    async def __aexit__(self, *_: Any) -> None:
        await self._ranker.close()
        await self._activity.close()
        self._profiles.close()
