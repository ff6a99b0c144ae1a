"""What the user mostly does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from foreword.naming import LANGUAGES
from foreword.v1 import profile_pb2
from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.kind import Kind
from scheduler.agent.labels import join, labels
from scheduler.agent.saying.areas import JOINTS, LEAD_SCORE_MIN, is_drawing, keys, leading, names_of
from scheduler.agent.saying.saying import Saying

_TOPICS = 3
# With fewer events in the window, "lately" would rest on too little.
_LATELY_EVENTS_MIN = 5
_REPO_SHARE_MIN = 0.2
_ACTS = {
    Kind.CODE: "Developer",
    Kind.RATING: "Rates things",
    Kind.READING: "Reads",
    Kind.SHOPPING: "Shops",
    Kind.MEDIA: "Plays media",
    Kind.AGENT: "Works with an AI agent",
    Kind.SEARCH: "Searches",
    Kind.GENERAL: "Active",
}


def lead(findings: Findings, _: profile_pb2.SelfModel, _claimed: Set[str]) -> Iterator[Saying]:
    """Say what the user mostly does."""
    if not findings.is_cold:
        topics = leading(findings)
        yield Saying("lead", _sentence(findings, topics), keys(topics))


def _sentence(findings: Findings, topics: Sequence[Affinity]) -> str:
    act, names = _ACTS[findings.kind], names_of(findings, topics, _TOPICS)
    if findings.medium is not None and findings.kind in (Kind.RATING, Kind.MEDIA):
        act = findings.medium.value
    if findings.kind is Kind.CODE:
        repos = labels(
            findings.names,
            [entry.value for entry in findings.values("repo") if entry.share >= _REPO_SHARE_MIN],
            2,
        )
        act += f" on {join(repos)}" if repos else ""
        # A project's main package often bears its name; "on celery, in celery" would say nothing.
        names = [f"the {name} package" if name in repos else name for name in names]
    if not names:
        # Where there is a focus that may not be named, it would be untrue to say there is none.
        has_focus = any(is_drawing(item) and item.score >= LEAD_SCORE_MIN for item in findings.high)
        return f"{act}." if has_focus else f"{act}, without a clear focus yet."
    lately = "lately mostly" if findings.window.count >= _LATELY_EVENTS_MIN else "mostly"
    languages = [] if findings.kind is not Kind.AGENT else names_of(findings, _languages(findings, topics), 2)
    in_languages = f", in {join(languages)}" if languages else ""
    return f"{act}, {lately} {JOINTS[findings.kind]}{join(names)}{in_languages}."


def _languages(findings: Findings, topics: Sequence[Affinity]) -> list[Affinity]:
    """Return the languages an AI agent works in, unless they are all it works on."""
    languages = [item for item in findings.high if item.key in LANGUAGES and item.score >= LEAD_SCORE_MIN]
    return [] if any(item.key in LANGUAGES for item in topics) else languages
