"""What a user's last actions say of the next: which actions keep company, and how the last ones went."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ranking.block import Floats
from ranking.making import made_of
from ranking.ring import RECENT_MAX, TAKEN_MIN, Ring

Array: TypeAlias = NDArray[Any]

RECENCY_NAMES = ("recent company", "recent luck", "recent, taken already", "recent, refused already")
"""The features: how often the action keeps company with those that the user took last; how much better than usual
the last went, whatever they were; and whether it is itself among the last. Company with what was refused, or
company as a logarithm, foresaw a next film worse (NDCG@10 .089 to .107 with them, .113 without)."""
NEIGHBOURS_MAX = 64
"""Actions that one is remembered to keep company with: half a kilobyte an action, and 20 microseconds a ranking."""
# How much less the last but one says of the next than the last: of which company it keeps, and of the user's luck.
_COMPANY_KEPT, _LUCK_KEPT = 0.9, 0.8
_COMPANY = _COMPANY_KEPT ** np.arange(RECENT_MAX + 1)
_LUCK = (_LUCK_KEPT ** np.arange(RECENT_MAX - 1, -1, -1)).astype(np.float32)
# An action's rate of rewards, and its company, are trusted after so many.
_RATE_TRUSTED = 10.0
_OFTEN_TRUSTED = 10.0
# Two actions keep company when both are taken and no more than so many others were between (evidence: ten).
_WINDOW = 10
_NOTHING = np.zeros(len(RECENCY_NAMES), np.float32)


class _Pull(NamedTuple):
    """Where a user's last actions lead: rows of actions and what each of them gains, float32; what all gain; and how
    many rows there are."""

    rows: Array
    gains: Floats
    all: float
    known: int


class Company:
    """Which actions come close to which, and how often each is taken. By rows of the actions' vocabulary.

    Args:
        neighbours: int32[N, K]; unused places hold 0, the unknown action, with likeness 0.
        likeness: float32[N, K], how often both came within ten, over the root of how often each came.
        rates: float32[N], the mean reward of each.
        weights: float32[4], what each feature moves a logit by; nothing before they are learned.
    """

    def __init__(
        self, neighbours: NDArray[np.int32], likeness: Floats, rates: Floats, weights: Floats = _NOTHING
    ) -> None:
        self.neighbours, self.likeness, self.rates = neighbours, likeness, rates
        self._weights: list[float] = weights.tolist()
        # With each action before its neighbours, for what is said of itself.
        own = np.arange(len(rates), dtype=np.int32)[:, None]
        self._near = np.hstack([own, neighbours])
        self._gains = np.hstack([np.zeros(own.shape, np.float32), likeness])
        self._mark = object()

    def features(self, rows: Array, recent: Ring) -> Floats:
        """Return float32[n, 4] for actions by their rows, after the last actions of a user."""
        return np.stack([_gained(rows, self._pull(recent, one)) for one in _EACH], axis=1)

    def scores(self, rows: Array, recent: Ring) -> Floats:
        """Return float32[n], `features` by their weights."""
        return _gained(rows, made_of(recent, "company", self._mark, self._pulls))

    def _pulls(self, recent: Ring) -> _Pull:
        return self._pull(recent, self._weights)

    def _pull(self, recent: Ring, weights: Sequence[float]) -> _Pull:
        known = len(self.rates)
        last = np.array([row if row < known else 0 for row in recent.rows], np.intp)
        company, luck, taken, refused = weights
        rewards = np.array(recent.rewards, np.float32)
        lucky = float((rewards - self.rates.take(last)) @ _LUCK[RECENT_MAX - len(last) :])
        gains = self._gains.take(last, axis=0)
        gains *= np.array(_counted(recent.rewards, company), np.float32)[:, None]
        gains[:, 0] = refused + (taken - refused) * rewards
        return _Pull(self._near.take(last, axis=0).ravel(), gains.ravel(), luck * lucky, known)


def _gained(rows: Array, pull: _Pull) -> Floats:
    if len(rows) == 1:
        # What is learned of, one at a time.
        row = int(rows[0])
        alone = float(pull.gains @ (pull.rows == row)) if row else 0.0
        return np.array([alone + pull.all], np.float32)
    # Where each action stands among those asked for, by its row, from 1 on: the thread's own, all zeros again after
    # each call. Counted are places and not rows: of rows there may be a hundred thousand.
    places = _zeros(pull.known)
    places[rows] = np.arange(1, len(rows) + 1)
    places[0] = 0
    gains = np.bincount(places.take(pull.rows), pull.gains, len(rows) + 1)
    # Whatever is not asked for, and the unknown action.
    gains[0] = 0.0
    found = gains.take(places.take(rows))
    places[rows] = 0
    gained: Floats = found.astype(np.float32)
    gained += np.float32(pull.all)
    return gained


_EACH = np.eye(len(RECENCY_NAMES)).tolist()
_SCRATCH = threading.local()


def _zeros(size: int) -> Array:
    """Return an array of zeros, at least so many, to be left as it was found: to make one anew for each call would
    cost more than all the rest."""
    zeros: Array | None = getattr(_SCRATCH, "zeros", None)
    if zeros is None or len(zeros) < size:
        zeros = _SCRATCH.zeros = np.zeros(size, np.intp)
    return zeros


def no_company() -> Company:
    """Return the company before anything was counted."""
    return Company(np.zeros((1, 1), np.int32), np.zeros((1, 1), np.float32), np.full(1, 0.5, np.float32))


def count_company(rows: Array, recent: Array, rewards: Array, size: int) -> tuple[Company, Floats]:
    """Return the company that examples show, and each example's own features.

    An example's features leave its own meeting out of the counts: what is used to explain it must not contain it.

    Args:
        rows: int[n], each example's action.
        recent: int[n, 16], places of the examples in the user's ring before it; -1 for none.
        rewards: float[n].
        size: Rows of the actions' vocabulary.
    """
    is_there = recent >= 0
    last = np.where(is_there, rows[recent], 0)
    given = np.where(is_there, rewards[recent], 0.0)
    counts = np.bincount(rows, minlength=size).astype(np.float64)
    mean = float(rewards.mean()) if len(rewards) else 0.5
    sums = np.bincount(rows, weights=rewards, minlength=size)
    rates = ((sums + _RATE_TRUSTED * mean) / (counts + _RATE_TRUSTED)).astype(np.float32)
    often = np.bincount(rows, weights=rewards >= 0.5, minlength=size) + _OFTEN_TRUSTED
    pairs = np.minimum(last, rows[:, None]).astype(np.int64) * size + np.maximum(last, rows[:, None])
    differ = is_there & (last > 0) & (rows[:, None] > 0) & (last != rows[:, None])
    is_taken = is_there & (given >= 0.5)
    is_met = differ & is_taken & (rewards >= 0.5)[:, None] & (_rank(is_taken) < _WINDOW)
    codes, met = np.unique(pairs[is_met], return_counts=True)
    scale = 1.0 / np.sqrt(often[codes // size] * often[codes % size])
    neighbours, likeness, is_kept = _nearest(codes, met * scale, size)
    alike = np.zeros(recent.shape, np.float32)
    if len(codes):
        place = np.minimum(np.searchsorted(codes, pairs), len(codes) - 1)
        # A pair may be near enough from one side only: serving looks from the last action's.
        seen = differ & (codes[place] == pairs) & np.where(last < rows[:, None], *is_kept[:, place])
        alike = np.where(seen, (met[place] - is_met) * scale[place], 0.0)
    found = np.zeros((len(rows), len(RECENCY_NAMES)), np.float32)
    found[:, 0] = (alike * _shares(given)).sum(axis=1)
    found[:, 1] = np.where(is_there, given - rates[last], 0.0) @ _LUCK
    again = is_there & (last == rows[:, None]) & (last > 0)
    found[:, 2], found[:, 3] = (again * given).sum(axis=1), (again * (is_there - given)).sum(axis=1)
    return Company(neighbours, likeness, rates), found


def _shares(rewards: Array) -> Array:
    """Return how much each of the last actions counts by its company; of those taken the newest the most."""
    is_taken = rewards >= TAKEN_MIN
    found: Array = np.where(is_taken, _COMPANY[_rank(is_taken)] * rewards, 0.0)
    return found


def _counted(rewards: Sequence[float], weight: float) -> list[float]:
    """Return `_shares` of one user's few, times a weight."""
    found, share = [0.0] * len(rewards), weight
    for place in range(len(rewards) - 1, -1, -1):
        if rewards[place] >= TAKEN_MIN:
            found[place] = share * rewards[place]
            share *= _COMPANY_KEPT
    return found


def _rank(chosen: Array) -> Array:
    """Return how many newer ones are chosen, too."""
    newer: Array = np.cumsum(chosen[:, ::-1], axis=1)[:, ::-1] - chosen
    return newer


def _nearest(codes: Array, likeness: Array, size: int) -> tuple[NDArray[np.int32], Floats, Array]:
    """Return each row's nearest with their likeness, and which pairs are among them: seen from the lower row,
    from the higher."""
    low, high = codes // size, codes % size
    here, there = np.r_[low, high], np.r_[high, low]
    value = np.r_[likeness, likeness]
    order = np.lexsort((-value, here))
    here_sorted = here[order]
    firsts = np.searchsorted(here_sorted, np.arange(size))
    rank = np.arange(len(order)) - firsts[here_sorted]
    width = int(min(max(rank.max() + 1, 1), NEIGHBOURS_MAX)) if len(rank) else 1
    near, close = np.zeros((size, width), np.int32), np.zeros((size, width), np.float32)
    chosen = order[rank < width]
    near[here[chosen], rank[rank < width]] = there[chosen]
    close[here[chosen], rank[rank < width]] = value[chosen]
    is_kept = np.zeros(len(order), bool)
    is_kept[chosen] = True
    return near, close, is_kept.reshape(2, -1)
