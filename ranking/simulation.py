"""Rollouts: what is offered to simulated users in which round, and what they said as events."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from foreword import synthetic
from foreword.keys import UserKey, user_key
from foreword.llm import ModelRequest
from foreword.store import ActivityReader
from foreword.v1.event_pb2 import Event
from ranking.example import Action, Context, Example
from ranking.log import counted_text, feedback_event
from ranking.personas import Persona
from ranking.simulated_answers import NumericUser, Verdict, question

ACTIONS_MAX = 500
"""As many as one call may rank."""
_ROUND_MS = 60_000
# Users whose decisions are looked through; what is offered, is offered to many.
_DECISION_USERS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Round:
    """One list that is offered to one persona.

    Attributes:
        persona: To whom.
        number: From 0.
        offered: What, as it would be shown.
        time_ms: When, in ms since 1970.
        key: Names it: the same for the same seed, persona, number, offer, and way to judge.
    """

    persona: Persona
    number: int
    offered: tuple[Action, ...]
    time_ms: int
    key: str

    @property
    def user(self) -> UserKey:
        """The key of the simulated user."""
        return user_key(self.persona.name, synthetic.NAMESPACE)

    def event_id(self, place: int) -> str:
        """Return the id of what is said of the action at a place."""
        return f"sim-{self.key}-{place}"

    def context(self) -> Context:
        """Return the moment."""
        return Context(self.time_ms, {synthetic.SOURCE: synthetic.SIMULATED}, session_id=f"sim-{self.key}")

    def random(self, purpose: str) -> Random:
        """Return where this round's chance comes from, whatever else is run before or beside it."""
        return Random(f"{self.key}\0{purpose}")

    def examples(self, verdicts: Iterable[Verdict], weight: float = 1.0) -> Iterator[Example]:
        """Yield what a global model may learn of it."""
        for verdict in verdicts:
            action = self.offered[verdict.place]
            yield Example(
                self.persona.name, self.context(), action, verdict.reward, weight, is_synthetic=True
            )

    def events(self, verdicts: Iterable[Verdict]) -> Iterator[Event]:
        """Yield what was said as it is stored.

        Without the reason a model gives: nobody reads it there, and as the text of the moment it would be learned from.
        """
        for verdict in verdicts:
            action = self.offered[verdict.place]
            action = replace(action, text=counted_text(action.text))
            event = feedback_event(self.context(), action, reward=verdict.reward)
            event.event_id = self.event_id(verdict.place)
            event.user_id, event.namespace = self.persona.name, synthetic.NAMESPACE
            event.time.FromMilliseconds(self.time_ms)
            yield event

    def question(self, model: str) -> ModelRequest:
        """Return what a model is asked."""
        return question(self.persona, self.offered, model)


def rounds_of(
    personas: Sequence[Persona],
    actions: Sequence[Action],
    *,
    count: int,
    shown: int,
    seed: int,
    by: str,
    now_ms: int,
) -> Iterator[Round]:
    """Yield the rounds of all personas, the first of each before the second of any.

    What is offered is drawn evenly from the actions, not by what the model in force believes: it would be taught by
    its own habits.

    Args:
        personas: Who they are.
        actions: What there is to offer.
        count: Rounds of each.
        shown: Actions of a round; all of them where there are fewer.
        seed: Of every draw.
        by: Who judges, such as a model's name; other judges make other events.
        now_ms: When the last round is; each is a minute after the one before.
    """
    for number in range(count):
        for persona in personas:
            drawn = Random(f"{seed}\0{persona.name}\0{number}")
            offered = tuple(drawn.sample(list(actions), min(shown, len(actions))))
            told = [
                str(seed),
                by,
                str(number),
                persona.name,
                persona.line(),
                *(action.id for action in offered),
            ]
            key = hashlib.blake2b("\0".join(told).encode(), digest_size=10).hexdigest()
            yield Round(persona, number, offered, now_ms - (count - 1 - number) * _ROUND_MS, key)


def by_numbers(rounds: Iterable[Round], user: NumericUser) -> Iterator[tuple[Round, list[Verdict]]]:
    """Yield each round with what a formula says of it."""
    for each in rounds:
        yield each, user.judge(each.persona, each.offered, each.random("judge"))


def without_recorded(rounds: Iterable[Round], activity: ActivityReader) -> list[Round]:
    """Return the rounds of which nothing is recorded yet: those that a model is still to be asked about."""
    return [
        each
        for each in rounds
        if not any(activity.has_event(each.user, each.event_id(place)) for place in range(len(each.offered)))
    ]


def ranked_actions(activity: ActivityReader) -> list[Action]:
    """Return what real users were offered before, by the log of decisions; at most 500 actions.

    Without the texts: an action may be written for one user, and say something of them.
    """
    found: dict[str, Action] = {}
    for user, _ in activity.users(limit=_DECISION_USERS_MAX):
        for decision in activity.ranking_decisions(user):
            for each in decision.offered:
                topics, attributes = tuple(each.topics), dict(each.attributes)
                action = Action(each.action_id, topics, attributes, is_irreversible=each.irreversible)
                found.setdefault(action.id, action)
    return list(found.values())[:ACTIONS_MAX]
