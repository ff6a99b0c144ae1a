"""Made users, actions and answers for measurements of ranking: tastes that a model can find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.population import NOW_MS, user_id
from foreword import keys
from foreword.store import ActivityWriter
from foreword.v1.ranking_pb2 import Candidate
from ranking.block import UserBlock
from ranking.example import Action, Context, Example
from ranking.model import GlobalModel

ACTIONS = 2_000
_TOPICS = 40
_DOMAINS = ("python", "go", "sql", "web")
_COMMIT_USERS = 5_000
_TASTES = 8


def candidate(number: int) -> Candidate:
    """Return the made action `number`."""
    return Candidate(
        action_id=f"action-{number}",
        topics=[f"topic-{number % _TOPICS}"],
        attributes={"length": "short" if number % 3 else "long", "kind": f"kind-{number % 7}"},
    )


def action(number: int) -> Action:
    """Return the same as it is learned from."""
    made = candidate(number)
    return Action(id=made.action_id, topics=tuple(made.topics), attributes=dict(made.attributes))


def examples(count: int, users: int, random: np.random.Generator) -> Iterator[Example]:
    """Yield what made users said of made actions, a minute apart: by a taste of a few dimensions, and by chance."""
    tastes = random.normal(0, 1, (users, _TASTES)).astype(np.float32)
    likings = random.normal(0, 0.7, (ACTIONS, _TASTES)).astype(np.float32)
    actions = [action(number) for number in range(ACTIONS)]
    for place in range(count):
        user, chosen = int(random.integers(users)), int(ACTIONS * random.random() ** 2)
        chance = 1 / (1 + np.exp(-float(tastes[user] @ likings[chosen])))
        context = Context(NOW_MS + place * 60_000, {"domain": _DOMAINS[user % len(_DOMAINS)]})
        yield Example(user_id(user), context, actions[chosen], float(random.random() < chance))


def write_blocks(directory: Path, count: int, model: GlobalModel, random: np.random.Generator) -> None:
    """Write a block for each of `count` users, with a full ring, as the sidecar would."""
    writer = ActivityWriter(directory, map_size_bytes=64 << 30)
    prior = model.prior()
    for start in range(0, count, _COMMIT_USERS):
        with writer.begin() as txn:
            for number in range(start, min(start + _COMMIT_USERS, count)):
                block = UserBlock.fresh(prior, model.version, NOW_MS)
                mean = prior.mean + random.normal(0, 0.3, len(prior.mean)).astype(np.float32)
                block = UserBlock(model.version, mean, block.covariance, NOW_MS, 20)
                for row in random.integers(1, 100, 16).tolist():
                    block = block.with_recent(row, NOW_MS, 1.0)
                txn.ranking.put_block(keys.user_key(user_id(number)), block.to_bytes())
    writer.close()
