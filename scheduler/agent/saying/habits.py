"""What the user's activity uses and runs into, by its attributes."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join
from scheduler.agent.saying.areas import values_of, words_of
from scheduler.agent.saying.saying import Saying

_VALUES = 3


def habits(findings: Findings, _: profile_pb2.SelfModel, claimed: Set[str]) -> Iterator[Saying]:
    """Say the commonest values of what the vocabulary has a sentence for, unless they were said as topics."""
    for field, pattern in words_of(findings).habits.items():
        values = values_of(findings, field, _VALUES)
        if values and topic_key(findings.values(field)[0].value) not in claimed:
            yield Saying("habit", pattern.format(join(values)))
