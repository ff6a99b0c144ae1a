"""What else the user is active in."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join
from scheduler.agent.saying.areas import has_lapsed, keys, leading, named, names_of, within_keys, words_of
from scheduler.agent.saying.saying import Saying

_TOPICS = 4


def rest(findings: Findings, _: profile_pb2.SelfModel, claimed: Set[str]) -> Iterator[Saying]:
    """Name what nothing was said of."""
    if not leading(findings):
        return
    left_out = claimed | within_keys(findings)
    others = [item for item in named(findings) if item.key not in left_out and not has_lapsed(findings, item)]
    names = names_of(findings, others, _TOPICS)
    if names:
        joined = words_of(findings).joined.lstrip(":").lstrip()
        yield Saying("rest", f"Also {joined}{join(names)}.", keys(others[:_TOPICS]))
