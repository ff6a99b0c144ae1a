"""The product as it runs, in memory: predict, then learn; train anew now and then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ranking.block import UserBlock, probabilities
from ranking.catching_up import CatchUp, Taught
from ranking.correction import Correction
from ranking.example import Action, Context, Example
from ranking.model import Encoded, GlobalModel
from ranking.table import Table
from ranking.training import Training, TrainingOptions

# From 20 on, each a quarter more than the one before, up to where 5,000 are a quarter.
_FIRST_REFITS = tuple(dict.fromkeys(round(20 * 1.25**step) for step in range(32)))


@dataclass(frozen=True, slots=True)
class LearnerOptions:
    """When what is learned.

    Attributes:
        first_refits: After so many examples the model is trained the first times: whenever there is a quarter more,
            as a store's first nights go.
        refit_every: Then after so many more.
        catch_up_seconds: How often what all users taught corrects what is said between trainings; 0 for never.
        are_users_frozen: Whether users' weights stay as the last training left them; for comparison.
        training: How a model is trained.
    """

    first_refits: tuple[int, ...] = _FIRST_REFITS
    refit_every: int = 5000
    catch_up_seconds: float = 0.0
    are_users_frozen: bool = False
    training: TrainingOptions = field(default_factory=TrainingOptions)


class OnlineLearner:
    """Predicts from the last model and the user's own block; learning moves that block at once, and nobody else's.

    Args:
        options: When what is learned.
        random: For trainings to start from.
    """

    def __init__(self, options: LearnerOptions | None = None, *, random: np.random.Generator) -> None:
        self.options = options or LearnerOptions()
        self._random = random
        self._table = Table()
        self._training: Training | None = None
        self._blocks: dict[str, UserBlock] = {}
        self.model = GlobalModel.seed()
        self._catch_up = CatchUp()
        self._correction: Correction | None = None
        self._offered: tuple[str, Context, UserBlock] | None = None

    def predict(self, user: str, context: Context, actions: Sequence[Action]) -> Any:
        """Return the probability of a reward for each action, float64[n]."""
        encoded, block = self.encode(user, context, actions)
        spread = np.einsum("nd,de,ne->n", encoded.features, block.covariance, encoded.features)
        return probabilities(encoded.offset + encoded.features @ block.mean, spread)

    def encode(self, user: str, context: Context, actions: Sequence[Action]) -> tuple[Encoded, UserBlock]:
        """Return the actions in numbers, corrected, and the user's block as it is now."""
        every_ms = 1000 * self.options.catch_up_seconds
        if every_ms and self._catch_up.is_due(context.time_ms, every_ms):
            found = self._catch_up.publish(context.time_ms)
            self._correction = found if found.is_better else None
        block = self.block(user, context)
        encoded = self.model.encode(context, actions, block.recent)
        if self._correction is not None:
            encoded = self._correction.of(encoded, context, actions)
        return encoded, block

    def block(self, user: str, context: Context) -> UserBlock:
        """Return the user's block as it is at the context's time."""
        prior = self.model.prior(self.model.cohort(context))
        known = self._blocks.get(user)
        if known is None:
            return UserBlock.fresh(prior, self.model.number, context.time_ms)
        return known.at(context.time_ms, prior, self.options.training.forgetting)

    def learn(self, example: Example) -> None:
        """Take in what came of one action."""
        if not example.is_synthetic:
            self._learn_user(example)
        self._table.add(example)
        if self._is_due(len(self._table)):
            self.refit(example.context.time_ms)

    def refit(self, now_ms: int) -> None:
        """Train the model anew, and rebase every user's block from its own log."""
        self._training = Training(
            self._table,
            self.options.training,
            number=self.model.number + 1,
            now_ms=now_ms,
            random=self._random,
            before=self._training,
        )
        self.model = self._training.model
        # Its block is of the former model.
        self._offered = None
        self._blocks = {user: self._rebased(place) for user, place in self._table.users.items()}

    def _is_due(self, count: int) -> bool:
        first, every = self.options.first_refits, self.options.refit_every
        return count in first or (count % every == 0 and count > max(first, default=0))

    def _learn_user(self, example: Example) -> None:
        context, action = example.context, example.action
        block = self.block(example.user, context)
        encoded = self.model.encode(context, [action], block.recent)
        if self.options.catch_up_seconds:
            self._catch_up.add(Taught(example, self._said(example, block)))
        if not self.options.are_users_frozen:
            block = block.learn(
                float(encoded.offset[0]),
                encoded.features[0],
                example.reward,
                now_ms=context.time_ms,
                prior=self.model.prior(self.model.cohort(context)),
                weight=example.weight,
                forgetting=self.options.training.forgetting,
            )
        self._blocks[example.user] = block.with_recent(
            self.model.row_of(action), context.time_ms, example.reward
        )

    def _said(self, example: Example, block: UserBlock) -> float:
        """Return the logit of an action, uncorrected, by the user's block as it was when the moment's actions were
        offered: what came of one of them tells of the others, and the model would be believed for what it was told."""
        user, context = example.user, example.context
        if self._offered is None or self._offered[0] != user or self._offered[1] is not context:
            self._offered = user, context, block
        before = self._offered[2]
        encoded = self.model.encode(context, [example.action], before.recent)
        return float(encoded.offset[0] + encoded.features[0] @ before.mean)

    def _rebased(self, place: int) -> UserBlock:
        assert self._training is not None
        foreseen, table = self._training.foreseen, self._table
        rows = table.rows_of_user[place]
        block = UserBlock(
            self.model.number,
            foreseen.mean[place],
            foreseen.covariance[place],
            table.time_ms[rows[-1]],
            len(rows),
        )
        for row in rows[-32:]:
            action = table.actions[table.action[row]]
            block = block.with_recent(self.model.row_of(action), table.time_ms[row], table.reward[row])
        return block
