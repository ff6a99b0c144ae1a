"""Whether events support a statement: every word of it, together, and no more than they show."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property

from foreword.errors import FieldError
from foreword.naming import quoted
from scheduler.agent.claims import Basis, check_claims
from scheduler.agent.event_words import EventWords, label_words, topic_words
from scheduler.agent.evidence import Evidence
from scheduler.agent.findings import Findings
from scheduler.agent.observed import is_statement
from scheduler.agent.statement import Statement, Thing
from scheduler.agent.stems import words_in

# One word says too little: it stands in events about anything.
_THINGS_MIN = 2
_TOPIC_EVENTS_MIN = 2
_TOGETHER_SHARE_MIN = 0.5
# Half of all events are filed under the project, or the language.
_COMMON_SHARE_MIN = 0.5
_COMMON_EVENTS_MIN = 5
# A share is known well enough from these; their words are read once a refresh, at about 20 us each.
_COMMON_LOOKED_AT_MAX = 300


class Grounding:
    """Holds statements against the events cited for them. Made for one refresh.

    1. Every thing a statement names stands in an event cited. What most of the user's events are filed under, such
       as the project, supports nothing further: it tells none of them from the others.
    2. Every event cited names one of the other things, and the events hang together: from each to every other by
       things that both name. So no statement is put together from events about different matters.
    3. One event names half of the things. There are two, counting common ones and what is said to be done to them; or
       the one is the topic of two events; or the user said so.
    4. What is said to be done is shown by an event that names two of the things, or all.
    5. What is claimed beyond that (liking, aversion, how often, how well) rests on the user's word, or on counts.

    Args:
        findings: What code knows of the user.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._words = EventWords()
        self._common: dict[Thing, bool] = {}
        self._topics: dict[frozenset[str], int] = {}
        for topic, count in findings.memory.topics.items():
            self._topics[_stems(topic)] = max(self._topics.get(_stems(topic), 0), count.events)
        self._refused = [_stems(item.topic) for item in findings.low if item.is_refused]

    def check(
        self,
        statement: Statement,
        sources: Sequence[Evidence],
        held: AbstractSet[frozenset[str]] = frozenset(),
    ) -> None:
        """Return if the events support the statement.

        Args:
            statement: The statement.
            sources: The events cited.
            held: Things that need no event any more, since the statement that this one revises rests on them.

        Raises:
            FieldError: They do not; names what is not supported.
        """
        new = [thing for thing in statement.things if thing.stems not in held]
        if not new:
            raise FieldError("statement", quoted(statement.text), "things that the events cited name")
        for thing in new:
            if not any(self.names(item, thing) for item in sources):
                raise FieldError("statement", quoted(thing.text), "words of the events cited")
        telling = self._telling(statement.things, sources)
        for item in sources:
            if not any(self.names(item, thing) for thing in telling):
                raise FieldError("events", "one about something else", "events that name what is stated")
        if not self._hang_together(telling, sources):
            raise FieldError("events", "events about different matters", "events about the same matter")
        most = max(sum(self.names(item, thing) for thing in telling) for item in sources)
        if most < _TOGETHER_SHARE_MIN * len(telling):
            raise FieldError(
                "events", "none about most of it", "one at least that names half of what is stated"
            )
        self._check_number(telling, statement, sources)
        self._check_acts(statement, sources)
        check_claims(statement, self._basis(statement, sources))

    @cached_property
    def _labels(self) -> list[frozenset[str]]:
        newest = list(self._findings.known.values())[-_COMMON_LOOKED_AT_MAX:]
        return [label_words(item) for item in newest]

    def names(self, item: Evidence, thing: Thing) -> bool:
        """Return whether an event names a thing."""
        return thing.stands_in(self._words.of(item))

    def names_most(self, item: Evidence, things: Sequence[Thing]) -> bool:
        """Return whether an event names two of the things, or all where there are fewer; common ones do not count."""
        telling = [thing for thing in things if not self.is_common(thing)]
        return sum(self.names(item, thing) for thing in telling) >= min(_THINGS_MIN, len(telling)) > 0

    def count(self, things: Sequence[Thing]) -> int:
        """Return in how many events all of the things are named, or are the topic, as far back as is counted."""
        named = sum(
            all(self.names(item, thing) for thing in things) for item in self._findings.known.values()
        )
        stems = frozenset(stem for thing in things for stem in thing.stems if len(thing.stems) == 1)
        return max(named, self._topics.get(stems, 0))

    def is_refused(self, things: Sequence[Thing]) -> bool:
        """Return whether the user said no to a topic that the things name."""
        return any(
            stems and all(any(stem in thing.stems for thing in things) for stem in stems)
            for stems in self._refused
        )

    def _telling(self, things: Sequence[Thing], sources: Sequence[Evidence]) -> Sequence[Thing]:
        """Return the things that are not common; all of them where there is no other and every event names all."""
        telling = [thing for thing in things if not self.is_common(thing)]
        if telling or not all(self.names(item, thing) for item in sources for thing in things):
            return telling
        return things

    def _hang_together(self, things: Sequence[Thing], sources: Sequence[Evidence]) -> bool:
        left = [{thing.stems for thing in things if self.names(item, thing)} for item in sources]
        reached = left.pop(0)
        while left:
            nearest = next((found for found in left if found & reached), None)
            if nearest is None:
                return False
            reached |= nearest
            left.remove(nearest)
        return True

    def is_common(self, thing: Thing) -> bool:
        """Return whether most of the user's events are filed under a thing, so that it tells none from the others."""
        if thing not in self._common:
            filed = sum(thing.stands_in(words) for words in self._labels)
            self._common[thing] = filed > max(_COMMON_EVENTS_MIN, _COMMON_SHARE_MIN * len(self._labels))
        return self._common[thing]

    def _check_number(
        self, things: Sequence[Thing], statement: Statement, sources: Sequence[Evidence]
    ) -> None:
        if len(statement.things) + len(statement.acts) >= _THINGS_MIN or any(map(is_statement, sources)):
            return
        if sum(things[0].stands_in(topic_words(item)) for item in sources) < _TOPIC_EVENTS_MIN:
            raise FieldError(
                "statement",
                f"only {quoted(things[0].text)} that the events name",
                f"{_THINGS_MIN} words of theirs, or one that is the topic of {_TOPIC_EVENTS_MIN} of them",
            )

    def _check_acts(self, statement: Statement, sources: Sequence[Evidence]) -> None:
        for act in statement.acts:
            if not any(self.names(item, act) and self._shows(item, statement.things) for item in sources):
                raise FieldError("statement", quoted(act.text), "what an event cited shows to be done to it")

    def _shows(self, item: Evidence, things: Sequence[Thing]) -> bool:
        """Return whether an event is about enough of the things to show what is done to them."""
        return sum(self.names(item, thing) for thing in things) >= min(_THINGS_MIN, len(things))

    def _basis(self, statement: Statement, sources: Sequence[Evidence]) -> Basis:
        return Basis(
            sources=sources,
            naming=[item for item in sources if self.names_most(item, statement.things)],
            naming_all=sum(all(self.names(item, thing) for thing in statement.things) for item in sources),
            event_count=len(self._findings.known),
            counted=lambda: self.count(statement.things),
            is_refused=self.is_refused(statement.things),
        )


def _stems(topic: str) -> frozenset[str]:
    return frozenset(words_in(topic))
