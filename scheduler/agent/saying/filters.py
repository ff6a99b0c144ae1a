"""What nearly all of the user's events have in common."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.v1 import profile_pb2
from scheduler.agent.findings import AttributeShare, Findings
from scheduler.agent.kind import DOMAIN_FIELD
from scheduler.agent.saying.areas import words_of
from scheduler.agent.saying.saying import Saying

_SHARE_MIN = 0.9
_EVENTS_MIN = 5
# Said by other tellers: the domain as the medium or the kind, the depth as what is preferred.
_SAID_FIELDS = frozenset({DOMAIN_FIELD, "depth"})


def filters(findings: Findings, _: profile_pb2.SelfModel, _claimed: Set[str]) -> Iterator[Saying]:
    """Say the strongest value that nearly all events share, both faded and in plain counts."""
    words = words_of(findings)
    said = _SAID_FIELDS | words.habits.keys() | {words.within, *words.apart}
    for entry in findings.attributes:
        if entry.field in said or not _is_shared(findings, entry):
            continue
        shared, value = findings.words.attributes.get(entry.field), findings.names.shown(entry.value)
        field = findings.names.shown(entry.field.replace("_", " ")) if shared is None else ""
        if field is not None and value is not None:
            always = shared.format(value) if shared else f"{field}: {value}"
            yield Saying("habit", f"Nearly always {always}.")
            return


def _is_shared(findings: Findings, entry: AttributeShare) -> bool:
    is_counted = entry.evidence_count >= max(_EVENTS_MIN, _SHARE_MIN * findings.memory.events)
    return entry.share >= _SHARE_MIN and is_counted
