"""One user's order of candidates, and what one reward teaches: model, block and chance put together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ranking.block import FORGETTING, Doubles, Floats, Forgetting, UserBlock, probabilities
from ranking.correction import Correction
from ranking.example import Action, Context, Example
from ranking.exploration import Exploration, Order, by_mean, explore, spread
from ranking.making import made_of
from ranking.model import GlobalModel

EXPLORATION = Exploration()


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates in order.

    Attributes:
        order: How they are shown, and how probable each place was.
        scores: Of each candidate, as given, the probability of a yes, float64[n].
        unknown: Places of the candidates whose id the model has never met.
    """

    order: Order
    scores: Doubles
    unknown: Sequence[int]


class Learned(NamedTuple):
    """What one example made of a user.

    Attributes:
        block: The user's, after it.
        logit: What the model and the user's parameters said of it before, uncorrected.
    """

    block: UserBlock
    logit: float


@dataclass(frozen=True, slots=True)
class Ranker:
    """What holds for all users.

    Attributes:
        exploration: How far orders may stray.
        forgetting: How fast what was learned of a user fades.
    """

    exploration: Exploration = EXPLORATION
    forgetting: Forgetting = FORGETTING

    def fresh(self, model: GlobalModel, context: Context, now_ms: int) -> UserBlock:
        """Return the block of a user of whom nothing is known."""
        return UserBlock.fresh(model.prior(model.cohort(context)), model.version, now_ms)

    def rank(
        self,
        model: GlobalModel,
        block: UserBlock,
        context: Context,
        actions: Sequence[Action],
        *,
        random: np.random.Generator | None,
        correction: Correction | None = None,
    ) -> Ranked:
        """Return the order in which actions suit a user.

        Args:
            model: The one that the block belongs to.
            block: The user's.
            context: The moment.
            actions: What may be chosen, at least one.
            random: Where chance comes from; None explores nothing.
            correction: What all users have taught since the model was trained.
        """
        block = block.at(context.time_ms, model.prior(model.cohort(context)), self.forgetting)
        encoded = model.encode(context, actions, block.recent)
        if correction is not None:
            encoded = correction.of(encoded, context, actions)
        logits = encoded.offset + encoded.features @ block.mean
        apart = spread(encoded.features, block.factor)
        if random is None:
            order = by_mean(logits)
        else:
            fixed = made_of(actions, "irreversible", None, _irreversible)
            order = explore(logits, apart, irreversible=fixed, options=self.exploration, random=random)
        # Of the model that was never trained none is known, which its version says.
        unknown = encoded.unknown if model.version else []
        return Ranked(order, probabilities(logits, apart.variances), unknown)

    def learn(
        self,
        model: GlobalModel,
        block: UserBlock,
        example: Example,
        now_ms: int,
        *,
        offered: Floats | None = None,
    ) -> Learned:
        """Return a user's block after one more example; the only one that changes.

        Args:
            model: The one that the block belongs to.
            block: The user's.
            example: What came of an action.
            now_ms: When.
            offered: The mean of the user's parameters when the action was offered, float32[D]; None for as it is now.
        """
        encoded = model.encode(example.context, [example.action], block.recent)
        learned = block.learn(
            float(encoded.offset[0]),
            encoded.features[0],
            example.reward,
            now_ms=now_ms,
            prior=model.prior(model.cohort(example.context)),
            weight=example.weight,
            forgetting=self.forgetting,
        )
        learned = learned.with_recent(model.row_of(example.action), now_ms, example.reward)
        mean = block.mean if offered is None else offered
        return Learned(learned, float(encoded.offset[0] + encoded.features[0] @ mean))

    def replay(
        self, model: GlobalModel, examples: Sequence[Example], now_ms: int, *, pause_seconds: float = 0.0
    ) -> UserBlock:
        """Return the block of a user under a model from all that is known of them, oldest first.

        Args:
            model: The one that the block is to belong to.
            examples: What is known.
            now_ms: The time, for a user of whom nothing is.
            pause_seconds: Slept after each example, in a thread that is in no hurry; 0 for not at all.
        """
        context = examples[0].context if examples else Context(now_ms)
        block = self.fresh(model, context, context.time_ms)
        for example in examples:
            block = self.learn(model, block, example, example.context.time_ms).block
            if pause_seconds:
                time.sleep(pause_seconds)
        return block


def _irreversible(actions: Sequence[Action]) -> NDArray[np.bool_] | None:
    fixed = [action.is_irreversible for action in actions]
    return np.array(fixed) if True in fixed else None
