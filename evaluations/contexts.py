"""What may stand in front of a prompt about a user: the product's text, and what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evaluations.named import as_named
from foreword.budget import cut
from foreword.clock import DAY_MS
from foreword.naming import Names
from foreword.tokens import count_tokens
from foreword.v1 import profile_pb2
from scheduler.agent.evidence import Evidence

FOREWORD = "foreword"
OF_ANOTHER = "another_foreword"
TOP_TOPICS = "top_topics"
HALF_LIFE = "half_life_30d"
LAST_EVENTS = "last_10_events"
RECENT_FILES = "recent_files"
NOTHING = "nothing"
_EVENTS = 10
_HALF_LIFE_DAYS = 30


def within(foreword: profile_pb2.Foreword, tokens: int) -> str:
    """Return as much of a text as a budget holds, cut as it is when it is served."""
    served = profile_pb2.Foreword()
    served.CopyFrom(foreword)
    cut(served, tokens)
    return served.text


def top_topics(before: Sequence[Evidence]) -> list[str]:
    """Return all topics of a user's events, the commonest first, as a text names them."""
    return _ranked(before, {id(item): 1.0 for item in before})


def half_life(before: Sequence[Evidence]) -> list[str]:
    """Return the topics by events that lose half their weight in 30 days."""
    now_ms = before[-1].time_ms
    return _ranked(
        before,
        {id(item): 2.0 ** ((item.time_ms - now_ms) / (_HALF_LIFE_DAYS * DAY_MS)) for item in before},
    )


def listed(names: Sequence[str], tokens: int) -> str:
    """Return as many names as a budget holds, as a bare list."""
    return _fitting([_quoted(name) for name in names], ", ", tokens)


def last_events(before: Sequence[Evidence], tokens: int) -> str:
    """Return the newest ten events as text, the newest first, a line each: type, item, topics."""
    lines = []
    for item in reversed(before[-_EVENTS:]):
        event = item.event
        what = [_quoted(as_named(word)) for word in (event.item_id, *event.topics) if word]
        lines.append(f"{event.type}: {', '.join(dict.fromkeys(what))}")
    return _fitting(lines, "\n", tokens)


def recent_files(before: Sequence[Evidence]) -> list[str]:
    """Return the items of a user's events, each once, the newest first."""
    return list(dict.fromkeys(item.event.item_id for item in reversed(before) if item.event.item_id))


def _ranked(before: Sequence[Evidence], weights: Mapping[int, float]) -> list[str]:
    sums: dict[str, float] = {}
    place: dict[str, int] = {}
    for number, item in enumerate(before):
        for topic in () if item.against else item.topics.values():
            name = as_named(topic)
            sums[name] = sums.get(name, 0.0) + weights[id(item)]
            place[name] = number
    return sorted(sums, key=lambda name: (-sums[name], -place[name], name))


def _quoted(name: str) -> str:
    known = Names().name(name)
    return name if known is not None and known.is_ours else f'"{name}"'


def _fitting(pieces: Sequence[str], joint: str, tokens: int) -> str:
    text = ""
    for longer in _beginnings(pieces, joint):
        if count_tokens(longer) > tokens:
            break
        text = longer
    return text


def _beginnings(pieces: Sequence[str], joint: str) -> Iterator[str]:
    for end in range(1, len(pieces) + 1):
        yield joint.join(pieces[:end])
