"""What other policies would have earned at the first place, from a sidecar's own log."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from foreword.errors import ForewordError
from foreword.store import ActivityReader
from ranking.block import Doubles, Floats
from ranking.decided import DECISIONS_MAX, Decided, Gathering, LeftOut
from ranking.model import GlobalModel
from ranking.off_policy import Estimated, Limits, Logged, estimate
from ranking.ranker import Ranker

SERVING = "as served"
GREEDY = "highest score"
UNIFORM = "uniform"
POPULAR = "most popular"
# Scores of 32 bits that differ by less are tied: what is first in the log must win nothing by that.
_TIE = 1e-6
# An action counts as answered so often before it was, with the mean reward of all.
_PRIOR_COUNT = 10.0


@dataclass(frozen=True, slots=True)
class Judged:
    """What policies would have earned.

    Attributes:
        policies: By name: `as served` (what was earned), `highest score` (the same without chance), `uniform`, `most
            popular` (the best mean reward of all users until then), and `model N` for each model asked about.
        logged: Decisions in the log.
        judged: Decisions that all policies are judged by, the same for each.
        left_out: The others.
    """

    policies: Mapping[str, Estimated]
    logged: int
    judged: int
    left_out: LeftOut


def judge(
    reader: ActivityReader,
    models: Sequence[GlobalModel],
    rules: Ranker,
    *,
    seed: int = 0,
    limits: Limits | None = None,
    is_silence_no: bool = False,
    decisions_max: int = DECISIONS_MAX,
    on_progress: Callable[[str, int, int], None] = lambda _step, _done, _total: None,
) -> Judged:
    """Estimate what policies would have earned by the action that they show first.

    A policy is how probable it makes each action at the first place, whose logged probability is exact. What is shown
    behind it, and what came of that, counts for none. Each but `uniform` takes the best by its own measure; what is
    tied shares alike. The model of the reward, for the doubly robust estimate, are the scores that were logged.

    Args:
        reader: Of the store.
        models: To be judged beside the others, by decisions made after all of them were trained.
        rules: How users' parameters are learned under a model.
        seed: Of the resamples.
        limits: What an estimate must have behind it.
        is_silence_no: Whether a decision that nobody answered earned 0; else it is left out, as training does.
        decisions_max: At most so many, the newest.
        on_progress: Called with what is done, how far it is, and of how much.

    Raises:
        ForewordError: No decision is left that tells anything; says how many were left out, and why.
    """
    _, logged = reader.ranking_counts()
    gathering = Gathering(
        reader,
        models,
        rules,
        is_silence_no=is_silence_no,
        decisions_max=decisions_max,
        on_progress=lambda done: on_progress("reading decisions", done, max(logged, done)),
    )
    decisions = gathering.run()
    if not decisions:
        raise _nothing(logged, gathering.left_out)
    found: dict[str, Estimated] = {}
    shares = _policies(decisions, models)
    for place, (name, of_policy) in enumerate(shares.items()):
        on_progress("estimating", place, len(shares))
        found[name] = estimate(_logged(decisions, of_policy), np.random.default_rng(seed), limits)
    return Judged(found, logged, len(decisions), gathering.left_out)


def best(values: Floats | Doubles) -> Doubles:
    """Return how probable a policy that takes the greatest value makes each; what is tied shares alike. float64[n]."""
    tied = values >= values.max() - _TIE
    return np.asarray(tied / tied.sum(), np.float64)


def popular(decisions: Iterable[Decided]) -> Iterator[Doubles]:
    """Yield what was popular with all users before each decision, by what was known by then.

    Args:
        decisions: In the order of time.
    """
    waiting: list[tuple[int, str, float]] = []
    count: defaultdict[str, float] = defaultdict(float)
    total: defaultdict[str, float] = defaultdict(float)
    everything = rewards = 0.0
    for one in decisions:
        while waiting and waiting[0][0] < one.time_ms:
            _, action, reward = heapq.heappop(waiting)
            count[action] += 1
            total[action] += reward
            everything, rewards = everything + 1, rewards + reward
        mean = rewards / everything if everything else 0.0
        yield np.array(
            [(total[each] + _PRIOR_COUNT * mean) / (count[each] + _PRIOR_COUNT) for each in one.actions]
        )
        known_ms = one.time_ms if one.answered_ms is None else one.answered_ms
        heapq.heappush(waiting, (known_ms, one.actions[0], one.reward))


def _policies(
    decisions: Sequence[Decided], models: Sequence[GlobalModel]
) -> dict[str, Iterable[Doubles] | None]:
    """Return for each policy how probable it makes each action of each decision; None for the one that was logged."""
    shares: dict[str, Iterable[Doubles] | None] = {
        SERVING: None,
        GREEDY: (best(one.scores) for one in decisions),
        UNIFORM: (np.full(len(one.actions), 1 / len(one.actions)) for one in decisions),
        POPULAR: map(best, popular(decisions)),
    }
    for place, model in enumerate(models):
        shares[f"model {model.version}"] = _of_model(decisions, place)
    return shares


def _of_model(decisions: Sequence[Decided], place: int) -> Iterator[Doubles]:
    return (best(one.by_model[place]) for one in decisions)


def _logged(decisions: Sequence[Decided], shares: Iterable[Doubles] | None) -> Logged:
    rewards = np.array([one.reward for one in decisions])
    propensities = np.array([one.propensity for one in decisions])
    expected = np.array([one.scores[0] for one in decisions], np.float64)
    if shares is None:
        targets, mean = propensities, expected
    else:
        pairs = [(share[0], share @ one.scores) for share, one in zip(shares, decisions, strict=True)]
        targets, mean = np.array(pairs, np.float64).T
    users = [one.user for one in decisions]
    return Logged(rewards, propensities, targets, users, (expected, mean))


def _nothing(logged: int, left_out: LeftOut) -> ForewordError:
    if not logged:
        return ForewordError(
            "the log has no decision to judge by",
            hint="ask RankActions, and tell RecordFeedback what came of it",
        )
    why = ", ".join(reasons(left_out))
    return ForewordError(
        f"none of {logged:,} decisions in the log tells what another policy had earned: {why}",
        hint="it takes a decision that explored, of at most ranking.logged_max candidates, whose first was answered",
    )


def reasons(left_out: LeftOut) -> list[str]:
    """Return why decisions were left out, each with how many."""
    said = (
        (left_out.unanswered, "of whose first action nothing was said"),
        (left_out.certain, "whose first place was not left to chance"),
        (left_out.shortened, "of which not all candidates are in the log"),
        (left_out.before_model, "made before a model that is asked about was trained"),
        (left_out.simulated, "of simulated users"),
        (left_out.older, "older than those that are judged by"),
    )
    return [f"{count:,} {what}" for count, what in said if count]
