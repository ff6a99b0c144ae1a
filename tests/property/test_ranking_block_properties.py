"""A user's block under any history of rewards."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking import Forgetting, GlobalModel, UserBlock

PRIOR = GlobalModel.seed().prior()
DAY_MS = 86_400_000


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 3.0), st.sampled_from([0.0, 1.0, 0.5]))
@settings(max_examples=15, deadline=None)
def test_covariance_stays_positive(seed: int, size: float, share_refused: float) -> None:
    """After any rewards of any actions the covariance is symmetric, positive definite and finite."""
    draw = np.random.default_rng(seed)
    block = UserBlock.fresh(PRIOR, 1, 0)
    for number in range(300):
        features = (size * draw.standard_normal(16)).astype(np.float32)
        features[0] = 1.0
        offset, reward = 6 * draw.standard_normal(), float(draw.random() > share_refused)
        block = block.learn(
            offset,
            features,
            reward,
            now_ms=number * 60_000,
            prior=PRIOR,
            weight=float(draw.choice([0.1, 1, 5])),
        )
    assert_sound(block)


def test_covariance_stays_positive_for_a_hundred_thousand_updates() -> None:
    """A user of many years, always about the same few actions, keeps a covariance that is sound, and can still
    change."""
    draw = np.random.default_rng(0)
    actions = draw.standard_normal((5, 16)).astype(np.float32)
    actions[:, 0] = 1.0
    block = UserBlock.fresh(PRIOR, 1, 0)
    rewards = draw.integers(2, size=100_000)
    for number in range(100_000):
        block = block.learn(0.0, actions[number % 5], float(rewards[number]), now_ms=0, prior=PRIOR)
    assert_sound(block)
    before = float(actions[0] @ block.mean)
    for _ in range(200):
        block = block.learn(0.0, actions[0], 1.0, now_ms=0, prior=PRIOR)
    assert float(actions[0] @ block.mean) > before + 1


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 1)), max_size=20), st.integers(0, 400))
@settings(deadline=None)
def test_stored_block_goes_on_as_the_one_in_memory(history: list[tuple[float, float]], days: int) -> None:
    """A block that was stored and read learns to the same bytes as one that never left memory."""
    features = np.linspace(-1, 1, 16, dtype=np.float32)
    kept = read = UserBlock.fresh(PRIOR, 1, 0)
    for number, (offset, reward) in enumerate(history):
        now_ms = number * days * DAY_MS
        kept = kept.learn(offset, features, reward, now_ms=now_ms, prior=PRIOR, forgetting=Forgetting(30))
        kept = kept.with_recent(number, now_ms, reward)
        read = UserBlock.from_bytes(read.to_bytes())
        read = read.learn(offset, features, reward, now_ms=now_ms, prior=PRIOR, forgetting=Forgetting(30))
        read = read.with_recent(number, now_ms, float(np.float32(reward)))
    assert read.to_bytes() == kept.to_bytes()


def assert_sound(block: UserBlock) -> None:
    assert (block.covariance == block.covariance.T).all()
    assert np.isfinite(block.mean).all()
    assert np.linalg.eigvalsh(block.covariance.astype(np.float64)).min() > 0
