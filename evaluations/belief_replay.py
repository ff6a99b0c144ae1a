"""Observations lived through session by session, as operations of a model through the product's own checks."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

from evaluations.observations import Observation, Person
from foreword.budget import cut
from foreword.clock import DAY_MS, HOUR_MS
from foreword.config import Config
from foreword.v1 import activity_pb2, event_pb2, profile_pb2
from scheduler.agent.history import History
from scheduler.agent.operations import AddBelief, Operation
from scheduler.agent.population import PopulationView
from scheduler.agent.proposal import Proposal
from scheduler.agent.refresh import RefreshInput, complete, draft

# Not a verb that claims a liking or a skill: the observations are of all kinds.
_STATEMENT = "Deals with {}."
_TURNED = "Stopped dealing with {}."
RECORDED = "recorded"
"""Who proposes: the observations are there before the replay."""


@dataclass
class Replayed:
    """One person's profile, and how it came to be.

    Attributes:
        profile: In force; None before the first session.
        events: All that was recorded, oldest first.
        turns: The turns behind each event, by its id.
        proposed: Operations proposed.
        applied: Those applied.
    """

    profile: profile_pb2.Profile | None = None
    events: list[event_pb2.Event] = field(default_factory=list)
    turns: dict[str, frozenset[str]] = field(default_factory=dict)
    proposed: int = 0
    applied: int = 0


class BeliefReplay:
    """Puts observations into events, what they say into operations, and both through refreshes.

    Args:
        person: Whose.
        config: The product's configuration.
    """

    def __init__(self, person: Person, config: Config) -> None:
        self._user_id = person.user_id
        self._config = config

    def session(
        self, state: Replayed, observations: Sequence[Observation], *, turned: bool = False
    ) -> list[Operation]:
        """Live through a session, an hour after which the profile is refreshed; return what was proposed.

        Args:
            state: Changed in place.
            observations: Of the session.
            turned: They say that it is so no longer.
        """
        events, operations = self.recorded(state, observations, turned=turned)
        self.refresh(state, events, operations)
        return operations

    def recorded(
        self, state: Replayed, observations: Sequence[Observation], *, turned: bool = False
    ) -> tuple[list[event_pb2.Event], list[Operation]]:
        """Return the events of a session's observations, and the operations that say what is in them."""
        events: list[event_pb2.Event] = []
        operations: list[Operation] = []
        pattern = _TURNED if turned else _STATEMENT
        for item in observations:
            number = len(state.turns)
            event = event_pb2.Event(
                event_id=f"observation-{number}", user_id=self._user_id, type="message", text=item.text
            )
            event.time.FromMilliseconds(item.time_ms + number)
            state.turns[event.event_id] = item.turns
            events.append(event)
            operations += [
                AddBelief(phrase, pattern.format(phrase), (event.event_id,)) for phrase in item.phrases
            ]
        return events, operations

    def refresh(
        self, state: Replayed, events: Sequence[event_pb2.Event], operations: Sequence[Operation]
    ) -> None:
        """Refresh once with new events and what is proposed of them."""
        state.events += events
        result = complete(
            draft(self.input_of(state, events), self._config),
            [Proposal(operations, RECORDED)] if operations else [],
        )
        state.profile = result.profile
        state.proposed += len(operations)
        state.applied += result.applied_count

    def without(self, state: Replayed, ids: frozenset[str]) -> profile_pb2.Profile:
        """Return the profile after events were deleted."""
        kept = [event for event in state.events if event.event_id not in ids]
        removed = [event for event in state.events if event.event_id in ids]
        counted = frozenset(event.event_id for event in kept)
        made = self.input_of(state, [])
        made = dataclasses.replace(
            made, window_events=kept, history=History(kept, counted, removed, is_whole=True)
        )
        return complete(draft(made, self._config)).profile

    def input_of(self, state: Replayed, news: Sequence[event_pb2.Event]) -> RefreshInput:
        """Return what a refresh an hour after the newest event may know."""
        now_ms = state.events[-1].time.ToMilliseconds() + HOUR_MS
        from_ms = now_ms - self._config.window.days * DAY_MS
        return RefreshInput(
            user_id=self._user_id,
            namespace="",
            now_ms=now_ms,
            segment=profile_pb2.SEGMENT_SEMI_ACTIVE,
            cadence=profile_pb2.CADENCE_INTERVAL,
            activity=activity_pb2.UserActivity(),
            new_events=list(news),
            window_events=[event for event in state.events if event.time.ToMilliseconds() >= from_ms],
            previous=state.profile,
            population=PopulationView(self._config.window.half_life_days),
        )


def held(profile: profile_pb2.Profile | None) -> list[profile_pb2.Belief]:
    """Return the beliefs of a profile that were proposed and that hold."""
    beliefs = profile.self_model.beliefs if profile is not None else ()
    return [row for row in beliefs if row.proposed_by and not row.HasField("valid_to")]


def is_turned(belief: profile_pb2.Belief) -> bool:
    """Return whether a belief says that something is so no longer."""
    return belief.statement.startswith(_TURNED.partition(" {}")[0])


def text_within(profile: profile_pb2.Profile, tokens: int) -> str:
    """Return a profile's text within a budget, as it would be served."""
    foreword = profile_pb2.Foreword()
    foreword.CopyFrom(profile.foreword)
    cut(foreword, tokens)
    return foreword.text


def names(text: str, phrase: str) -> bool:
    """Return whether a text names a phrase, in quotation marks or bare, as statements have plain nouns.

    `evaluations.named` knows names in quotation marks and labels only, and so would miss those.
    """
    return f'"{phrase}"' in text or f" {phrase}," in text or f" {phrase}." in text or f" {phrase} and" in text
