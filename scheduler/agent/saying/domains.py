"""The field that the user's activity belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.kind import DOMAIN_FIELD, medium_named
from scheduler.agent.labels import join
from scheduler.agent.saying.areas import values_of
from scheduler.agent.saying.saying import Saying


def domains(findings: Findings, _: profile_pb2.SelfModel, _claimed: Set[str]) -> Iterator[Saying]:
    """Say what field the events name."""
    names = values_of(findings, DOMAIN_FIELD, 2)
    # The medium is said first of all.
    if names and (findings.medium is None or medium_named(names[0]) is not findings.medium):
        yield Saying("rest", f"Domain: {join(names)}.")
