"""What code proposes by itself: beliefs and expertise, read straight off the counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from foreword.corrections import Wish, wishes_in
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.affinity import Affinity
from scheduler.agent.apply import level_of
from scheduler.agent.evidence import Evidence
from scheduler.agent.findings import Findings
from scheduler.agent.goals import goals
from scheduler.agent.observed import is_statement, usefulness
from scheduler.agent.operations import (
    AddBelief,
    CloseBelief,
    ContradictBelief,
    Operation,
    ReinforceBelief,
    SetExpertise,
    SetPreference,
    SetPresentation,
)

# A belief begins at a tenth of the activity and ends at a twenty-fifth; the gap keeps it from flickering.
_BELIEF_SCORE_MIN = 0.10
_BELIEF_SCORE_END = 0.04
_BELIEF_EVENTS_MIN = 3
_BELIEFS_MAX = 8
# As many again stay while they last, so that those at the edge do not come and go.
_DRAWN_HELD_MAX = 16
# More would only repeat the same kind of evidence; the profile keeps the newest few and the count.
_CITED_MAX = 50
_EXPERTISE_EVENTS_MIN = 5
_EXPERTISE_MAX = 6
# Smaller moves are not worth a change of the profile.
_EXPERTISE_STEP = 0.05
_EMPHASIS_MAX = 5
_SHORT_PERCENTILE_MAX = 25
_LONG_PERCENTILE_MIN = 75

_DEPTH_OF_WISH = {"less": profile_pb2.DEPTH_OVERVIEW, "more": profile_pb2.DEPTH_DEEP}
_LENGTH_OF_WISH = {"short": profile_pb2.LENGTH_SHORT, "long": profile_pb2.LENGTH_LONG}

_AVERSE_STATEMENT = "Turns away from {}."
_REFUSED_STATEMENT = "Does not want {}."
_AGAINST_BEGINNINGS = tuple(pattern.partition("{")[0] for pattern in (_AVERSE_STATEMENT, _REFUSED_STATEMENT))


EXTRACTIVE = "extractive"
"""What stands in `provenance.generator` of a revision in which no model had a part."""
EXTRACTIVE_VERSION = "extractive-3"
"""The version of the rules here and of how texts are written."""


def propose(findings: Findings, previous: profile_pb2.Profile | None) -> Iterator[Operation]:
    """Yield operations that bring the previous self-model up to the findings; deterministic, at no cost.

    They touch nothing that a model proposed: beliefs of both stand side by side, and what is counted of areas and keys
    goes before what a model says of them.
    """
    yield from _beliefs(findings, previous)
    yield from _expertise(findings, previous)
    yield from _preferences(findings, previous)
    yield from _presentation(findings, previous)
    yield from goals(findings, previous)


def _beliefs(findings: Findings, previous: profile_pb2.Profile | None) -> Iterator[Operation]:
    held = [
        belief
        for belief in (previous.self_model.beliefs if previous is not None else ())
        if not belief.HasField("valid_to") and not belief.proposed_by
    ]
    current = {topic_key(belief.subject): belief for belief in held}
    ended = list(_endings(findings, held, current))
    yield from ended
    yield from _contradictions(findings, held)
    strong = [
        affinity
        for affinity in findings.high
        if affinity.score >= _BELIEF_SCORE_MIN and affinity.evidence_count >= _BELIEF_EVENTS_MIN
    ]
    ended_ids = {operation.belief_id for operation in ended}
    drawn = {
        topic: belief
        for topic, belief in current.items()
        if belief.belief_id not in ended_ids and not belief.statement.startswith(_AGAINST_BEGINNINGS)
    }
    yield from _room(findings, drawn, [affinity.key for affinity in strong[:_BELIEFS_MAX]])
    for affinity in strong[:_BELIEFS_MAX]:
        yield from _belief(findings, current, affinity, findings.kind.often, against=False)
    for affinity in findings.low[:_BELIEFS_MAX]:
        pattern = _REFUSED_STATEMENT if affinity.is_refused else _AVERSE_STATEMENT
        yield from _belief(findings, current, affinity, pattern, against=True)


def _room(
    findings: Findings, drawn: Mapping[str, profile_pb2.Belief], strong: Sequence[str]
) -> Iterator[CloseBelief]:
    """Close the least useful of what draws the user where there is no room for it beside what now draws them most.

    Whoever does a little of everything would else gather a belief for each topic that was ever among the first. Only
    with news: nothing that is known goes by time passing.
    """
    others = sorted((belief for topic, belief in drawn.items() if topic not in strong), key=usefulness)
    excess = len(others) + len(strong) - _DRAWN_HELD_MAX
    news = _newest([findings.known[event_id] for event_id in findings.news])
    for belief in others[: max(0, excess)] if news else ():
        if belief.source != profile_pb2.BELIEF_SOURCE_EXPLICIT:
            yield CloseBelief(belief.belief_id, news[-1:])


def _endings(
    findings: Findings, held: Sequence[profile_pb2.Belief], current: dict[str, profile_pb2.Belief]
) -> Iterator[CloseBelief]:
    """Close beliefs in topics the activity has left or turned around on, and all but one about the same topic.

    The newest events show that the activity goes on elsewhere; what the user said ends with what they say otherwise.
    """
    drawn = {affinity.key: affinity.score for affinity in findings.high}
    averse = {affinity.key for affinity in findings.low}
    newest = _newest(list(findings.known.values()))
    for belief in held:
        topic = topic_key(belief.subject)
        left = topic not in averse and drawn.get(topic, 0.0) < _BELIEF_SCORE_END
        turned = belief.statement.startswith(_AGAINST_BEGINNINGS) != (topic in averse)
        ends = _newest(_decisions(findings, topic)) or newest
        if ends and (left or turned or current[topic] is not belief):
            yield CloseBelief(belief.belief_id, ends[-1:])


def _decisions(findings: Findings, topic: str) -> list[Evidence]:
    return [item for item in findings.known.values() if item.decides and topic in item.topics]


def _contradictions(findings: Findings, held: Sequence[profile_pb2.Belief]) -> Iterator[Operation]:
    """Add the news that speaks against what is held; whether that ends it, the counts decide.

    A low rating is weighed against the user's others, and speaks for nothing by itself.
    """
    news = [findings.known[event_id] for event_id in findings.news]
    for belief in held:
        topic = topic_key(belief.subject)
        is_against = belief.statement.startswith(_AGAINST_BEGINNINGS)
        opposed = [
            item
            for item in news
            if topic in item.topics and item.against != is_against and item.rating is None
        ]
        if opposed:
            yield ContradictBelief(belief.belief_id, _newest(opposed))


def _belief(
    findings: Findings,
    current: dict[str, profile_pb2.Belief],
    affinity: Affinity,
    pattern: str,
    *,
    against: bool,
) -> Iterator[Operation]:
    name = findings.names.shown(affinity.topic)
    if name is None:
        return
    statement = pattern.format(name)
    events = findings.window.events.get(affinity.key, ())
    belief = current.get(affinity.key)
    # A low rating speaks against a topic without being an act against it.
    cited = [item for item in events if item.against == against or item.rating is not None]
    # Another spelling is no other belief.
    if belief is not None and topic_key(belief.statement) == topic_key(statement):
        fresh = [item for item in cited if item.event.event_id in findings.news]
        if fresh:
            yield ReinforceBelief(belief.belief_id, _newest(fresh))
        return
    # What the user said needs no second source.
    if len(cited) > 1 or any(is_statement(item) for item in cited):
        yield AddBelief(affinity.topic, statement, _newest(cited))


def _expertise(findings: Findings, previous: profile_pb2.Profile | None) -> Iterator[Operation]:
    """Propose how well somebody knows what they do most of; reading, rating and buying show no skill."""
    if not findings.kind.shows_skill:
        return
    levels = {
        topic_key(entry.area): entry.level
        for entry in (previous.self_model.expertise if previous is not None else ())
        if not entry.proposed_by
    }
    ranked = sorted(findings.high, key=lambda affinity: (-affinity.evidence_count, affinity.key))
    for affinity in ranked[:_EXPERTISE_MAX]:
        level = round(level_of(affinity.evidence_count), 2)
        events = findings.window.events.get(affinity.key)
        nameless = findings.names.name(affinity.topic) is None
        if affinity.evidence_count < _EXPERTISE_EVENTS_MIN or not events or nameless:
            continue
        if abs(level - levels.get(affinity.key, 0.0)) >= _EXPERTISE_STEP:
            yield SetExpertise(affinity.topic, level, _newest(events))


def _preferences(findings: Findings, previous: profile_pb2.Profile | None) -> Iterator[Operation]:
    held = {
        entry.key: topic_key(entry.value)
        for entry in (previous.self_model.preferences if previous is not None else ())
        if not entry.proposed_by
    }
    yield from _wishes(findings, held)
    language = next((item for item in findings.high if findings.words.is_a(item.key, ("language",))), None)
    if language is None or language.evidence_count < _EXPERTISE_EVENTS_MIN:
        return
    events = findings.window.events.get(language.key, ())
    if held.get("example_language") != language.key and len(events) > 1:
        yield SetPreference("example_language", language.topic, _newest(events))


def _wishes(findings: Findings, held: Mapping[str, str]) -> Iterator[Operation]:
    """Propose what corrections asked for."""
    corrections = [item for item in findings.known.values() if item.corrects]
    for key, value in findings.wishes.items():
        cited = [item for item in corrections if Wish(key, value) in wishes_in(item.event.text)]
        if cited and held.get(key) != topic_key(value):
            yield SetPreference(key, value, _newest(cited))


def _presentation(findings: Findings, previous: profile_pb2.Profile | None) -> Iterator[Operation]:
    held = None if previous is None else previous.presentation
    presentation = presented(findings)
    if held is not None and held.proposed_by:
        # What code only assumes does not replace what a model has read.
        presentation = with_known(held, findings)
    newest = _newest(list(findings.known.values()))
    if newest and (held is None or not _is_same(held, presentation)):
        yield SetPresentation(presentation, newest[-1:])


def presented(findings: Findings) -> profile_pb2.Presentation:
    """Return how code presents answers to the user: as they said, as they read, or as is usual."""
    kind, wishes = findings.kind, findings.wishes
    first = [wishes["first"]] if "first" in wishes else []
    return profile_pb2.Presentation(
        depth=_DEPTH_OF_WISH.get(wishes.get("detail", ""), findings.depth or profile_pb2.DEPTH_STANDARD),
        tone=wishes.get("tone", kind.tone or "neutral"),
        example_domains=[
            name.text for name in findings.names.named((affinity.topic for affinity in findings.high), 3)
        ],
        emphasis=list(dict.fromkeys([*first, *([kind.emphasis] if kind.emphasis else [])])),
        length=_LENGTH_OF_WISH.get(wishes.get("answer_length", ""), _length(findings.length_percentile)),
    )


def with_known(presentation: profile_pb2.Presentation, findings: Findings) -> profile_pb2.Presentation:
    """Return a presentation with what the user said or what is counted in the place of what it says."""
    known, wishes = presented(findings), findings.wishes
    merged = profile_pb2.Presentation()
    merged.CopyFrom(presentation)
    if "detail" in wishes or findings.depth:
        merged.depth = known.depth
    if "tone" in wishes:
        merged.tone = known.tone
    if "answer_length" in wishes or findings.length_percentile is not None:
        merged.length = known.length
    if "first" in wishes and wishes["first"] not in merged.emphasis:
        rest = list(merged.emphasis)
        del merged.emphasis[:]
        merged.emphasis.extend([wishes["first"], *rest][:_EMPHASIS_MAX])
    return merged


def _is_same(held: profile_pb2.Presentation, other: profile_pb2.Presentation) -> bool:
    copy = profile_pb2.Presentation()
    copy.CopyFrom(other)
    copy.proposed_by = held.proposed_by
    return copy == held


def _length(percentile: int | None) -> profile_pb2.Length:
    if percentile is None:
        return profile_pb2.LENGTH_MEDIUM
    if percentile <= _SHORT_PERCENTILE_MAX:
        return profile_pb2.LENGTH_SHORT
    return profile_pb2.LENGTH_LONG if percentile >= _LONG_PERCENTILE_MIN else profile_pb2.LENGTH_MEDIUM


def _newest(events: Sequence[Evidence]) -> tuple[str, ...]:
    """Return the ids of the newest events, oldest of them first."""
    ordered = sorted(events, key=lambda item: (item.time_ms, item.event.event_id))
    return tuple(item.event.event_id for item in ordered[-_CITED_MAX:])
