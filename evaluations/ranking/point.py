"""A moment in which actions could be chosen, and what is known to come of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ranking.example import Action, Context, Example


@dataclass(frozen=True, slots=True)
class Point:
    """What a learner is asked, and afterwards taught.

    Attributes:
        user: Whose.
        context: The moment.
        actions: What could be chosen; at least one.
        rewards: What came, or would have come, of each: 0 to 1.
    """

    user: str
    context: Context
    actions: Sequence[Action]
    rewards: Sequence[float]

    def examples(self) -> Iterator[Example]:
        """Yield what can be learned when the rewards of all actions are known."""
        for action, reward in zip(self.actions, self.rewards, strict=True):
            yield Example(self.user, self.context, action, reward)
