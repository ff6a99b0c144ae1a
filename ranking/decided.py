"""Decisions of the log whose first place was drawn, and what came of it: what other policies are judged by."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from foreword import keys
from foreword.clock import DAY_MS
from foreword.keys import UserKey
from foreword.store import ActivityReader
from foreword.store.decision_key import decision_time_ms, key_of
from foreword.synthetic import is_synthetic
from foreword.v1.event_pb2 import Event
from foreword.v1.ranking_pb2 import RankingDecision
from ranking.block import Floats, UserBlock
from ranking.example import Action, Context, Example
from ranking.log import decision_id_of, examples
from ranking.model import GlobalModel
from ranking.ranker import Ranker
from ranking.requests import read_action, read_context
from ranking.training_log import EVENTS_OF_USER_MAX

DECISIONS_MAX = 200_000
"""The newest that are judged by, 2.5 KB each in memory where 20 candidates were offered: half a gigabyte."""
_DECISIONS_AT_ONCE = 1_000
# A probability of 1 in 32-bit floats. Whatever may be varied is less by epsilon at least, or by one world of 255.
_CERTAIN = 1 - 1e-6


@dataclass(slots=True)
class LeftOut:
    """Decisions that nothing is judged by, each counted under the first reason that holds.

    Attributes:
        simulated: A simulated user was asked.
        before_model: A model that is to be judged was trained later, and may know what came of them.
        certain: Their first place was not left to chance: one candidate, `explore=False`, or an irreversible action.
        shortened: Not all candidates were logged, so that what another policy had shown is not known.
        unanswered: Nothing was said of the action at the first place.
        older: There are more than are judged by, and these are the oldest.
    """

    simulated: int = 0
    before_model: int = 0
    certain: int = 0
    shortened: int = 0
    unanswered: int = 0
    older: int = 0


class Decided(NamedTuple):
    """One decision.

    Attributes:
        user: For whom.
        time_ms: When, in milliseconds since 1970.
        actions: What could have come first; the first one did. Never an irreversible one, which is not varied.
        scores: Of each, the probability of a yes that was expected; float32[n].
        propensity: How probable it was that the first one comes first.
        reward: What came of it, 0 to 1.
        answered_ms: When that was said; None where nothing was.
        by_model: Of each action, what each model to be judged expects; float32[n] for each model.
    """

    user: UserKey
    time_ms: int
    actions: tuple[str, ...]
    scores: Floats
    propensity: float
    reward: float
    answered_ms: int | None
    by_model: tuple[Floats, ...]


class Said(NamedTuple):
    """What a user said of an action."""

    known_ms: int
    """When: never before it was offered, whatever time the caller gave it."""
    decision_id: str
    """Where it was offered; empty where that is not known."""
    example: Example


class Gathering:
    """Reads decisions out of the log.

    Args:
        reader: Of the store.
        models: To be judged: of each, what it expects of every action, the user's own parameters learned from what was
            said before the decision.
        rules: How users' parameters are learned.
        is_silence_no: Whether a decision that nobody answered is a no, and not left out.
        decisions_max: At most so many, the newest.
        on_progress: Called with how many decisions are looked through.

    Attributes:
        left_out: What was left out so far.
    """

    def __init__(
        self,
        reader: ActivityReader,
        models: Sequence[GlobalModel],
        rules: Ranker,
        *,
        is_silence_no: bool = False,
        decisions_max: int = DECISIONS_MAX,
        on_progress: Callable[[int], None] = lambda _done: None,
    ) -> None:
        self.left_out = LeftOut()
        self._reader, self._models, self._rules = reader, models, rules
        self._is_silence_no, self._decisions_max = is_silence_no, decisions_max
        self._on_progress = on_progress
        self._from_ms = max((model.made_ms for model in models), default=0)
        # The same few names in all decisions: each is kept once.
        self._names: dict[str, str] = {}

    def run(self) -> list[Decided]:
        """Return the newest decisions, in the order of time."""
        newest: list[tuple[int, int, Decided]] = []
        for place, decided in enumerate(self._all()):
            item = (decided.time_ms, place, decided)
            if len(newest) < self._decisions_max:
                heapq.heappush(newest, item)
            else:
                heapq.heappushpop(newest, item)
                self.left_out.older += 1
        return [decided for _, _, decided in sorted(newest, key=lambda item: item[:2])]

    def _all(self) -> Iterator[Decided]:
        # Of one user one after the other, so that no more than one user's events are in memory.
        for user, decisions in groupby(self._counted(), _user_of):
            kept = [decision for decision in decisions if self._tells(user, decision)]
            if kept:
                yield from self._of(user, kept)

    def _counted(self) -> Iterator[RankingDecision]:
        done = 0
        for done, decision in enumerate(self._reader.ranking_decisions(), 1):
            if not done % _DECISIONS_AT_ONCE:
                self._on_progress(done)
            yield decision
        self._on_progress(done)

    def _tells(self, user: UserKey, decision: RankingDecision) -> bool:
        """Return whether a decision tells of others that might have been made; count it where it does not.

        By what was so before the order was drawn: whatever depends on it would tilt what is left.
        """
        if is_synthetic(user):
            self.left_out.simulated += 1
        elif decision.time.ToMilliseconds() <= self._from_ms:
            self.left_out.before_model += 1
        elif not decision.propensities or decision.propensities[0] > _CERTAIN:
            self.left_out.certain += 1
        elif len(decision.offered) < decision.candidate_count:
            self.left_out.shortened += 1
        else:
            return True
        return False

    def _of(self, user: UserKey, decisions: Sequence[RankingDecision]) -> Iterator[Decided]:
        # Without a model only answers are wanted, which are no older; a day, for clocks of callers that are slow.
        first_ms = 0 if self._models else decisions[0].time.ToMilliseconds() - DAY_MS
        events = self._reader.events(user, from_ms=max(first_ms, 0), limit=EVENTS_OF_USER_MAX)
        said = sorted(_said(stored.event for stored in events), key=lambda one: one.known_ms)
        # The last word on an action in a decision stands: a merge outranks the click before it.
        answers = {(one.decision_id, one.example.action.id): one for one in said}
        followed = [Followed(self._rules, model, said) for model in self._models]
        for decision in decisions:
            answer = answers.get((decision.decision_id, decision.offered[0].action_id))
            if answer is None and not self._is_silence_no:
                self.left_out.unanswered += 1
                continue
            yield self._decided(user, decision, answer, followed)

    def _decided(
        self, user: UserKey, decision: RankingDecision, answer: Said | None, followed: Sequence[Followed]
    ) -> Decided:
        places = [place for place, one in enumerate(decision.offered) if not one.irreversible]
        time_ms = decision.time.ToMilliseconds()
        by_model: tuple[Floats, ...] = ()
        if followed:
            context = read_context(decision.context, time_ms)
            offered = [decision.offered[place] for place in places]
            actions = [read_action(one, len(one.vector)) for one in offered]
            by_model = tuple(each.scores(context, actions) for each in followed)
        ids = (decision.offered[place].action_id for place in places)
        return Decided(
            user=user,
            time_ms=time_ms,
            actions=tuple(self._names.setdefault(one, one) for one in ids),
            scores=np.array([decision.scores[place] for place in places], np.float32),
            propensity=decision.propensities[0],
            reward=0.0 if answer is None else answer.example.reward,
            answered_ms=None if answer is None else answer.known_ms,
            by_model=by_model,
        )


class Followed:
    """A user's parameters under a model, which learn what was said before each decision, and nothing later.

    Args:
        rules: How they learn.
        model: The model.
        said: What the user said, in the order in which it was known.
    """

    def __init__(self, rules: Ranker, model: GlobalModel, said: Sequence[Said]) -> None:
        self._rules, self._model, self._said = rules, model, said
        self._at = 0
        self._block: UserBlock | None = None

    def scores(self, context: Context, actions: Sequence[Action]) -> Floats:
        """Return what is expected of actions in a moment, no earlier than the one asked about before; float32[n]."""
        while self._at < len(self._said) and self._said[self._at].known_ms < context.time_ms:
            example = self._said[self._at].example
            block = self._block or self._fresh(example.context)
            self._block = self._rules.learn(self._model, block, example, example.context.time_ms).block
            self._at += 1
        block = self._block or self._fresh(context)
        return np.array(
            self._rules.rank(self._model, block, context, actions, random=None).scores, np.float32
        )

    def _fresh(self, context: Context) -> UserBlock:
        return self._rules.fresh(self._model, context, context.time_ms)


def _user_of(decision: RankingDecision) -> UserKey:
    return keys.user_key(decision.user_id, decision.namespace)


def _said(events: Iterable[Event]) -> Iterator[Said]:
    for event in events:
        for example in examples([event]):
            named = decision_id_of(event)
            key = key_of(named)
            offered_ms = 0 if key is None else decision_time_ms(key)
            yield Said(max(example.context.time_ms, offered_ms), named, example)
