"""What the user rates high and low."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join
from scheduler.agent.saying.areas import keys, names_of
from scheduler.agent.saying.saying import Saying

# Liking is called so from these many standard deviations on, over so many events.
_LIKING_MIN = 0.15
_LIKING_EVENTS_MIN = 5


def ratings(findings: Findings, _: profile_pb2.SelfModel, _claimed: Set[str]) -> Iterator[Saying]:
    """Say what the user rates above their own average and below."""
    rated = [
        item
        for item in (*findings.high, *findings.low)
        if item.evidence_count >= _LIKING_EVENTS_MIN and item.liking and not item.is_refused
    ]
    liked = sorted(
        (item for item in rated if item.liking >= _LIKING_MIN), key=lambda item: (-item.liking, item.key)
    )
    disliked = sorted(
        (item for item in rated if item.liking <= -_LIKING_MIN), key=lambda item: (item.liking, item.key)
    )
    above, below = names_of(findings, liked, 3), names_of(findings, disliked, 2)
    topics = keys([*liked[:3], *disliked[:2]])
    if above and below:
        yield Saying("rating", f"Rates {join(above)} above average, {join(below)} below.", topics)
    elif above:
        yield Saying("rating", f"Rates {join(above)} above average.", topics)
    elif below:
        yield Saying("rating", f"Rates {join(below)} below average.", topics)
