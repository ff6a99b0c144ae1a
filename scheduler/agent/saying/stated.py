"""What the user said outright: what they want, what not, and that they corrected an answer."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword import corrections
from foreword.v1 import profile_pb2
from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join, labels
from scheduler.agent.saying.areas import names_of
from scheduler.agent.saying.saying import Saying

_SKIP_TOPICS = 5
_TURNED_FROM_TOPICS = 3
_CORRECTIONS = 5


def stated(findings: Findings, _: profile_pb2.SelfModel, _claimed: Set[str]) -> Iterator[Saying]:
    """Say in one line what the user wants and what not, and that they corrected an answer."""
    sentences = [*_wishes(findings), *_aversions(findings)]
    if sentences:
        yield Saying("stated", " ".join(sentences))
    yield from _corrections(findings)


def _wishes(findings: Findings) -> Iterator[str]:
    wanted = corrections.said(findings.wishes)
    if wanted:
        yield f"Wants {join(wanted)}."


def _aversions(findings: Findings) -> Iterator[str]:
    turned_from = [
        item
        for item in findings.low
        if not item.liking and not item.is_refused and _is_mostly_against(findings, item)
    ]
    refused = [item for item in findings.low if item.is_refused]
    names = names_of(findings, [*refused, *turned_from[:_TURNED_FROM_TOPICS]], _SKIP_TOPICS)
    if names:
        yield f"Skip {join(names)}."


def _is_mostly_against(findings: Findings, item: Affinity) -> bool:
    """Return whether half of a topic's events or more speak against it, faded or not."""
    count = findings.memory.topics[item.key]
    return 2 * count.against_events >= count.events


def _corrections(findings: Findings) -> Iterator[Saying]:
    """Say what was corrected where no rule can say how; never in the user's own words."""
    corrected = findings.corrections[:_CORRECTIONS]
    if not corrected:
        return
    refused = {item.key for item in findings.low if item.is_refused}
    topics = [name for item in corrected for key, name in item.topics.items() if key not in refused]
    names = labels(findings.names, topics, 2) or labels(
        findings.names, [item.event.item_id for item in corrected if not item.topics], 1
    )
    answers = "answers" if len(corrected) > 1 else "an answer"
    yield Saying("answer", f"Has corrected {answers}{f' about {join(names)}' if names else ''}.")
