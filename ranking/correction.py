"""What all users have taught since the model was trained: a correction of its logits, learned online, example by
example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foreword.errors import StoreCorruptError
from ranking.example import Action, Context
from ranking.files import read_directory, write_directory

Array: TypeAlias = NDArray[Any]

WORDS_MAX = 64
"""Words of a text that are looked at: each is crossed with each fact of the moment."""
FACTS_MAX = 8
"""Facts of a moment that are looked at, in the order of their names: each is crossed with each word."""
CELLS_MAX = 1 << 21
"""Facts times actions: 8 MB of weights, and as much of squares. Whatever would need more is not learned."""
ACTIONS_MAX = 512
"""Actions of which each fact has a weight; of others only what they are by themselves is learned."""

_TEXT_CHARACTERS_MAX = 2_000
_WORD = re.compile(r"\w+")
# AdaGrad (Duchi, Hazan and Singer 2011): the step, what sums of squares begin with, and the pull to 0.
_RATE, _START, _PULL = 0.05, 0.01, 1e-3
# What a moment's words weigh together, however many they are; twice and four times it lie close.
_WORDS_WEIGHT = 4.0
# How far the model is believed at first, and how fast that moves. Trained on little it is too sure of itself: where 21
# people took or left suggestions a third was best; 100,000 ratings of films bring it near 1.
_TRUST, _TRUST_RATE, _TRUST_START = 0.5, 0.05, 1.0
_LOGIT_MAX = 30.0


class Fact(NamedTuple):
    """One fact, or a fact and a word: its name, a number that stands for it, and how much it counts."""

    name: str
    key: int
    weight: float


class Weights:
    """A weight for each fact in each column, with the sum of squared slopes it was moved by; grows to `CELLS_MAX`."""

    def __init__(self, columns: int, rows: dict[int, int] | None = None) -> None:
        self.rows = {} if rows is None else rows
        self.values = np.zeros((max(256, 2 * len(self.rows)), columns), np.float32)
        self.squares = np.full_like(self.values, _START)

    def copy(self) -> Weights:
        """Return weights that stay as these are now."""
        other = Weights(0, dict(self.rows))
        other.values, other.squares = self.values.copy(), self.squares.copy()
        return other

    def known(self, facts: Sequence[Fact]) -> tuple[Array, Array]:
        """Return the rows of those facts that have one, and how much each counts."""
        known = [(row, fact.weight) for fact in facts if (row := self.rows.get(fact.key)) is not None]
        return np.array([row for row, _ in known], np.intp), np.array([one for _, one in known], np.float32)

    def add(self, facts: Sequence[Fact]) -> None:
        """Give each fact a row that has none, as long as there is room."""
        for fact in facts:
            if fact.key not in self.rows and (len(self.rows) < len(self.values) or self.grow(0)):
                self.rows[fact.key] = len(self.rows)

    def grow(self, axis: int) -> bool:
        """Double the rows or the columns; return whether there was room."""
        if 2 * self.values.size > CELLS_MAX:
            return False
        room = np.full_like(self.squares, _START)
        self.squares = np.concatenate([self.squares, room], axis=axis)
        self.values = np.concatenate([self.values, np.zeros_like(self.values)], axis=axis)
        return True

    def step(self, at: tuple[Array, int], slopes: Array) -> None:
        """Move some weights against their slopes."""
        slopes = slopes + _PULL * self.values[at]
        self.squares[at] += slopes * slopes
        self.values[at] -= _RATE * slopes / np.sqrt(self.squares[at])


class Correction:
    """A logistic regression on top of the model: facts of the moment and its words, crossed, each with the action.

    An action's logit is `trust · (the model's) + logits`. Facts are told apart by 56 bits of a hash, so that no word
    that a user wrote is kept. One thread learns; whoever serves has a copy.

    Attributes:
        trust: What the model's own logits are multiplied with, 0 to 1.
        count: Examples learned.
    """

    def __init__(self) -> None:
        self.trust, self.count = _TRUST, 0
        self._trust_squares = _TRUST_START
        self._columns: dict[str, int] = {}
        self._own, self._moment = Weights(1), Weights(16)

    def copy(self) -> Correction:
        """Return one that stays as this one is now."""
        other = Correction()
        other.__dict__.update(self.__dict__)
        other._columns, other._own, other._moment = dict(self._columns), self._own.copy(), self._moment.copy()
        return other

    def logits(self, context: Context, actions: Sequence[Action]) -> Array:
        """Return what is added to each action's logit, float32[n]."""
        found = np.zeros(len(actions), np.float32)
        for place, action in enumerate(actions):
            rows, weights = self._own.known(own_facts(action))
            found[place] = weights @ self._own.values[rows, 0]
        columns = np.array([self._columns.get(action.id, -1) for action in actions])
        if (columns >= 0).any():
            rows, weights = self._moment.known(moment_facts(context))
            # Whole rows, as they lie in memory, then the columns: gathering cells takes three times as long.
            sums = weights @ self._moment.values[rows]
            found += np.where(columns >= 0, sums[columns], np.float32(0))
        return found

    def explain(self, context: Context, action: Action) -> Iterator[tuple[str, float]]:
        """Yield what each fact adds to the action's logit, by its name."""
        column = self._columns.get(action.id)
        sides = [(self._own, 0, own_facts(action))]
        sides += [(self._moment, column, moment_facts(context))] if column is not None else []
        for weights, at, facts in sides:
            for fact in facts:
                row = weights.rows.get(fact.key)
                if row is not None:
                    yield fact.name, fact.weight * float(weights.values[row, at])

    def learn(
        self, context: Context, action: Action, logit: float, reward: float, weight: float = 1.0
    ) -> None:
        """Take one step.

        Args:
            context: The moment.
            action: What was offered.
            logit: What the model and the user's parameters said of it, uncorrected, before anything was known.
            reward: What came of it, 0 to 1.
            weight: How much it counts.
        """
        column = self._column(action.id)
        sides = [(self._own, 0, own_facts(action))]
        sides += [(self._moment, column, moment_facts(context))] if column >= 0 else []
        said, moved = self.trust * logit, []
        for weights, at, facts in sides:
            weights.add(facts)
            rows, values = weights.known(facts)
            said += float(values @ weights.values[rows, at])
            moved.append((weights, (rows, at), values))
        error = weight * (1 / (1 + np.exp(-min(max(said, -_LOGIT_MAX), _LOGIT_MAX))) - reward)
        for weights, cells, values in moved:
            weights.step(cells, error * values)
        slope = error * logit
        self._trust_squares += slope * slope
        self.trust = min(max(self.trust - _TRUST_RATE * slope / self._trust_squares**0.5, 0.0), 1.0)
        self.count += 1

    def save(self, directory: Path) -> None:
        """Write it as a new directory.

        Raises:
            StoreNotWritableError: The directory is there already, or the disk refuses.
        """
        facts = {"trust": self.trust, "trust_squares": self._trust_squares, "count": self.count}
        arrays: dict[str, Array] = {}
        for name, weights in (("own", self._own), ("moment", self._moment)):
            arrays[f"{name}_keys"] = np.array(list(weights.rows), np.int64)
            arrays[name] = weights.values[: len(weights.rows)]
            arrays[f"{name}_squares"] = weights.squares[: len(weights.rows)]
        write_directory(directory, facts, arrays, {"actions": list(self._columns)})

    @classmethod
    def load(cls, directory: Path) -> Correction:
        """Read one.

        Raises:
            StoreMissingError: None is there.
            StoreVersionError: A later Foreword wrote it.
            StoreCorruptError: It is not whole, or a byte of it has changed.
        """
        facts, arrays, lists = read_directory(directory)
        found = cls()
        try:
            found.trust, found.count = float(facts["trust"]), int(facts["count"])
            found._trust_squares = float(facts["trust_squares"])
            found._columns = {action: column for column, action in enumerate(lists["actions"])}
            found._own, found._moment = (_weights(arrays, name) for name in ("own", "moment"))
        except (KeyError, TypeError, ValueError) as exc:
            raise StoreCorruptError(f"{directory} holds no correction: {exc}") from exc
        return found

    def _column(self, action: str) -> int:
        """Return an action's column, a new one if it has none; -1 where there is no room."""
        column = self._columns.get(action)
        if column is None:
            is_full = len(self._columns) == self._moment.values.shape[1]
            if len(self._columns) >= ACTIONS_MAX or (is_full and not self._moment.grow(1)):
                return -1
            column = self._columns[action] = len(self._columns)
        return column


def _weights(arrays: Mapping[str, Array], name: str) -> Weights:
    keys, values, squares = (arrays[part] for part in (f"{name}_keys", name, f"{name}_squares"))
    found = Weights(values.shape[1], {key: row for row, key in enumerate(keys.tolist())})
    # Copied into room to grow: what was read cannot be written to.
    found.values[: len(keys)], found.squares[: len(keys)] = values, squares
    return found


def moment_facts(context: Context) -> list[Fact]:
    """Return what is looked at of a moment; the first stands for any."""
    facts = [f"context {key}={value}" for key, value in sorted(context.attributes.items())[:FACTS_MAX]]
    words = list(dict.fromkeys(_WORD.findall(context.text[:_TEXT_CHARACTERS_MAX].lower())))[:WORDS_MAX]
    share = _WORDS_WEIGHT / len(words) ** 0.5 if words else 0.0
    known = [(name, _hash(name)) for name in facts]
    said = [(f"word {word}", _hash(word)) for word in words]
    found = [Fact("moment", 0, 1.0), *(Fact(name, key, 1.0) for name, key in known)]
    found += [Fact(name, key, share) for name, key in said]
    pairs = list(combinations(known, 2))
    width = len(pairs) ** -0.5 if pairs else 0.0
    found += [Fact(f"{one} × {other}", 31 * key + its, width) for (one, key), (other, its) in pairs]
    return found + [
        Fact(f"{name} × {word}", 31 * key + other, share) for name, key in known for word, other in said
    ]


def own_facts(action: Action) -> list[Fact]:
    """Return what is looked at of an action by itself; their keys are below 0. The first is its id."""
    names = [f"action {action.id}", *(f"attribute {key}={value}" for key, value in action.attributes.items())]
    found = [Fact(name, -1 - _hash(name), 1.0) for name in names]
    share = len(action.topics) ** -0.5 if action.topics else 0.0
    found += [Fact(f"topic {topic}", -1 - _hash(f"topic {topic}"), share) for topic in action.topics]
    return found + [
        Fact("vector", -1 - _hash(f"vector {place}"), value) for place, value in enumerate(action.vector)
    ]


@lru_cache(maxsize=1 << 16)
def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest(), "little")
