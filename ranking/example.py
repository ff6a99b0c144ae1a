"""What is ranked, in which moment, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Action:
    """Something that may be chosen for a user: an answer, a tool, an item.

    Attributes:
        id: Names it; the same action has the same id in every call. 1 to 256 bytes.
        topics: What it is about; at most 32.
        attributes: Further facts, such as `depth` or `length`; at most 32.
        text: What it says or does; becomes a vector where an encoder is at hand.
        vector: A vector of its own, of the size its encoder is declared with; empty without.
        is_irreversible: Whether it may never be tried for the sake of learning.
    """

    id: str
    topics: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    vector: tuple[float, ...] = ()
    is_irreversible: bool = False


class ActionSet(tuple[Action, ...]):
    """Actions that are chosen among, of which a model makes its numbers once (`made_of`)."""


@dataclass(frozen=True, slots=True)
class Context:
    """The moment in which a choice is made, the same for all its candidates.

    Attributes:
        time_ms: When, in milliseconds since 1970.
        attributes: Facts of the moment, such as `domain`, `repo`, `tool`, `error_type`; at most 32.
        text: What was asked.
        vector: A vector of its own; empty without.
        session_id: The session it belongs to; last actions of the same session count as more recent than others.
    """

    time_ms: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    vector: tuple[float, ...] = ()
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """One action in one moment, and how it was taken.

    Attributes:
        user: Whose; any string that names one user.
        reward: 0 (turned down) to 1 (taken).
        weight: How much it counts beside others; 1 for a real one.
        is_synthetic: Whether a simulated user made it; never in a real user's block.
    """

    user: str
    context: Context
    action: Action
    reward: float
    weight: float = 1.0
    is_synthetic: bool = False


class Learner(Protocol):
    """Whatever can be asked and taught in turn: the product, and what it is compared with."""

    def predict(self, user: str, context: Context, actions: Sequence[Action]) -> Any:
        """Return the probability of a reward for each action, a float array of `len(actions)`."""

    def learn(self, example: Example) -> None:
        """Take in what came of one action; later predictions may use it."""
