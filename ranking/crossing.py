"""What an action is worth in one moment and not in another: facts of both, crossed. Trained by mini-batches
(Adagrad)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

FORMS = ("none", "linear", "wide", "fm", "fwfm", "cross")
"""From the plainest on: nothing of the moment; its facts alone; a weight of its own for each fact with each
action, where actions are few (the wide part of Cheng et al., "Wide & Deep Learning", 2016); beside it each fact
of the moment times each of the action's (factorization machine, Rendle 2010); with a weight for each pair of fields
(field-weighted, Pan et al. 2018); with a low-rank cross layer (DCN-V2, Wang et al. 2021)."""
WIDE_CELLS_MAX = 4_000_000
"""Facts times actions up to which each pair may have a weight: 16 MB; catalogues have factors alone."""

_BATCH = 512
# Levels are alone in their table and may go faster than products, which follow each other.
_RATE, _LEVEL_RATE, _FLOOR = 0.1, 0.5, 1e-6
# How much a number is drawn to 0, as if so many observations had said so. Not tuned finely: 0.2 to 5 lie close.
_RIDGE = 2.0
# Factors of a value, and of the cross layer. Eight 32-bit numbers: a value's row stays within a cache line.
_FACTORS, _RANK = 8, 4
_SPREAD = 0.15
# Less than this of logloss is not worth what a richer form costs at every request.
_GAIN_MIN = 5e-4
# And less than so many standard errors within what other days would; and there must be enough to tell.
_ERRORS_MIN, _OCCASIONS_MIN, _EXAMPLES_MIN = 2.0, 5, 250


class Slots(NamedTuple):
    """Values of rows with several fields: `ids` int[n, S], `weights` float32[n, S], and each slot's field int[S].

    An unused slot has weight 0. Slots are in the order of their fields, and each field has one at least.
    """

    ids: Array
    weights: Array
    fields: Array

    def take(self, rows: Array) -> Slots:
        """Return some rows."""
        return Slots(self.ids[rows], self.weights[rows], self.fields)


def make_slots(count: int, fields: int, values: tuple[Array, Array, Array, Array]) -> Slots:
    """Return slots of `count` rows from their values: arrays of each one's row, field, id and weight."""
    row, field, number, weight = values
    key = row.astype(np.int64) * max(fields, 1) + field
    order = np.argsort(key, kind="stable")
    key = key[order]
    rank = np.arange(len(key)) - np.searchsorted(key, key)
    widths = np.ones(fields, np.int64)
    np.maximum.at(widths, field[order], rank + 1)
    starts = np.cumsum(widths) - widths
    ids = np.zeros((count, int(widths.sum())), np.int64)
    weights = np.zeros(ids.shape, np.float32)
    place = row[order], starts[field[order]] + rank
    ids[place], weights[place] = number[order], weight[order]
    return Slots(ids, weights, np.repeat(np.arange(fields), widths))


class Moments(NamedTuple):
    """Examples: the moments' values (a row each), the actions' (a row for each action), and what is to be foreseen.

    An occasion is a user's day. `flags` are what of a moment counts in every form: whether a simulated user made it.
    `facts` are the actions' values but for their ids, `rows` those of the ids alone; the other arrays hold a number for
    each example.
    """

    context: Slots
    flags: Slots
    actions: Slots
    facts: Slots
    rows: Array
    occasion: Array
    action: Array
    offset: Array
    reward: Array
    weight: Array

    def take(self, rows: Array) -> Moments:
        """Return some examples."""
        return Moments(
            self.context.take(rows),
            self.flags.take(rows),
            self.actions,
            self.facts,
            self.rows,
            self.occasion[rows],
            self.action[rows],
            self.offset[rows],
            self.reward[rows],
            self.weight[rows],
        )


@dataclass
class Crossing:
    """The numbers of one form, as the model stores them.

    Attributes:
        form: One of `FORMS`.
        arrays: `own` [Ra], what an action's facts are worth in any moment; `context` [Rc]; `wide` [Rc · ids];
            `context_crossed` [Rc, K], `action_crossed` [Ra, K]; `pairs`
            [Fc, Fa]; `cross_left`, `cross_right` [(Fc + Fa) · K, rank].
    """

    form: str
    arrays: dict[str, Array]

    def logits(self, moments: Moments) -> Array:
        """Return what the moment adds to each example's logit."""
        found = np.zeros(len(moments.action))
        for start in range(0, len(found), 4096):
            rows = np.arange(start, min(start + 4096, len(found)))
            found[rows] = _Pass(self, moments.take(rows)).logit
        return found


class _Pass:
    """One batch through the numbers, forward; `gradients` goes back."""

    def __init__(self, crossing: Crossing, batch: Moments) -> None:
        self._arrays = arrays = crossing.arrays
        if crossing.form == "none":
            batch = batch._replace(context=batch.flags)
        self._batch = batch
        self._actions = batch.actions.take(batch.action)
        self._facts = batch.facts.take(batch.action)
        self._here = _fields(arrays["context_crossed"], batch.context)
        self._there = _fields(arrays["action_crossed"], self._actions)
        self._opposite = np.einsum("fg,ngk->nfk", arrays["pairs"], self._there)
        both = np.concatenate([self._here, self._there], axis=1)
        self._all = both.reshape(len(both), both.shape[1] * both.shape[2])
        self._wide = _pairs(batch, len(arrays["context"]), len(arrays["wide"]))
        self._left, self._right = (self._all @ arrays[side] for side in ("cross_left", "cross_right"))
        self.logit = (
            (arrays["own"][self._facts.ids] * self._facts.weights).sum(axis=1)
            + (arrays["context"][batch.context.ids] * batch.context.weights).sum(axis=1)
            + (arrays["wide"][self._wide.ids] * self._wide.weights).sum(axis=1)
            + (self._here * self._opposite).sum(axis=(1, 2))
            + (self._left * self._right).sum(axis=1)
        )

    def gradients(self, slope: Array) -> dict[str, Any]:
        """Return each array's gradient: dense ones as arrays, tables' as `(rows, gradients, occurrences)`."""
        arrays, batch = self._arrays, self._batch
        slope = slope.astype(np.float32)[:, None]
        here = slope[:, :, None] * self._opposite
        there = slope[:, :, None] * np.einsum("fg,nfk->ngk", arrays["pairs"], self._here)
        left, right = slope * self._left, slope * self._right
        fields = self._here.shape[1]
        both = right @ arrays["cross_left"].T + left @ arrays["cross_right"].T
        both = both.reshape(len(slope), fields + self._there.shape[1], self._here.shape[2])
        here, there = here + both[:, :fields], there + both[:, fields:]
        return {
            "pairs": np.einsum("nfk,ngk->fg", slope[:, :, None] * self._here, self._there),
            "cross_left": self._all.T @ right,
            "cross_right": self._all.T @ left,
            "wide": _scattered(self._wide, slope[:, :, None] * self._wide.weights[:, :, None]),
            "own": _scattered(self._facts, slope[:, :, None] * self._facts.weights[:, :, None]),
            "context": _scattered(batch.context, slope[:, :, None] * batch.context.weights[:, :, None]),
            "context_crossed": _scattered(
                batch.context, here[:, batch.context.fields] * batch.context.weights[:, :, None]
            ),
            "action_crossed": _scattered(
                self._actions, there[:, self._actions.fields] * self._actions.weights[:, :, None]
            ),
        }


def choose_crossing(
    moments: Moments,
    *,
    sizes: tuple[int, int],
    random: np.random.Generator,
    epochs: int,
) -> str:
    """Return the plainest form that no richer one beats on the newest fifth of the examples.

    Each is trained on the others and kept only if it foresees the newest better, by logloss, than the best before it.

    Args:
        moments: In the order of time.
        sizes: Rows of the moments' and of the actions' tables.
        random: For the numbers to start from.
        epochs: Passes over the examples.
    """
    count = len(moments.action)
    older, newest = np.arange(count * 4 // 5), np.arange(count * 4 // 5, count)
    if not len(older) or not len(moments.context.fields):
        return "none"
    judged = moments.take(newest)
    best, losses = "none", np.full(len(newest), np.inf)
    for form in FORMS:
        if form == "wide" and sizes[0] * _ids(moments) > WIDE_CELLS_MAX:
            continue
        crossing = train_crossing(moments.take(older), form, sizes=sizes, random=random, epochs=epochs)
        found = _losses(judged, judged.offset + crossing.logits(judged))
        if _is_less(found, losses, judged.occasion):
            best, losses = form, found
        elif form not in ("linear", "wide"):
            # What does not gain by products will not gain by weighing them.
            break
    return best


def train_crossing(
    moments: Moments, form: str, *, sizes: tuple[int, int], random: np.random.Generator, epochs: int
) -> Crossing:
    """Return the numbers of one form, trained on examples.

    Args:
        moments: The examples.
        form: One of `FORMS`.
        sizes: Rows of the moments' and of the actions' tables.
        random: For the numbers to start from, and for the order of the batches.
        epochs: Passes over the examples.
    """
    crossing = _start(form, sizes, moments, random)
    trained = ["own", "context"]
    trained += ["wide"] if len(crossing.arrays["wide"]) else []
    trained += ["context_crossed", "action_crossed"] if form in ("fm", "fwfm", "cross") else []
    trained += ["pairs"] if form in ("fwfm", "cross") else []
    trained += ["cross_left", "cross_right"] if form == "cross" else []
    squares = {name: np.full_like(crossing.arrays[name], _FLOOR) for name in trained}
    counts = {
        "context": _occurrences(moments.flags if form == "none" else moments.context, sizes[0]),
        "action_crossed": _occurrences(moments.actions.take(moments.action), sizes[1]),
    }
    counts["context_crossed"] = counts["context"]
    counts["own"] = _occurrences(moments.facts.take(moments.action), sizes[1])
    counts["wide"] = _occurrences(
        _pairs(moments, sizes[0], len(crossing.arrays["wide"])), len(crossing.arrays["wide"])
    )
    count = len(moments.action)
    for _ in range(epochs):
        order = random.permutation(count)
        for start in range(0, count, _BATCH):
            batch = moments.take(order[start : start + _BATCH])
            ahead = _Pass(crossing, batch)
            chance = 1 / (1 + np.exp(-np.clip(batch.offset + ahead.logit, -30, 30)))
            found = ahead.gradients(batch.weight * (chance - batch.reward))
            for name in trained:
                array = crossing.arrays[name]
                if name in counts:
                    rows, gradient, seen = found[name]
                    share = (seen / counts[name][rows]).astype(np.float32)
                    _step(array, squares[name], rows, (gradient, share))
                else:
                    # A weight of 1 is where a pair of fields stands before anything is known.
                    middle = 1.0 if name == "pairs" else 0.0
                    _step(array, squares[name], ..., (found[name], len(batch.action) / count), middle)
    return crossing


def _start(form: str, sizes: tuple[int, int], moments: Moments, random: np.random.Generator) -> Crossing:
    slots = moments.context.fields, moments.actions.fields
    here, there = (int(one.max()) + 1 if len(one) else 0 for one in slots)
    wide = sizes[0] * _ids(moments) if form not in ("none", "linear") else 0
    factors = _FACTORS if form in ("fm", "fwfm", "cross") else 0
    rank = _RANK if form == "cross" else 0

    def drawn(*shape: int) -> Array:
        return (_SPREAD * random.standard_normal(shape)).astype(np.float32)

    return Crossing(
        form,
        {
            "own": np.zeros(sizes[1], np.float32),
            "context": np.zeros(sizes[0], np.float32),
            "wide": np.zeros(wide if wide <= WIDE_CELLS_MAX else 0, np.float32),
            "context_crossed": drawn(sizes[0], factors),
            "action_crossed": drawn(sizes[1], factors),
            "pairs": np.ones((here, there), np.float32),
            "cross_left": drawn((here + there) * factors, rank),
            "cross_right": drawn((here + there) * factors, rank),
        },
    )


def _ids(moments: Moments) -> int:
    return int(moments.rows.max()) + 1 if len(moments.rows) else 0


def _pairs(moments: Moments, contexts: int, cells: int) -> Slots:
    """Return each example's facts, each paired with its action's id; none where pairs have no weights."""
    context = moments.context
    if not cells:
        nothing = np.zeros((len(moments.action), 0))
        return Slots(nothing.astype(np.int64), nothing.astype(np.float32), context.fields[:0])
    rows = moments.rows[moments.action][:, None]
    return Slots(context.ids * (cells // contexts) + rows, context.weights, context.fields)


def _fields(table: Array, slots: Slots) -> Array:
    """Return `[n, fields, K]`: the values' rows of each field, summed by their weights."""
    rows = table[slots.ids] * slots.weights[:, :, None]
    firsts = np.flatnonzero(np.r_[True, slots.fields[1:] != slots.fields[:-1]])
    found: Array = rows if len(firsts) == len(slots.fields) else np.add.reduceat(rows, firsts, axis=1)
    return found


def _scattered(slots: Slots, gradients: Array) -> tuple[Array, Array, Array]:
    """Return the rows that occur, each with the sum of its gradients, and how often it occurs."""
    used = np.flatnonzero(slots.weights.ravel())
    ids = slots.ids.ravel()[used]
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    firsts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]]) if len(ids) else np.zeros(0, np.int64)
    values = gradients.reshape(gradients.shape[0] * gradients.shape[1], gradients.shape[2])[used[order]]
    sums = np.add.reduceat(values, firsts, axis=0) if len(ids) else values
    return ids[firsts], sums, np.diff(np.r_[firsts, len(ids)])


def _step(array: Array, squares: Array, rows: Any, pull: tuple[Array, Any], middle: float = 0.0) -> None:
    gradient, share = pull
    rate = _LEVEL_RATE if array.ndim == 1 else _RATE
    if array.ndim == 1 and gradient.ndim == 2:
        gradient = gradient[:, 0]
    if array.ndim == 2 and np.ndim(share) == 1:
        share = share[:, None]
    gradient = gradient + _RIDGE * share * (array[rows] - middle)
    squares[rows] += gradient**2
    array[rows] -= rate * gradient / np.sqrt(squares[rows])


def _occurrences(slots: Slots, size: int) -> Array:
    return np.maximum(np.bincount(slots.ids[slots.weights != 0], minlength=size), 1)


def _losses(moments: Moments, logit: Array) -> Array:
    """Return what each example's reward costs, by logloss and weight."""
    found: Array = (np.logaddexp(0, logit) - moments.reward * logit) * moments.weight
    return found


def _is_less(losses: Array, others: Array, occasion: Array) -> bool:
    """Return whether losses are less, by more than other occasions would make of it by chance.

    The standard error is over occasions (a user's day), not over examples: those of one come together, and what tells
    hours apart may only tell apart who was there.
    """
    if not np.isfinite(others).all():
        return True
    gains = others - losses
    mean = float(gains.mean())
    occasions, numbers = np.unique(occasion, return_inverse=True)
    apart = np.bincount(numbers, gains - mean)
    error = float(np.sqrt((apart**2).sum())) / len(gains)
    enough = len(occasions) >= _OCCASIONS_MIN and len(gains) >= _EXAMPLES_MIN
    return enough and mean > max(_GAIN_MIN, _ERRORS_MIN * error)
