"""What is new to the user."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.clock import DAY_MS
from foreword.v1 import profile_pb2
from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join
from scheduler.agent.saying.areas import keys, named, names_of
from scheduler.agent.saying.saying import Saying

_TOPICS = 2
# Whoever met something more often is no beginner in it.
_EVENTS_MAX = 8
# New is what comes late in a long acquaintance: of a user known for a week, all is.
_KNOWN_DAYS_MIN = 60
_KNOWN_EVENTS_MIN = 30


def knowing(findings: Findings, _: profile_pb2.SelfModel, claimed: Set[str]) -> Iterator[Saying]:
    """Say what somebody who works or reads has met for the first time within the window, and only a few times."""
    memory = findings.memory
    known_ms = memory.as_of_ms - memory.recent.first_seen_ms
    if not findings.kind.says_new or memory.events < _KNOWN_EVENTS_MIN or known_ms < _KNOWN_DAYS_MIN * DAY_MS:
        return
    new = [item for item in named(findings) if item.key not in claimed and _is_new(findings, item)][:_TOPICS]
    names = names_of(findings, new, _TOPICS)
    if names:
        yield Saying("knows", f"New to {join(names)}.", keys(new))


def _is_new(findings: Findings, item: Affinity) -> bool:
    return item.evidence_count <= _EVENTS_MAX and item.evidence_count == len(
        findings.window.events.get(item.key, ())
    )
