"""One event, as a model reads it."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from foreword.clock import format_time_ms
from foreword.v1 import event_pb2
from scheduler.agent.evidence import GENERATOR_KEY, Evidence
from scheduler.agent.findings import Findings
from scheduler.agent.observed import is_statement
from scheduler.agent.prompt.words import Words

# Nine in ten messages of 20,000 commits have at most 72 characters, of 1,053 requests to an assistant 209, and of
# 5,882 turns of conversations 219.
TEXT_CHARACTERS_MAX = 300
# What the user said is worth reading to the end.
STATEMENT_CHARACTERS_MAX = 900
_TOPICS_MAX = 8
_ATTRIBUTES_MAX = 6
_COMMON_SHARE_MIN = 0.9
_FEEDBACK = {
    event_pb2.FEEDBACK_LIKE: "like",
    event_pb2.FEEDBACK_DISLIKE: "dislike",
    event_pb2.FEEDBACK_ACCEPT: "accept",
    event_pb2.FEEDBACK_REJECT: "reject",
    event_pb2.FEEDBACK_CORRECTION: "correction",
}


def event_row(
    item: Evidence, name: str, words: Words, common: Set[tuple[str, str]], *, is_seen: bool
) -> dict[str, Any]:
    """Return an event as the fields of a line; those without a value are left out.

    Args:
        item: The event.
        name: What the model calls it: e1, e2, …
        words: What of it may be read.
        common: Attributes that nearly all of the user's events have, by `common_attributes`.
        is_seen: The model has read it before.
    """
    event = item.event
    characters_max = STATEMENT_CHARACTERS_MAX if is_statement(item) else TEXT_CHARACTERS_MAX
    row: dict[str, Any] = {
        "id": name,
        "day": format_time_ms(item.time_ms)[:10],
        "type": words.name(event.type),
    }
    found = {
        "topics": _known(words.name(topic) for topic in event.topics[:_TOPICS_MAX]),
        "item": words.name(event.item_id),
        "text": words.text(event.text, characters_max),
        # Pairs: a name that somebody chose is never a key of ours.
        "attributes": _attributes(event, words, common),
        "feedback": _FEEDBACK.get(event.feedback),
    }
    row |= {field: value for field, value in found.items() if value}
    if event.HasField("value"):
        row["value"] = event.value
    return {**row, "seen": True} if is_seen else row


def common_attributes(findings: Findings) -> frozenset[tuple[str, str]]:
    """Return the attributes that are said once, in the aggregates, instead of with every event."""
    return frozenset(
        (entry.field, entry.value) for entry in findings.attributes if entry.share >= _COMMON_SHARE_MIN
    )


def _attributes(event: event_pb2.Event, words: Words, common: Set[tuple[str, str]]) -> list[list[str]]:
    kept = sorted(pair for pair in event.attributes.items() if _tells(*pair) and pair not in common)
    pairs = ([words.name(key), words.value(key, value)] for key, value in kept[:_ATTRIBUTES_MAX])
    return [pair for pair in pairs if all(pair)]


def _tells(key: str, value: str) -> bool:
    """Return whether an attribute says something in words; counts of lines and files say nothing of the user."""
    return key != GENERATOR_KEY and not value.replace(".", "", 1).isdigit()


def _known(names: Iterable[str]) -> list[str]:
    return [name for name in names if name]
