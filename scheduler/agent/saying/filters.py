"""What nearly all of the user's events have in common."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.kind import DOMAIN_FIELD, Kind
from scheduler.agent.saying.saying import Saying

_SHARE_MIN = 0.9
_EVENTS_MIN = 5
# Attributes that have sentences of their own, always or for one kind of user.
_SAID_FIELDS = frozenset({DOMAIN_FIELD, "depth"})
_SAID_FIELDS_BY_KIND = {
    Kind.CODE: frozenset({"repo", "language"}),
    Kind.AGENT: frozenset({"tool", "error_type"}),
}
# How a value that nearly all events share is said; other attributes are named.
_SHARED_VALUES = {"language": "in {}", "repo": "in the repository {}", "tool": "with {}"}


def filters(findings: Findings, _: profile_pb2.SelfModel, _claimed: Set[str]) -> Iterator[Saying]:
    """Say the strongest value that nearly all events share."""
    said = _SAID_FIELDS | _SAID_FIELDS_BY_KIND.get(findings.kind, frozenset())
    for entry in findings.attributes:
        if entry.share < _SHARE_MIN or entry.evidence_count < _EVENTS_MIN or entry.field in said:
            continue
        shared, value = _SHARED_VALUES.get(entry.field), findings.names.shown(entry.value)
        field = findings.names.shown(entry.field.replace("_", " ")) if shared is None else ""
        if field is not None and value is not None:
            always = shared.format(value) if shared else f"{field}: {value}"
            yield Saying("habit", f"Nearly always {always}.")
            return
