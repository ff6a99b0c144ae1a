"""Which sayings make a text, the most useful first."""

from __future__ import annotations

from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.saying.answering import answering
from scheduler.agent.saying.filters import filters
from scheduler.agent.saying.habits import habits
from scheduler.agent.saying.knowing import knowing
from scheduler.agent.saying.lead import lead
from scheduler.agent.saying.now import now
from scheduler.agent.saying.ratings import ratings
from scheduler.agent.saying.reading_habits import reading_habits
from scheduler.agent.saying.rest import rest
from scheduler.agent.saying.runs import runs
from scheduler.agent.saying.saying import Saying, Teller
from scheduler.agent.saying.skills import skills
from scheduler.agent.saying.standing import standing
from scheduler.agent.saying.stated import stated
from scheduler.agent.saying.turns import turns
from scheduler.agent.saying.understood import understood

_TELLERS: tuple[Teller, ...] = (
    lead,
    stated,
    answering,
    turns,
    now,
    knowing,
    skills,
    runs,
    habits,
    understood,
    ratings,
    standing,
    rest,
    reading_habits,
    filters,
)
"""In this order they claim topics: what is said of one here is not said of it again below."""
_KINDS = (
    "lead",
    # Before all that may be cut: what the user said counts more than what was seen.
    "stated",
    # What the user goes on with is foretold best by the order of the topics: before files, of which few come again.
    "knows",
    "rest",
    # Where interest turned, and what is at hand: an agent that helps with the next step can use that most.
    "turn",
    "now",
    "answer",
    # What a model understood comes before what else is counted, as far as there is room.
    "understood",
    "rating",
    "habit",
    "standing",
    "recent",
)
"""The most useful first."""


def compose(findings: Findings, self_model: profile_pb2.SelfModel) -> list[Saying]:
    """Return what is said of the user, the most useful first, nothing twice.

    Args:
        findings: What code knows of the user.
        self_model: Of what is in it, what models proposed is said; all else the findings say themselves.
    """
    said: dict[str, Saying] = {}
    claimed: set[str] = set()
    for teller in _TELLERS:
        for saying in teller(findings, self_model, claimed):
            said.setdefault(saying.text, saying)
            claimed |= saying.topics
    return sorted(said.values(), key=lambda saying: _KINDS.index(saying.kind))
