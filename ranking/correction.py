"""What all users have taught since the model was trained: a correction of its logits, learned example by example."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations, product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foreword.errors import StoreCorruptError
from ranking.example import Action, Context
from ranking.features import VALUES_MAX
from ranking.files import read_directory, write_directory
from ranking.making import made_of
from ranking.model import Encoded

Array: TypeAlias = NDArray[Any]
Floats: TypeAlias = NDArray[np.float32]

WORDS_MAX = 64
"""Words of a text that are looked at: each is crossed with each fact of the moment."""
FACTS_MAX = 8
"""Facts of a moment that are looked at, in the order of their names: each is crossed with each word."""
CELLS_MAX = 1 << 21
"""Facts of moments times actions: 8 MB of weights, and as much of squares. What would need more is not learned."""
OWN_MAX = 1 << 18
"""Facts of actions by themselves, some 30 MB; an action has one of its own, and shares the others."""
ACTIONS_MAX = 512
"""Actions of which each fact of a moment has a weight; of others what they are by themselves is learned."""

_TEXT_CHARACTERS_MAX = 2_000
_WORD = re.compile(r"\w+")
# AdaGrad (Duchi, Hazan and Singer 2011): the step, what sums of squares begin with, and the pull to 0.
_RATE, _START, _PULL = 0.05, 0.01, 1e-3
# What a moment's words weigh together, however many they are; twice and four times it lie close.
_WORDS_WEIGHT = 4.0
# How far the model is believed at first, and how fast that moves. Trained on little it is too sure of itself: where 21
# people took or left suggestions a third was best; many ratings of films bring it near 1.
_TRUST, _TRUST_RATE, _TRUST_START = 0.5, 0.05, 1.0
_LOGIT_MAX = 30.0
# Share by which a loss counts less with each newer one: the last 2,000 decide whether the correction is of use.
_FADED = 1 / 2_000
# The column of an action that has none; its weights stay 0.
_ANY = 0
# Actions whose part is at hand; as many as a model keeps.
_KEPT_MAX = 4_096
# Keys of two facts together; facts' own have 56 bits, so that a pair's has 62 at most.
_PAIR = 31
# The weight and the sum of squares of a fact of an action that was never met.
_UNKNOWN = (0.0, _START)


class Correction:
    """A logistic regression on top of the model: facts of the moment, its words and both crossed, each with the action.

    An action's logit becomes `trust · (the model's and the user's) + logits`. It stands beside the model and users'
    parameters, and changes neither. Facts are told apart by 56 bits of a hash, so that no word that a user wrote is
    kept. One thread learns; whoever serves has a copy.

    Attributes:
        trust: What the model's own logits are multiplied with.
        count: Examples learned.
    """

    def __init__(self) -> None:
        self.trust, self.count = _TRUST, 0
        self._trust_squares = _TRUST_START
        # Sums of the newest losses: without the correction, and with it.
        self._losses = (0.0, 0.0)
        self._rows: dict[int, int] = {}
        self._columns: dict[str, int] = {}
        self._weights = np.zeros((256, 16), np.float32)
        self._squares = np.full((256, 16), _START, np.float32)
        # Facts of actions by themselves: the weight and its sum of squares.
        self._own: dict[int, tuple[float, float]] = {}
        # By the very object, as whoever reads requests hands it out again; held, so that no other takes its place.
        self._kept: dict[int, tuple[Action, float, int]] = {}
        # What was made of a set of actions is kept under it.
        self._mark = object()

    @property
    def is_better(self) -> bool:
        """Return whether the newest examples were foretold better with it than without, each before it was learned."""
        without, its = self._losses
        return its < without

    def copy(self) -> Correction:
        """Return one that stays as this one is now."""
        other = Correction()
        other.__dict__.update(self.__dict__)
        other._rows, other._columns, other._own = dict(self._rows), dict(self._columns), dict(self._own)
        other._weights, other._squares = self._weights.copy(), self._squares.copy()
        other._kept, other._mark = {}, object()
        return other

    def prepare(self, former: Correction) -> None:
        """Have at hand what a correction has that this one is to take the place of."""
        self._of([action for action, _, _ in list(former._kept.values())])

    def of(self, encoded: Encoded, context: Context, actions: Sequence[Action]) -> Encoded:
        """Return actions in numbers, corrected; users' parameters learn from what is not."""
        trust = np.float32(self.trust)
        offset = trust * encoded.offset + self.logits(context, actions)
        return encoded._replace(offset=offset, features=trust * encoded.features)

    def logits(self, context: Context, actions: Sequence[Action]) -> Floats:
        """Return what is added to each action's logit in a moment, float32[n]."""
        own, columns = made_of(actions, "correction", self._mark, self._of)
        rows, values = self._moment(context)
        # Whole rows, as they lie in memory, then the columns asked for: gathering cells takes three times as long.
        found: Floats = own + (values @ self._weights[rows])[columns]
        return found

    def explain(self, context: Context, action: Action) -> Iterator[tuple[str, float]]:
        """Yield what each fact adds to the action's logit, by its name."""
        yield from ((name, value * self._own_weight(key)) for name, key, value in own_facts(action))
        column = self._columns.get(action.id, _ANY)
        facts, words, share, width = _keys(context)
        names = _attributes(context), [f"word {word}" for word in _words(context.text)]
        named = ["moment", *names[0], *names[1]]
        named += [" × ".join(pair) for pair in (*combinations(names[0], 2), *product(*names))]
        for name, key, value in zip(named, *_laid_out(facts, words, share, width), strict=True):
            row = self._rows.get(key)
            if row is not None:
                yield name, float(value * self._weights[row, column])

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
        own, at, values = own_facts(action), *self._cells(context, action)
        weights = self._weights[at]
        added = float(values @ weights) + sum(value * self._own_weight(key) for _, key, value in own)
        plain = _bounded(logit)
        said = _bounded(self.trust * plain + added)
        self._judge(plain, said, reward, weight)
        error = weight * (1 / (1 + math.exp(-said)) - reward)
        slope = error * values + _PULL * weights
        self._squares[at] += slope * slope
        self._weights[at] -= _RATE * slope / np.sqrt(self._squares[at])
        for _, key, value in own:
            self._learn_own(key, error * value)
        pull = error * plain
        self._trust_squares += pull * pull
        self.trust = min(max(self.trust - _TRUST_RATE * pull / self._trust_squares**0.5, 0.0), 1.0)
        self.count += 1

    def save(self, directory: Path) -> None:
        """Write it as a new directory.

        Raises:
            StoreNotWritableError: The directory is there already, or the disk refuses.
        """
        rows, columns = len(self._rows), len(self._columns) + 1
        facts = {
            "trust": self.trust,
            "trust_squares": self._trust_squares,
            "count": self.count,
            "losses": self._losses,
        }
        arrays: dict[str, Array] = {
            "keys": np.array(list(self._rows), np.int64),
            "weights": self._weights[:rows, :columns],
            "squares": self._squares[:rows, :columns],
            "own_keys": np.array(list(self._own), np.int64),
            "own": np.array(list(self._own.values()), np.float64).reshape(-1, 2),
        }
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
            without, its = facts["losses"]
            found._losses = float(without), float(its)
            found._rows = {int(key): row for row, key in enumerate(arrays["keys"])}
            found._columns = {action: column for column, action in enumerate(lists["actions"], start=1)}
            found._own = {
                int(key): (float(weight), float(squares))
                for key, (weight, squares) in zip(arrays["own_keys"], arrays["own"], strict=True)
            }
            shape = len(found._rows), len(found._columns) + 1
            # What was read cannot be written to.
            found._weights = _grown(arrays["weights"].reshape(shape), 0.0)
            found._squares = _grown(arrays["squares"].reshape(shape), _START)
        except (KeyError, TypeError, ValueError) as exc:
            raise StoreCorruptError(f"{directory} holds no correction: {exc}") from exc
        return found

    def _judge(self, plain: float, said: float, reward: float, weight: float) -> None:
        without, its = self._losses
        self._losses = (
            (1 - _FADED) * without + weight * _loss(plain, reward),
            (1 - _FADED) * its + weight * _loss(said, reward),
        )

    def _own_weight(self, key: int) -> float:
        return self._own.get(key, _UNKNOWN)[0]

    def _learn_own(self, key: int, slope: float) -> None:
        weight, squares = self._own.get(key, _UNKNOWN)
        if key not in self._own and len(self._own) >= OWN_MAX:
            return
        slope += _PULL * weight
        squares += slope * slope
        self._own[key] = weight - _RATE * slope / math.sqrt(squares), squares

    def _cells(self, context: Context, action: Action) -> tuple[tuple[Array, int], Floats]:
        """Return where a moment's weights for an action are, and how much each counts; rows and column new ones."""
        column = self._column(action.id)
        if column == _ANY:
            return (np.zeros(0, np.intp), _ANY), np.zeros(0, np.float32)
        keys, values = _laid_out(*_keys(context))
        rows = np.array([self._row(key) for key in keys], np.intp)
        has_room = rows >= 0
        return (rows[has_room], column), values[has_room]

    def _of(self, actions: Sequence[Action]) -> tuple[Floats, Array]:
        """Return of each action its own part, and its column."""
        kept = self._kept
        try:
            found = [kept[id(action)] for action in actions]
        except KeyError:
            found = self._keep(actions)
        return (
            np.array([own for _, own, _ in found], np.float32),
            np.array([column for _, _, column in found], np.intp),
        )

    def _keep(self, actions: Sequence[Action]) -> list[tuple[Action, float, int]]:
        if len(self._kept) + len(actions) > _KEPT_MAX:
            self._kept = {}
        for action in actions:
            if id(action) not in self._kept:
                own = sum(value * self._own_weight(key) for _, key, value in own_facts(action))
                self._kept[id(action)] = action, own, self._columns.get(action.id, _ANY)
        return [self._kept[id(action)] for action in actions]

    def _moment(self, context: Context) -> tuple[Array, Floats]:
        """Return the rows of those facts of a moment that have one, and how much each counts."""
        # What has no row was never met, and nothing crossed with it was.
        facts, words, share, width = _keys(context)
        facts = [key for key in facts if key in self._rows]
        words = [key for key in words if key in self._rows]
        keys, values = _laid_out(facts, words, share, width)
        row_of = self._rows.get
        rows = np.array([row_of(key, -1) for key in keys], np.intp)
        is_there = rows >= 0
        return rows[is_there], values[is_there]

    def _row(self, key: int) -> int:
        """Return a fact's row, a new one if it has none; -1 where there is no room."""
        row = self._rows.get(key)
        if row is not None:
            return row
        if len(self._rows) == len(self._weights) and not self._grow(0):
            return -1
        row = self._rows[key] = len(self._rows)
        return row

    def _column(self, action: str) -> int:
        """Return an action's column, a new one if it has none; 0 where there is no room."""
        column = self._columns.get(action)
        if column is not None:
            return column
        count = len(self._columns) + 1
        if count > ACTIONS_MAX or (count == self._weights.shape[1] and not self._grow(1)):
            return _ANY
        self._columns[action] = count
        return count

    def _grow(self, axis: int) -> bool:
        """Double the rows or the columns; return whether there was room."""
        if 2 * self._weights.size > CELLS_MAX:
            return False
        room = np.full_like(self._squares, _START)
        self._squares = np.concatenate([self._squares, room], axis=axis)
        self._weights = np.concatenate([self._weights, np.zeros_like(self._weights)], axis=axis)
        return True


def own_facts(action: Action) -> list[tuple[str, int, float]]:
    """Return what is looked at of an action by itself: names, keys, and how much each counts; the first is its id."""
    names = [f"action {action.id}"]
    names += [f"attribute {key}={value}" for key, value in list(action.attributes.items())[:VALUES_MAX]]
    found = [(name, _hash(name), 1.0) for name in names]
    topics = [f"topic {topic}" for topic in action.topics[:VALUES_MAX]]
    found += [(topic, _hash(topic), len(topics) ** -0.5) for topic in topics]
    numbers = enumerate(action.vector)
    return found + [("vector", _hash(f"vector {place}"), value) for place, value in numbers]


def _keys(context: Context) -> tuple[list[int], list[int], float, float]:
    """Return the keys of a moment's facts and of its words, how much a word counts, and how much two facts do."""
    facts = [_hash(name) for name in _attributes(context)]
    words = [_hash(f"word {word}") for word in _words(context.text)]
    pairs = len(facts) * (len(facts) - 1) // 2
    return (
        facts,
        words,
        _WORDS_WEIGHT / len(words) ** 0.5 if words else 0.0,
        pairs**-0.5 if pairs else 0.0,
    )


def _laid_out(facts: list[int], words: list[int], share: float, width: float) -> tuple[list[int], Floats]:
    """Return the keys of all that is looked at of a moment, the first for any, and how much each counts."""
    pairs = [_PAIR * one + other for one, other in combinations(facts, 2)]
    crossed = [_PAIR * fact + word for fact in facts for word in words]
    keys = [0, *facts, *words, *pairs, *crossed]
    values = np.full(len(keys), share, np.float32)
    values[: 1 + len(facts)] = 1.0
    values[1 + len(facts) + len(words) :][: len(pairs)] = width
    return keys, values


def _attributes(context: Context) -> list[str]:
    return [f"context {key}={value}" for key, value in sorted(context.attributes.items())[:FACTS_MAX]]


def _words(text: str) -> list[str]:
    found = _WORD.findall(text[:_TEXT_CHARACTERS_MAX].lower()) if text else ()
    return list(dict.fromkeys(found))[:WORDS_MAX]


def _bounded(logit: float) -> float:
    return min(max(logit, -_LOGIT_MAX), _LOGIT_MAX)


def _loss(logit: float, reward: float) -> float:
    return math.log1p(math.exp(logit)) - reward * logit


def _grown(array: Array, value: float) -> Array:
    rows, columns = array.shape
    found = np.full((max(2 * rows, 256), max(2 * columns, 16)), value, np.float32)
    found[:rows, :columns] = array
    return found


@lru_cache(maxsize=1 << 16)
def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest(), "little")
