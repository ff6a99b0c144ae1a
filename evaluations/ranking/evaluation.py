"""The product beside its rivals, in one run over the same points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from evaluations.ranking.bandit import GAMES, ByLot, Chooser, Greedy, draw_rounds, play
from evaluations.ranking.decisions import read_decisions
from evaluations.ranking.harness import Floats, OnPoint, foretell
from evaluations.ranking.learners import (
    CATCH_UP_SECONDS,
    FROZEN,
    LEARNERS,
    LOGISTIC,
    ONLINE,
    POPULARITY,
    TRIGRAM,
    UNCORRECTED,
    UNEXPLORED,
    Exploring,
    nightly,
)
from evaluations.ranking.measures import (
    auc_of,
    by_user,
    log_losses,
    mean_of,
    mean_of_users,
    reciprocal_rank,
    resamples_of,
    second_half,
    values_of,
)
from evaluations.ranking.next_item import (
    Company,
    Ease,
    LastItems,
    MostTaken,
    Recommender,
    Taught,
    find,
    hold_last,
)
from evaluations.ranking.options import Options
from evaluations.ranking.point import Point
from evaluations.ranking.ratings import rated_points, read_items, read_ratings
from evaluations.ranking.report import PRODUCT, Report, make_report
from evaluations.ranking.rivals import RIVER, VW, Rivals, absent
from evaluations.ranking.trajectories import read_conversations, step_points

BY_LOT, EASE, COMPANY = "random", "EASE", "co-occurrence"
ONE_OF_ONE = (PRODUCT, UNCORRECTED, FROZEN, ONLINE, POPULARITY, LOGISTIC, VW, RIVER)
"""Who foretells whether one action is rewarded."""
CHOOSERS = (PRODUCT, UNEXPLORED, BY_LOT, POPULARITY, LOGISTIC, VW)
RECOMMENDERS = (PRODUCT, POPULARITY, EASE, COMPANY)
ONE_OF_MANY = (PRODUCT, UNCORRECTED, FROZEN, POPULARITY, TRIGRAM, LOGISTIC, VW)
RATING_METHODS = (*ONE_OF_ONE, UNEXPLORED, BY_LOT, EASE, COMPANY)

_CATCH_UP = (
    f"{PRODUCT}: with ranking.catch_up_seconds = {CATCH_UP_SECONDS:g}, where its name does not say otherwise."
)

Values = dict[str, dict[str, Floats]]


class _Users:
    """Who there is, by number, and how often a resample has each."""

    def __init__(self, points: Sequence[Point], options: Options) -> None:
        self._numbers = {
            user: number for number, user in enumerate(dict.fromkeys(each.user for each in points))
        }
        self.resamples = resamples_of(len(self), options.resamples, options.seed)

    def __len__(self) -> int:
        return len(self._numbers)

    def of(self, points: Sequence[Point]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Return whose each point is."""
        return np.array([self._numbers[point.user] for point in points], np.intp)

    def mean(self, values: Floats, points: Sequence[Point]) -> Floats:
        """Return the mean of a number a point, for all users and for each resample."""
        return values_of(mean_of(values, self.of(points), len(self)), self.resamples)


def evaluate_ratings(ratings: Path, items: Path | None, options: Options) -> Report:
    """Foretell each rating of 4 or more, play a bandit of ten items, and find each user's last item.

    Args:
        ratings: CSV of `user_id,item_id,rating,timestamp`, gzip by suffix.
        items: CSV of `item_id,title,genres`; None when items are nothing but their ids.
        options: How to evaluate.

    Raises:
        FieldError: A file cannot be read, or a method is not known.
        ForewordError: A rival does not run.
    """
    run = _Run(RATING_METHODS, options)
    known = read_items(items) if items else {}
    points = rated_points(read_ratings(ratings), known)
    run.begin(points)
    for method, said in run.foretold("ratings", ONE_OF_ONE, points, lambda said: _mean_loss(said, points)):
        run.add(method, _binary(said, points, run.users))
    games = [draw_rounds(points, run.random(game)) for game in range(GAMES)]
    rounds = [each for game in games for each in game]
    for method, rewards in _rewards(run, games) if rounds else ():
        run.add(method, {"reward": run.users.mean(rewards, rounds)})
    last = hold_last(points)
    for method, gains in _gains(run, last):
        run.add(method, {"ndcg_at_10": run.users.mean(gains, last.held)})
    notes = [
        f"A reward is a rating of 4 or more; {GAMES} games of {len(games[0]):,} rounds of ten items; "
        f"{len(last.held):,} last items."
    ]
    unknown = len({point.actions[0].id for point in points} - known.keys()) if items else 0
    if unknown:
        notes.append(f"{unknown:,} rated items are not among the items, and are nothing but their ids.")
    return run.report(points, notes)


def evaluate_decisions(file: Path, options: Options) -> Report:
    """Foretell which suggestions are accepted, from what was known when each was shown.

    Args:
        file: JSON lines of an assistant's telemetry, gzip by suffix.
        options: How to evaluate.

    Raises:
        FieldError: The file cannot be read, or a method is not known.
        ForewordError: A rival does not run.
    """
    run = _Run(ONE_OF_ONE, options)
    decisions = read_decisions(file)
    points = decisions.points
    run.begin(points)
    for method, said in run.foretold("decisions", ONE_OF_ONE, points, lambda said: _mean_loss(said, points)):
        run.add(method, _binary(said, points, run.users))
    notes = [f"{decisions.unshown:,} decisions are on nothing that was shown before, and left out."]
    return run.report(points, notes)


def evaluate_trajectories(file: Path, options: Options) -> Report:
    """Foretell which tool an agent calls next, among all that the file names.

    Args:
        file: JSON of tau-bench's conversations, gzip by suffix.
        options: How to evaluate.

    Raises:
        FieldError: The file cannot be read, or a method is not known.
        ForewordError: A rival does not run.
    """
    run = _Run(ONE_OF_MANY, options)
    conversations = read_conversations(file)
    points = step_points(conversations)
    run.begin(points)
    for method, said in run.foretold(
        "trajectories", ONE_OF_MANY, points, lambda said: -_ranks(said, points).mean()
    ):
        run.add(method, {"mrr": run.users.mean(_ranks(said, points), points)})
    notes = [
        f"{len(points[0].actions)} tools, with `respond` for an answer; {len(conversations):,} conversations in the "
        "file's order, its steps taken to be a minute apart."
    ]
    return run.report(points, notes)


class _Run:
    """The methods of one evaluation, and what came of each."""

    def __init__(self, known: Sequence[str], options: Options) -> None:
        self.options = options
        self._chosen = options.chosen(known)
        self._absent = absent(self._chosen, options.rivals)
        self.rivals = Rivals(options.rivals, options.seed)
        self._values: Values = {}

    def begin(self, points: Sequence[Point]) -> None:
        """Draw users, once it is known who there is."""
        self.users = _Users(points, self.options)

    def methods(self, of: Sequence[str]) -> list[str]:
        """Return those of some methods that are to run, and can."""
        return [method for method in self._chosen if method in of and method not in self._absent]

    def random(self, game: int = 0) -> np.random.Generator:
        """Return the same draws for each method, and others for each game."""
        return np.random.default_rng([self.options.seed, game])

    def shown(self, method: str, unit: str) -> OnPoint:
        """Return what shows how far a method is."""
        return lambda done, total: self.options.on_progress(f"{method}, {unit}", done, total, unit)

    def foretold(
        self, kind: str, of: Sequence[str], points: Sequence[Point], loss: Callable[[list[Floats]], float]
    ) -> Sequence[tuple[str, list[Floats]]]:
        """Return what each method says of each point before it learns it."""
        ways: Mapping[str, Callable[[OnPoint], list[Floats]]] = {
            VW: partial(self.rivals.vw, kind, points, loss),
            RIVER: partial(self.rivals.river, points),
        }
        found = []
        for method in self.methods(of):
            own = ways.get(method) or partial(foretell, LEARNERS[method](self.random()), points)
            found.append((method, own(self.shown(method, "points"))))
        return found

    def add(self, method: str, values: Mapping[str, Floats]) -> None:
        """Take in what a method is measured by."""
        self._values.setdefault(method, {}).update(values)

    def report(self, points: Sequence[Point], notes: Sequence[str]) -> Report:
        """Return what came of all."""
        return make_report(
            self._values, len(self.users), len(points), [*notes, _CATCH_UP, *self._absent.values()]
        )


def _rewards(run: _Run, games: Sequence[Sequence[Point]]) -> Sequence[tuple[str, Floats]]:
    found = []
    for method in run.methods(CHOOSERS):
        show = run.shown(method, "rounds")
        if method == VW:
            rewards = run.rivals.vw_rewards(games, show)
        else:
            rewards = [
                play(_chooser(method, run.random(number)), game, show) for number, game in enumerate(games)
            ]
        found.append((method, np.concatenate(rewards)))
    return found


def _chooser(method: str, random: np.random.Generator) -> Chooser:
    if method == PRODUCT:
        return Exploring(random)
    if method == BY_LOT:
        return ByLot(random)
    return Greedy(LEARNERS[PRODUCT if method == UNEXPLORED else method](random), random)


def _gains(run: _Run, last: LastItems) -> Sequence[tuple[str, Floats]]:
    found = []
    for method in run.methods(RECOMMENDERS):
        recommender = _recommender(method, last, run)
        found.append((method, find(recommender, last, run.shown(method, "last items"))))
    return found


def _recommender(method: str, last: LastItems, run: _Run) -> Recommender:
    if method == PRODUCT:
        learner = nightly(run.random())
        taught = Taught(learner, last, run.random(), run.shown(method, "items"))
        learner.refit(last.points[-1].context.time_ms)
        return taught
    simple: dict[str, Callable[[LastItems], Recommender]] = {
        POPULARITY: MostTaken,
        EASE: Ease,
        COMPANY: Company,
    }
    return simple[method](last)


def _binary(said: Sequence[Floats], points: Sequence[Point], users: _Users) -> dict[str, Floats]:
    """Return the measures of predictions of one action each."""
    scores, labels = np.concatenate(said), np.array([point.rewards[0] for point in points])
    owners, losses = users.of(points), log_losses(scores, labels)
    late = second_half(owners, len(users))
    own_auc = by_user(owners[late], len(users), partial(_own_auc, scores[late], labels[late]))
    own_loss = by_user(owners[late], len(users), lambda places: float(losses[late][places].mean()))
    return {
        "auc": values_of(auc_of(scores, labels, owners), users.resamples),
        "logloss": users.mean(losses, points),
        "auc_second_half": values_of(mean_of_users(own_auc), users.resamples),
        "logloss_second_half": values_of(mean_of_users(own_loss), users.resamples),
    }


def _own_auc(scores: Floats, labels: Floats, places: np.ndarray[tuple[int], np.dtype[np.intp]]) -> float:
    return auc_of(scores[places], labels[places], np.zeros(len(places), np.intp))(np.ones(1))


def _mean_loss(said: Sequence[Floats], points: Sequence[Point]) -> float:
    return float(log_losses(np.concatenate(said), np.array([point.rewards[0] for point in points])).mean())


def _ranks(said: Sequence[Floats], points: Sequence[Point]) -> Floats:
    return np.array(
        [reciprocal_rank(own, np.array(point.rewards)) for own, point in zip(said, points, strict=True)]
    )
