"""How much a profile knows, so that a worse one can be told from a better one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from foreword.topics import topic_key
from foreword.v1 import profile_pb2

# What the user mostly does, and what they said.
_LINES_KEPT = 2


@dataclass(frozen=True)
class Knowledge:
    """What is known of a user, in parts that may only grow while nothing new happens.

    Attributes:
        event_count: Events that the memory has counted.
        noes: Topics the user said no to.
        wishes: How the user said that answers should be.
        said: Beliefs of code's that hold and rest on what the user said: ids.
        counted: What code believes, counts and prefers: subjects, areas and keys.
        understood: What models proposed and what holds of it: ids, areas and keys.
        lines: Of the text, the first ones that code wrote: what the user mostly does, and what they said.
        has_text: Whether there is a text.
    """

    event_count: int
    noes: frozenset[str]
    wishes: frozenset[tuple[str, str]]
    said: frozenset[str]
    counted: frozenset[tuple[str, str]]
    understood: frozenset[tuple[str, str]]
    lines: tuple[str, ...]
    has_text: bool


def knowledge_of(profile: profile_pb2.Profile) -> Knowledge:
    """Return what a profile knows."""
    rows = list(_rows(profile.self_model))
    return Knowledge(
        event_count=profile.memory.event_count,
        noes=frozenset(
            topic_key(row.value) for row in profile.memory.topics if row.stance == profile_pb2.STANCE_NO
        ),
        wishes=frozenset((wish.key, wish.value) for wish in profile.memory.wishes),
        said=frozenset(
            row.belief_id
            for row in profile.self_model.beliefs
            if row.source == profile_pb2.BELIEF_SOURCE_EXPLICIT
            and not (row.proposed_by or row.HasField("valid_to"))
        ),
        counted=frozenset((kind, name) for kind, name, by_model in rows if not by_model),
        understood=frozenset((kind, name) for kind, name, by_model in rows if by_model),
        lines=tuple(profile.foreword.text.splitlines()[1 : 1 + _LINES_KEPT]),
        has_text=bool(profile.foreword.text),
    )


def lost(before: profile_pb2.Profile, after: profile_pb2.Profile) -> list[str]:
    """Return what a revision knows less than the one before, a sentence each; none is lost by a good one.

    Counts, noes and wishes are never lost. While no new event was counted, nothing is lost but what a model closed,
    which is at most half of what models proposed where there were four or more. With new events, what they end may go;
    a user who had a text still has one, unless they said no to all that it said.
    """
    old, new = knowledge_of(before), knowledge_of(after)
    faults = []
    if new.event_count < old.event_count:
        faults.append(f"events counted: {old.event_count} before, {new.event_count} after")
    if old.noes - new.noes and not _said_yes(after, old.noes - new.noes):
        faults.append(f"noes: {sorted(old.noes - new.noes)} gone")
    if {key for key, _ in old.wishes} - {key for key, _ in new.wishes}:
        faults.append(f"wishes: {sorted(old.wishes - new.wishes)} gone")
    if old.said - _belief_ids(after):
        faults.append(f"what the user said: {sorted(old.said - _belief_ids(after))} gone")
    if old.has_text and not new.has_text and old.noes == new.noes:
        faults.append("text: gone")
    if new.event_count == old.event_count:
        faults += _lost_without_news(old, new)
    return faults


def _lost_without_news(old: Knowledge, new: Knowledge) -> Iterator[str]:
    if old.counted - new.counted:
        yield f"counted: {sorted(old.counted - new.counted)} gone without a new event"
    # A belief revised has another id.
    if len(new.understood) < len(old.understood) / 2 and len(old.understood) > 1:
        yield f"understood: {len(old.understood)} before, {len(new.understood)} after, without a new event"
    for line in old.lines[:1]:
        if line not in new.lines:
            yield f"text: {line!r} gone without a new event"


def _rows(model: profile_pb2.SelfModel) -> Iterator[tuple[str, str, bool]]:
    for belief in model.beliefs:
        if not belief.HasField("valid_to"):
            name = belief.belief_id if belief.proposed_by else topic_key(belief.subject)
            yield "belief", name, bool(belief.proposed_by)
    for goal in model.goals:
        if not goal.HasField("valid_to"):
            yield "goal", goal.goal_id, bool(goal.proposed_by)
    for area in model.expertise:
        yield "expertise", topic_key(area.area), bool(area.proposed_by)
    for preference in model.preferences:
        yield "preference", preference.key, bool(preference.proposed_by)


def _belief_ids(profile: profile_pb2.Profile) -> frozenset[str]:
    """Return the beliefs of a profile, ended ones too: what ended is not lost."""
    return frozenset(row.belief_id for row in profile.self_model.beliefs)


def _said_yes(profile: profile_pb2.Profile, topics: frozenset[str]) -> bool:
    said = {topic_key(row.value) for row in profile.memory.topics if row.stance == profile_pb2.STANCE_YES}
    return topics <= said
