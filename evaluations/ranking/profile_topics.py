"""What ranking would have learned of users' topics by a time, for profiles that take it in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foreword.synonyms import NO_SYNONYMS
from foreword.v1.event_pb2 import Event
from ranking.example import Context
from ranking.learner import LearnerOptions, OnlineLearner
from ranking.log import examples
from scheduler.agent.ranked import NOTHING_RANKED, RankedTopics

# A night's training, in a life of weeks: the first ones, and then by how much more there is to learn from.
_REFITS = LearnerOptions(first_refits=(1000, 5000), refit_every=10_000)


class TopicsLearned:
    """Lives through the feedback among events, ascending by time, and says what was learned of whom.

    Args:
        events: All of a source; those with feedback and an item teach.
        seed: Of the trainings.
    """

    def __init__(self, events: Sequence[Event], *, seed: int) -> None:
        self._left = iter(list(examples(events)))
        self._next = next(self._left, None)
        self._learner = OnlineLearner(_REFITS, random=np.random.default_rng(seed))
        self._known: set[str] = set()

    def learn_before(self, time_ms: int) -> None:
        """Take in all feedback from before a time."""
        while self._next is not None and self._next.context.time_ms < time_ms:
            self._learner.learn(self._next)
            self._known.add(self._next.user)
            self._next = next(self._left, None)

    def of(self, user_id: str, time_ms: int) -> RankedTopics:
        """Return what is known of a user then; nothing before the first training."""
        if user_id not in self._known or not self._learner.model.version:
            return NOTHING_RANKED
        block = self._learner.block(user_id, Context(time_ms))
        scores = self._learner.model.topic_scores(block)
        return RankedTopics.of(scores, block.observations, NO_SYNONYMS)
