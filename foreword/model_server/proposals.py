"""What a careful model would propose of a user, found by rule."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeAlias

from foreword.model_server.phrases import recurring_phrases
from foreword.model_server.refresh_prompt import Line, RefreshPrompt

Operation: TypeAlias = dict[str, Any]

OPERATIONS_MAX = 20
# Of one kind in an answer: a profile has room for few, and the next refresh brings more.
_GOALS_MAX, _BELIEFS_MAX, _AREAS_MAX, _PREFERENCES_MAX = 2, 3, 3, 2
# Cited for one operation: the newest say it best, and a prompt may hold hundreds.
_EVENTS_MAX = 8
# What is inferred from acts rests on two of them; one may be a whim.
_EVENTS_MIN = 2
# A goal is what someone is at now: of so many newest events.
_RECENT_EVENTS = 40
_EXPERT_EVENTS = 25
_LEVEL_STEP = 0.1
_AGAINST = {"dislike", "dismiss", "mute", "block", "hide"}
_AGAINST_FEEDBACK = {"dislike", "reject"}
# Only what is said tells a preference; a commit that says "use pytest" is no wish of how to be answered.
_SAID = {"statement", "message", "preference", "correction", "agent.request"}
_PREFERENCE = re.compile(
    r"(?i)\b(?:i (?:prefer|want|like|need)|prefers?|please (?:use|keep|give|write))\s+([a-z][^.!?;\n]{2,60})"
)


def propose(prompt: RefreshPrompt) -> list[Operation]:
    """Return operations that the prompt supports; the same for the same prompt, and none when nothing is new."""
    if not any(map(_is_new, prompt.events)):
        return []
    found = [
        *_goals(prompt),
        *_beliefs(prompt),
        *_expertise(prompt),
        *_preferences(prompt),
    ]
    return found[:OPERATIONS_MAX]


def _goals(prompt: RefreshPrompt) -> Iterator[Operation]:
    held = " ".join(str(goal.get("statement", "")) for goal in prompt.goals).lower()
    new = set(_ids_of_new(prompt.events))
    fresh = (
        (phrase, ids)
        for phrase, ids in recurring_phrases(prompt.events[-_RECENT_EVENTS:])
        if phrase.lower() not in held and new.intersection(ids)
    )
    for _, (phrase, ids) in zip(range(max(0, _GOALS_MAX - len(prompt.goals))), fresh, strict=False):
        yield {"op": "add_goal", "statement": f"Work on {phrase}", "events": list(ids[-_EVENTS_MAX:])}


def _beliefs(prompt: RefreshPrompt) -> Iterator[Operation]:
    held = {str(belief.get("subject", "")): belief for belief in prompt.beliefs}
    trends = {str(row["topic"]): row for row in prompt.aggregates if "topic" in row}
    for subject, belief in held.items():
        events = [event for event in _about(prompt.events, subject) if _is_new(event)]
        against = [event for event in events if _is_against(event)]
        row = trends.get(subject, {})
        if row.get("stance") == "no" and against:
            yield {"op": "close_belief", "id": belief.get("id"), "events": _ids(against)}
        elif row.get("trend") == "rising" and len(events) > len(against):
            yield {
                "op": "reinforce_belief",
                "id": belief.get("id"),
                "events": _ids([event for event in events if event not in against]),
            }
    yield from _new_beliefs(prompt, [topic for topic in trends if topic not in held])


def _new_beliefs(prompt: RefreshPrompt, topics: list[str]) -> Iterator[Operation]:
    """Yield what is done within a topic, in the words of its events, each thing once: counts alone cannot say it."""
    said: set[str] = set()
    for topic in topics:
        events = _about(prompt.events, topic)
        new = set(_ids_of_new(events))
        fresh = (
            (phrase, ids)
            for phrase, ids in recurring_phrases(events)
            if phrase not in said and new.intersection(ids)
        )
        phrase, ids = next(fresh, ("", ()))
        if phrase and len(said) < _BELIEFS_MAX:
            said.add(phrase)
            yield {
                "op": "add_belief",
                "subject": topic,
                "statement": f'Works on {phrase} in "{topic}".',
                "events": list(ids[-_EVENTS_MAX:]),
            }


def _expertise(prompt: RefreshPrompt) -> Iterator[Operation]:
    levels = {str(row.get("area")): float(row.get("level", 0)) for row in prompt.expertise}
    counts = Counter(
        {str(row["topic"]): int(row.get("events", 0)) for row in prompt.aggregates if "topic" in row}
    )
    for topic, count in counts.most_common(_AREAS_MAX):
        events = _about(prompt.events, topic)
        level = round(count / (count + _EXPERT_EVENTS), 2)
        if len(events) >= _EVENTS_MIN and level - levels.get(topic, 0.0) >= _LEVEL_STEP:
            yield {"op": "set_expertise", "area": topic, "level": level, "events": _ids(events)}


def _preferences(prompt: RefreshPrompt) -> Iterator[Operation]:
    held = {str(row.get("value", "")).lower() for row in prompt.preferences}
    count = 0
    for event in reversed(
        [event for event in prompt.events if event.get("type") in _SAID and _is_new(event)]
    ):
        said = _PREFERENCE.search(str(event.get("text", "")))
        value = said[1].strip() if said else ""
        if value and value.lower() not in held and count < _PREFERENCES_MAX:
            held.add(value.lower())
            count += 1
            yield {
                "op": "set_preference",
                "key": value.split()[-1].lower(),
                "value": value,
                "events": [event["id"]],
            }


def _about(events: list[Line], topic: str) -> list[Line]:
    return [event for event in events if topic in event.get("topics", ())]


def _is_new(event: Line) -> bool:
    return not event.get("seen")


def _is_against(event: Line) -> bool:
    return event.get("type") in _AGAINST or event.get("feedback") in _AGAINST_FEEDBACK


def _ids_of_new(events: list[Line]) -> Iterator[str]:
    return (str(event.get("id")) for event in events if _is_new(event))


def _ids(events: list[Line]) -> list[str]:
    return [str(event.get("id")) for event in events[-_EVENTS_MAX:]]
