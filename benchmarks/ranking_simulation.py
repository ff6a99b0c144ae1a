"""Simulated rollouts before real ones: at which weight they help at a cold start, and what they cost later."""

from __future__ import annotations

import csv
import gzip
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np

from benchmarks.table import Table
from foreword.errors import ForewordError
from ranking.example import Action, Context, Example
from ranking.learner import LearnerOptions, OnlineLearner
from ranking.personas import Traits
from ranking.simulated_answers import NumericUser
from ranking.simulation import by_numbers, rounds_of

PERSONAS, ROUNDS, SHOWN = 300, 6, 5
WEIGHTS = (0.1, 0.3, 1.0)
SEEDS = 1
# The first real events, by time: beyond them nothing simulated is felt any more.
REAL_MAX = 30_000
# Real events after which every method's model is trained anew; the same for all of them, as the last of a day is.
REFITS = (500, 1000, 2000, 3000, *range(5000, REAL_MAX, 5000))
# Of real events: from, and before.
PARTS = ((0, 1000), (1000, 5000), (5000, 20_000), (20_000, 10**9))
_LIKED_AT = 4.0
# Ratings of a genre before a user is said to like it, or not.
_GENRE_RATINGS_MIN = 5
_MARGIN = 0.1
_RESAMPLES = 1000


class _Rating(NamedTuple):
    user: str
    item: str
    is_liked: bool
    time_ms: int


def run() -> Table:
    """Measure on MovieLens small (FOREWORD_DATA): personas are made of half of its users, and tried on the others."""
    ratings, items = _read()
    other = [one for one in ratings if int(one.user) % 2]
    real = [_example(one, items) for one in ratings if not int(one.user) % 2][:REAL_MAX]
    traits = _traits(other, items)
    table = Table(
        name="ranking_simulation",
        title="Simulated rollouts mixed into global training",
        command="python -m benchmarks ranking_simulation",
        columns=["simulated events", *(_part(start, end, len(real)) for start, end in PARTS), "all"],
    )
    losses: dict[str, list[np.ndarray]] = defaultdict(list)
    for seed in range(SEEDS):
        rollouts = list(_rollouts(traits, list(items.values()), seed, real[0].context.time_ms))
        methods: list[tuple[str, list[Example]]] = [("none", [])]
        methods += [(f"weight {weight:g}", _weighed(rollouts, weight)) for weight in WEIGHTS]
        for name, before in methods:
            losses[name].append(_progressive(before, real, seed))
            print(f"seed {seed}: {name}: {losses[name][-1].mean():.4f}", flush=True)
    means = {name: np.mean(found, axis=0) for name, found in losses.items()}
    means["weight chosen by progressive logloss"] = _chosen(means)
    users = [one.user for one in real]
    for name, found in means.items():
        cells = (_cell(found, means["none"], users, start, end) for start, end in (*PARTS, (0, 10**9)))
        table.add(name, *cells)
    table.notes += _notes(len(real), len({one.user for one in real}))
    return table


def _notes(count: int, users: int) -> Iterator[str]:
    formula = NumericUser()
    yield (
        f"Progressive logloss of {count:,} ratings by {users} users (a rating of 4 or more is a yes), each predicted "
        f"before it is learned; in brackets the difference from no simulated events, with "
        "its interval of 95 % by resampling users. Lower is better."
    )
    yield (
        f"{PERSONAS} personas, {ROUNDS} lists of {SHOWN} films each, before the first real event. Personas are drawn "
        "from how many users of the other half like or dislike a genre (a tenth more, or less, of its ratings are a "
        f"yes than of all of theirs, on at least {_GENRE_RATINGS_MIN}). They are judged by the formula with base "
        f"{formula.base:g}, like {formula.like:g}, match {formula.match:g}, position {formula.position:g}, noise "
        f"{formula.noise:g}."
    )
    yield (
        "All are trained anew after the same numbers of real events. Chosen: at each training the weight whose logloss "
        "was least over the real events since the training before the last; before the first, 0.1."
    )


def _read() -> tuple[list[_Rating], dict[str, Action]]:
    folder = Path(os.environ.get("FOREWORD_DATA", "../shared/data")) / "movielens-small"
    if not folder.is_dir():
        raise ForewordError(
            f"no MovieLens small in {folder}", hint="set FOREWORD_DATA to the folder of the data"
        )
    items = {
        row["movieId"]: Action(row["movieId"], _genres(row["genres"]))
        for row in _rows(folder / "movies.csv.gz")
    }
    ratings = [
        _Rating(
            row["userId"], row["movieId"], float(row["rating"]) >= _LIKED_AT, 1000 * int(row["timestamp"])
        )
        for row in _rows(folder / "ratings.csv.gz")
    ]
    return sorted(ratings, key=lambda one: one.time_ms), items


def _rows(file: Path) -> Iterator[Mapping[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        yield from csv.DictReader(opened)


def _genres(text: str) -> tuple[str, ...]:
    return () if text.startswith("(") else tuple(text.split("|"))


def _example(one: _Rating, items: Mapping[str, Action]) -> Example:
    return Example(one.user, Context(one.time_ms), items[one.item], float(one.is_liked))


def _traits(ratings: Sequence[_Rating], items: Mapping[str, Action]) -> Traits:
    """Return how many users like and dislike each genre."""
    genres: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    every: dict[str, list[bool]] = defaultdict(list)
    for one in ratings:
        every[one.user].append(one.is_liked)
        for genre in items[one.item].topics:
            genres[one.user][genre].append(one.is_liked)
    traits = Traits()
    for user, found in genres.items():
        usual = np.mean(every[user])
        apart = {
            genre: float(np.mean(liked) - usual)
            for genre, liked in found.items()
            if len(liked) >= _GENRE_RATINGS_MIN
        }
        traits.add(
            {
                "likes": [genre for genre, share in apart.items() if share >= _MARGIN],
                "dislikes": [genre for genre, share in apart.items() if share <= -_MARGIN],
            }
        )
    return traits


def _rollouts(traits: Traits, actions: Sequence[Action], seed: int, before_ms: int) -> Iterator[Example]:
    personas = [traits.draw(f"sim-{number}", Random(f"{seed}\0{number}")) for number in range(PERSONAS)]
    rounds = rounds_of(
        personas, actions, count=ROUNDS, shown=SHOWN, seed=seed, by="numeric", now_ms=before_ms - 1
    )
    for each, verdicts in by_numbers(rounds, NumericUser()):
        yield from each.examples(verdicts)


def _weighed(rollouts: Sequence[Example], weight: float) -> list[Example]:
    return [replace(one, weight=weight) for one in rollouts]


def _progressive(before: Sequence[Example], real: Sequence[Example], seed: int) -> np.ndarray:
    """Return the logloss of each real event, float64[n], after `before` was learned."""
    learner = OnlineLearner(
        LearnerOptions(first_refits=(), refit_every=10**9), random=np.random.default_rng(seed)
    )
    for example in before:
        learner.learn(example)
    if before:
        learner.refit(real[0].context.time_ms)
    losses = np.zeros(len(real))
    for place, example in enumerate(real):
        if place in REFITS:
            learner.refit(example.context.time_ms)
        chance = float(learner.predict(example.user, example.context, [example.action])[0])
        chance = min(max(chance, 1e-6), 1 - 1e-6)
        losses[place] = -np.log(chance if example.reward else 1 - chance)
        learner.learn(example)
    return losses


def _chosen(losses: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the losses of whichever weight was best lately, looked at when the model is trained."""
    count = len(next(iter(losses.values())))
    bounds = [0, *(refit for refit in REFITS if refit < count), count]
    found = np.zeros(count)
    for number, (start, end) in enumerate(pairwise(bounds)):
        since = bounds[max(0, number - 2)]
        best = min(losses, key=lambda name: losses[name][since:start].mean()) if number else "weight 0.1"
        found[start:end] = losses[best][start:end]
    return found


def _cell(found: np.ndarray, none: np.ndarray, users: Sequence[str], start: int, end: int) -> str:
    mean = found[start:end].mean()
    if found is none:
        return f"{mean:.4f}"
    low, high = _interval((found - none)[start:end], users[start:end])
    return f"{mean:.4f} ({mean - none[start:end].mean():+.4f}; {low:+.4f} to {high:+.4f})"


def _interval(differences: np.ndarray, users: Sequence[str]) -> tuple[float, float]:
    """Return the interval of 95 % of a mean, by resampling users."""
    names, places = np.unique(users, return_inverse=True)
    sums, counts = np.bincount(places, differences), np.bincount(places)
    drawn = np.random.default_rng(0).integers(0, len(names), (_RESAMPLES, len(names)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def _part(start: int, end: int, count: int) -> str:
    if not start:
        return f"first {end:,}"
    return f"{start:,} to {end:,}" if end < count else f"after {start:,}"
