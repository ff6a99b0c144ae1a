"""The product as it runs, in memory: predict, then learn; train anew now and then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ranking.block import UserBlock, probabilities
from ranking.catching_up import CatchUp, Taught
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
        catch_up_seconds: How often what all users taught corrects the model between trainings; 0 for never.
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

    def predict(self, user: str, context: Context, actions: Sequence[Action]) -> Any:
        """Return the probability of a reward for each action, float64[n]."""
        encoded, block = self.encode(user, context, actions)
        spread = np.einsum("nd,de,ne->n", encoded.features, block.covariance, encoded.features)
        return probabilities(encoded.offset + encoded.features @ block.mean, spread)

    def encode(self, user: str, context: Context, actions: Sequence[Action]) -> tuple[Encoded, UserBlock]:
        """Return the actions in numbers, and the user's block as it is now."""
        self._follow(context.time_ms)
        block = self.block(user, context)
        return self.model.encode(context, actions, block.recent), block

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
        self.model = self._training.model.with_correction(self.model.correction)
        self._blocks = {user: self._rebased(place) for user, place in self._table.users.items()}

    def _is_due(self, count: int) -> bool:
        first, every = self.options.first_refits, self.options.refit_every
        return count in first or (count % every == 0 and count > max(first, default=0))

    def _follow(self, now_ms: int) -> None:
        every_ms = 1000 * self.options.catch_up_seconds
        if every_ms and self._catch_up.is_due(now_ms, every_ms):
            self.model = self.model.with_correction(self._catch_up.publish(now_ms))

    def _learn_user(self, example: Example) -> None:
        context, action = example.context, example.action
        block = self.block(example.user, context)
        plain = self.model.encode_plain(context, [action], block.recent)
        if self.options.catch_up_seconds:
            logit = float(plain.offset[0] + plain.features[0] @ block.mean)
            self._catch_up.add(Taught(example, logit))
        encoded = plain.corrected(self.model.correction, context, [action])
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
