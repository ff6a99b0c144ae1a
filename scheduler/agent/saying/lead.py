"""What the user does, as of when, and how often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from foreword.clock import month_text
from foreword.v1 import profile_pb2
from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join, labels
from scheduler.agent.saying.areas import keys, leading, words_of
from scheduler.agent.saying.counts import events_name, of_all, of_newest
from scheduler.agent.saying.ratings import rated
from scheduler.agent.saying.saying import Saying

_WITHIN_SHARE_MIN = 0.2
_WITHIN = 2


def lead(findings: Findings, _: profile_pb2.SelfModel, _claimed: Set[str]) -> Iterator[Saying]:
    """Say what the user does and in what, as of their last activity; nothing of somebody of whom no more is known."""
    if findings.is_cold:
        return
    topics, within = leading(findings), _within(findings)
    act = _act(findings, within)
    if topics:
        said = f"{act}{words_of(findings).joined}{join(list(_noted(findings, topics, within)))}"
    elif within or findings.medium is not None:
        said = f"{act} ({findings.memory.events} {events_name(findings)})"
    else:
        return
    yield Saying("lead", f"As of {month_text(findings.memory.as_of_ms)}, {said}.", keys(topics))


def _act(findings: Findings, within: Sequence[str]) -> str:
    act = words_of(findings).act
    if findings.medium is not None and findings.kind.by_medium:
        act = findings.medium.act
    return f"{act} on {join(within)}" if within else act


def _within(findings: Findings) -> list[str]:
    field = words_of(findings).within
    values = [entry.value for entry in findings.values(field) if entry.share >= _WITHIN_SHARE_MIN]
    return labels(findings.names, values, _WITHIN)


def _noted(findings: Findings, topics: Sequence[Affinity], within: Sequence[str]) -> Iterator[str]:
    """Yield the names of topics: the first with how often it comes, each with what is striking of late."""
    for place, topic in enumerate(topics):
        name = findings.names.shown(topic.topic)
        named = findings.kind.namesake.format(name) if name in within else f"{name}"
        often = of_newest(findings, topic) or (None if place else of_all(findings, topic))
        notes = [note for note in (often, rated(findings, topic)) if note is not None]
        yield f"{named} ({', '.join(notes)})" if notes else named
