"""The log of decisions behind the answers: what waits, what is lost, and what an answer says then."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from foreword import keys
from foreword.clock import ManualClock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.store import ActivityReader
from foreword.store.check import inspect_store
from foreword.store.decision_key import key_of
from foreword.store.v1.ranking_pb2 import RankActionsRequest
from foreword.v1.ranking_pb2 import Candidate
from ranking.block import UserBlock
from ranking.exploration import Order
from ranking.ranker import Ranked
from ranking.ring import Ring
from sidecar import server
from sidecar.activity import Activity
from sidecar.decision_log import DecisionLog, Offer
from sidecar.profiles import Profiles

ANN = keys.user_key("ann")


def opened(directory: Path) -> Activity:
    sizes = {"profiles_map_size_bytes": 1 << 26, "activity_map_size_bytes": 1 << 26}
    config = Config.model_validate({"store": {"directory": str(directory), **sizes}})
    problems = Problems(ManualClock(), server.logger)
    live = FollowedConfig(config, None, problems, component="sidecar.config", at_start={})
    return Activity(config, live, problems, Profiles(directory, readers_max=64, problems=problems))


def offer(number: int) -> Offer:
    request = RankActionsRequest(
        user_id="ann", candidates=[Candidate(action_id=name).SerializeToString() for name in "ab"]
    )
    order = Order(np.array([1, 0]), np.array([0.9, 0.9], np.float32))
    ranked = Ranked(order, np.array([0.2, 0.8]), [])
    block = UserBlock(
        7, np.array([0.5], np.float32), np.eye(1, dtype=np.float32), 0, recent=Ring((3,), (4,), (1.0,))
    )
    return Offer(ANN, 1_700_000_000_000 + number, request, ranked, block)


def test_what_is_offered_is_read_as_it_was(tmp_path: Path) -> None:
    """A decision is logged best first, with the scores and chances of what was shown, and the user as they were."""

    async def run() -> str:
        activity = opened(tmp_path)
        log = DecisionLog(activity, logged_max=1)
        decision_id = log.add(offer(0), 9)
        await log.settle()
        await activity.close()
        assert (log.decision_count, log.lost_count) == (1, 0)
        return decision_id

    key = key_of(asyncio.run(run()))
    assert key is not None
    with closing(ActivityReader(tmp_path)) as reader:
        decision = reader.ranking_decision(key)
    assert decision is not None
    assert [candidate.action_id for candidate in decision.offered] == ["b"]
    assert list(decision.scores) == pytest.approx([0.8])
    assert list(decision.propensities) == pytest.approx([0.9])
    assert (decision.candidate_count, decision.model_version) == (2, 7)
    assert (list(decision.recent), list(decision.recent_times), list(decision.recent_rewards)) == (
        [3],
        [4],
        [1],
    )
    assert list(inspect_store(tmp_path)) == []


def test_what_waits_is_bounded_and_the_rest_has_no_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit an order is answered without an id, and counted as lost; what waited is all written."""
    monkeypatch.setattr("sidecar.decision_log.WAITING_MAX", 3)

    async def run() -> None:
        activity = opened(tmp_path)
        log = DecisionLog(activity, logged_max=9)
        ids = [log.add(offer(number), number) for number in range(5)]
        assert [bool(one) for one in ids] == [True, True, True, False, False]
        log.flush()
        # On its way to the disk it still waits.
        assert log.add(offer(9), 9) == ""
        await log.settle()
        assert log.add(offer(9), 9)
        await log.settle()
        assert (log.decision_count, log.lost_count) == (7, 3)
        await activity.close()

    asyncio.run(run())
    with closing(ActivityReader(tmp_path)) as reader:
        assert len(list(reader.ranking_decisions(ANN))) == 4


def test_a_store_that_takes_no_writes_has_no_log(tmp_path: Path) -> None:
    """Where another process holds the store, or it is shut, orders have no id, and nothing fails."""

    async def run() -> None:
        activity = opened(tmp_path)
        log = DecisionLog(activity, logged_max=9)
        assert log.add(offer(0), 0)
        await activity.close()
        log.flush()
        assert log.lost_count == 1
        await log.settle()

    asyncio.run(run())
