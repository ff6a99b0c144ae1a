"""A user's block: what it learns, what it forgets, and how it is stored."""

from __future__ import annotations

import numpy as np
import pytest

from foreword.clock import DAY_MS
from foreword.errors import StoreCorruptError, StoreVersionError
from ranking import Forgetting, GlobalModel, UserBlock
from ranking.block import RECENT_MAX

PRIOR = GlobalModel.seed().prior()
FEATURES = np.array([1.0, 0.5, *[0.1] * 14], np.float32)


def fresh() -> UserBlock:
    return UserBlock.fresh(PRIOR, 7, 1_000)


def score(block: UserBlock) -> float:
    return float(FEATURES @ block.mean)


@pytest.mark.parametrize(("reward", "sign"), [(1.0, 1), (0.0, -1)])
def test_a_reward_moves_the_score_its_way(reward: float, sign: int) -> None:
    """What is taken scores higher afterwards, what is refused lower, and either is surer."""
    learned = fresh().learn(0.0, FEATURES, reward, now_ms=2_000, prior=PRIOR)
    assert score(learned) * sign > 0.2
    assert FEATURES @ learned.covariance @ FEATURES < FEATURES @ PRIOR.covariance @ FEATURES


def test_learning_leaves_the_block_it_came_from() -> None:
    """A block is never changed: learning returns another."""
    block = fresh()
    block.learn(0.0, FEATURES, 1.0, now_ms=2_000, prior=PRIOR)
    assert block.to_bytes() == fresh().to_bytes()


def test_what_was_foreseen_teaches_little() -> None:
    """A reward that everybody's score foresaw moves a user less than one that surprises."""
    expected = fresh().learn(4.0, FEATURES, 1.0, now_ms=2_000, prior=PRIOR)
    surprising = fresh().learn(-4.0, FEATURES, 1.0, now_ms=2_000, prior=PRIOR)
    assert 0 < score(expected) < score(surprising) / 10


def test_weight_counts_as_more_observations() -> None:
    """An example of weight 3 moves a user farther than one of weight 1, and one of weight 0 not at all."""
    scores = [
        score(fresh().learn(0.0, FEATURES, 1.0, now_ms=2_000, prior=PRIOR, weight=weight))
        for weight in (0.0, 1.0, 3.0)
    ]
    assert scores[0] == 0 < scores[1] < scores[2]


def test_step_solves_its_equation() -> None:
    """The new mean is the mode: prior's pull and the reward's are in balance there."""
    reward, offset = 0.3, 0.8
    learned = fresh().learn(
        offset, FEATURES, reward, now_ms=2_000, prior=PRIOR, forgetting=Forgetting(share=0.0)
    )
    chance = 1 / (1 + np.exp(-(offset + score(learned))))
    pull = np.linalg.solve(PRIOR.covariance, learned.mean - PRIOR.mean)
    assert pull == pytest.approx(FEATURES * (reward - chance), abs=1e-5)


def test_time_leads_back_to_the_prior() -> None:
    """After a half-life half of what was learned is left, and after many nothing."""
    learned = fresh().learn(0.0, FEATURES, 1.0, now_ms=2_000, prior=PRIOR)
    forgetting = Forgetting(half_life_days=10)
    half = learned.at(2_000 + 10 * DAY_MS, PRIOR, forgetting)
    assert half.mean == pytest.approx(learned.mean / 2)
    late = learned.at(2_000 + 1_000 * DAY_MS, PRIOR, forgetting)
    assert late.mean == pytest.approx(PRIOR.mean)
    assert late.covariance == pytest.approx(PRIOR.covariance)


def test_an_earlier_time_changes_nothing() -> None:
    """Feedback that comes late, with a time before the block's, forgets nothing."""
    learned = fresh().learn(0.0, FEATURES, 1.0, now_ms=5_000, prior=PRIOR)
    assert learned.at(1_000, PRIOR) is learned
    assert learned.learn(0.0, FEATURES, 1.0, now_ms=1_000, prior=PRIOR).updated_ms == 5_000


def test_ring_keeps_the_newest_and_room_for_what_was_taken() -> None:
    """Of many refusals at most eight stay, so that those that were liked are not pushed out."""
    block = fresh()
    for row in range(20):
        block = block.with_recent(row, 1_000 * row, 1.0)
    assert list(block.recent.rows) == list(range(4, 20))
    for row in range(100, 130):
        block = block.with_recent(row, 1_000 * row, 0.0)
    assert len(block.recent.rows) == RECENT_MAX
    assert list(block.recent.rows) == [*range(12, 20), *range(122, 130)]


def test_block_survives_storing() -> None:
    """What is read is what was written, to the bit, within 850 bytes."""
    block = fresh().learn(0.1, FEATURES, 1.0, now_ms=2_000, prior=PRIOR)
    for row in range(RECENT_MAX):
        block = block.with_recent(row, 3_000, 0.5)
    data = block.to_bytes()
    read = UserBlock.from_bytes(data)
    assert read.to_bytes() == data
    assert (read.model_version, read.observations, read.recent) == (7, 1, block.recent)
    assert (read.covariance == block.covariance).all()
    assert len(data) <= 850


def test_damaged_bytes_are_refused() -> None:
    """A block that is cut, too long, not finite, or of a later format is never taken for another."""
    data = fresh().with_recent(1, 1_000, 1.0).to_bytes()
    for broken in (b"", data[:10], data[:-1], data + b"\0", data[:24] + b"\xff" * 4 + data[28:]):
        with pytest.raises(StoreCorruptError):
            UserBlock.from_bytes(broken)
    with pytest.raises(StoreVersionError):
        UserBlock.from_bytes(b"\x02" + data[1:])
