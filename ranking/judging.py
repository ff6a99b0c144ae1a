"""How well a model foretells what it has not seen: the newest examples, in turn, users being learned meanwhile."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ranking.block import FORGETTING, Forgetting, UserBlock
from ranking.example import Example
from ranking.model import GlobalModel
from ranking.ranker import Ranker

_CHANCE_MIN = 1e-6


def progressive_losses(
    model: GlobalModel, examples: Sequence[Example], held_out: int, forgetting: Forgetting = FORGETTING
) -> list[float]:
    """Return the loss on each of the last `held_out` examples, foretold before it is learned.

    Users' blocks begin anew under the model and are moved by all examples, as in serving; so two models are compared
    under the same terms.

    Args:
        model: The model.
        examples: Real ones, in the order of time.
        held_out: How many of the newest are counted.
        forgetting: As in serving.
    """
    ranker, losses = Ranker(forgetting=forgetting), []
    blocks: dict[str, UserBlock] = {}
    for place, example in enumerate(examples):
        context, now_ms = example.context, example.context.time_ms
        block = blocks.get(example.user)
        if block is None:
            block = ranker.fresh(model, context, now_ms)
        if place >= len(examples) - held_out:
            chance = ranker.rank(model, block, context, [example.action], random=None).scores[0]
            losses.append(_loss(chance, example.reward))
        blocks[example.user] = ranker.learn(model, block, example, now_ms).block
    return losses


def mean(losses: Sequence[float], examples: Sequence[Example]) -> float:
    """Return the mean loss of the newest examples, each by its weight."""
    weights = np.array([example.weight for example in examples[-len(losses) :]])
    return float(np.average(losses, weights=weights))


def _loss(chance: float, reward: float) -> float:
    chance = min(max(chance, _CHANCE_MIN), 1 - _CHANCE_MIN)
    return -(reward * math.log(chance) + (1 - reward) * math.log(1 - chance))
