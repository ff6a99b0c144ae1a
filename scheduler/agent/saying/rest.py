"""What else the user is active in."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.kind import Kind
from scheduler.agent.labels import join
from scheduler.agent.saying.areas import JOINTS, areas, keys, leading, names_of, repository_keys
from scheduler.agent.saying.saying import Saying

_TOPICS = 4


def rest(findings: Findings, _: profile_pb2.SelfModel, claimed: Set[str]) -> Iterator[Saying]:
    """Name the areas that nothing was said of."""
    if not leading(findings):
        return
    left_out = claimed | repository_keys(findings)
    others = [item for item in areas(findings) if item.key not in left_out]
    names = names_of(findings, others, _TOPICS)
    if names:
        # "Also" stands before the files that a developer edits.
        often = "Sometimes" if findings.kind is Kind.CODE else "Also"
        yield Saying("rest", f"{often} {JOINTS[findings.kind]}{join(names)}.", keys(others[:_TOPICS]))
