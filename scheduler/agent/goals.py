"""What the user is trying to get done: runs of related acts with a beginning and no end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foreword.clock import DAY_MS
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.evidence import Evidence
from scheduler.agent.findings import Findings
from scheduler.agent.operations import AddGoal, CloseGoal, Operation
from scheduler.agent.subjects import mentions, recurring, subject_of

# On 804 points of 67 developers, not those the rule was made on, these gave 9 goals, of which a reader of the commits
# would name 6; three acts on two days gave some at every third point, many of them words such as "page" or "task". All
# three that were none ("models", "logger", "cohesion") are single words, which are left out now: a false goal is worse
# than none.
_ACTS_MIN, _DAYS_MIN = 5, 3
_SHARE_MIN = 1 / 3
# Acts before the first, without which nobody can say that something began.
_BEFORE_MIN = 3
# A history imported at once is read whole; the same goals are found in it as day by day.
_SPAN_DAYS = 28
# Older ones have been looked at when they were new.
_ACTS_MAX = 48
# Acts without a word of it: something else has taken its place.
_SILENT_ACTS = 16
_SILENT_DAYS = 14
_SEARCHES_MIN, _SEARCH_DAYS_MIN = 3, 2
_CITED_MAX = 50


def goals(findings: Findings, previous: profile_pb2.Profile | None) -> Iterator[Operation]:
    """Yield what becomes of the goals code holds, then one that has begun; nothing without news.

    A goal of somebody who writes code is a subject of several words that began in the window and has been in a third of
    the acts since, five or more on three or more days; of others something searched for three times on two days and not
    bought. It ends by a purchase, a release or a merge that names it, and by sixteen acts or fourteen days of other
    activity.
    """
    if not findings.news or findings.is_cold:
        return
    acts = [item for item in findings.known.values() if item.weight == 1.0 and not item.against]
    acts.sort(key=lambda item: (-item.time_ms, item.event.event_id))
    acts = [item for item in acts if item.time_ms > acts[0].time_ms - _SPAN_DAYS * DAY_MS]
    held = [
        row
        for row in (previous.self_model.goals if previous is not None else ())
        if row.subject and not (row.proposed_by or row.HasField("valid_to"))
    ]
    for goal in held:
        yield from _fate(goal, acts, findings)
    if held:
        return
    begun = _worked_on(acts, findings) if findings.kind.works_on else _looked_for(acts, findings)
    for pattern, subject, cited in begun:
        name = findings.names.shown(subject)
        if name is not None:
            ids = [item.event.event_id for item in reversed(cited[:_CITED_MAX])]
            yield AddGoal(pattern.format(name), tuple(ids), subject)
            return


def _fate(goal: profile_pb2.Goal, acts: Sequence[Evidence], findings: Findings) -> Iterator[Operation]:
    named = [place for place, item in enumerate(acts) if _names(item, goal.subject)]
    started_ms, newest = goal.valid_from.ToMilliseconds(), acts[0] if acts else None
    if newest is None:
        return
    ends = [
        acts[place]
        for place in named
        if _verb(acts[place]) in findings.words.ends and acts[place].time_ms >= started_ms
    ]
    last_ms = max([goal.last_observed.ToMilliseconds(), *(acts[place].time_ms for place in named[:1])])
    since = sum(item.time_ms > last_ms for item in acts)
    if ends or since >= _SILENT_ACTS or newest.time_ms - last_ms > _SILENT_DAYS * DAY_MS:
        yield CloseGoal(goal.goal_id, ((ends or [newest])[0].event.event_id,))
        return
    fresh = [
        acts[place].event.event_id for place in reversed(named) if acts[place].event.event_id in findings.news
    ]
    if fresh:
        yield AddGoal(goal.statement, tuple(fresh[-_CITED_MAX:]), goal.subject)


def _worked_on(acts: Sequence[Evidence], findings: Findings) -> Iterator[tuple[str, str, list[Evidence]]]:
    acts = acts[:_ACTS_MAX]
    if len({item.time_ms // DAY_MS for item in acts}) < _DAYS_MIN:
        return
    places_of_all = {topic_key(item.event.attributes.get("repo", "")) for item in acts}
    for phrase, places in recurring([subject_of(item.event.text) for item in acts]):
        since, before = max(places) + 1, len(acts) - 1 - max(places)
        days = {acts[place].time_ms // DAY_MS for place in places}
        is_run = len(places) >= max(_ACTS_MIN, since * _SHARE_MIN) and len(days) >= _DAYS_MIN
        # The name of all that somebody works on says nothing of what began.
        if (
            is_run
            and " " in phrase
            and before >= _BEFORE_MIN
            and min(places) < _ACTS_MIN
            and topic_key(phrase) not in places_of_all
        ):
            yield findings.kind.works_on, phrase, [acts[place] for place in places]


def _looked_for(acts: Sequence[Evidence], findings: Findings) -> Iterator[tuple[str, str, list[Evidence]]]:
    searched: dict[str, list[Evidence]] = {}
    for item in acts:
        if not findings.words.looks_for(item.event.type.lower()):
            continue
        for topic in item.topics:
            searched.setdefault(topic, []).append(item)
    for topic, items in sorted(searched.items(), key=lambda entry: (-len(entry[1]), entry[0])):
        days = {item.time_ms // DAY_MS for item in items}
        is_bought = any(_verb(item) in findings.words.ends and topic in item.topics for item in acts)
        is_recent = acts[0].time_ms - items[0].time_ms <= _SILENT_DAYS * DAY_MS
        if len(items) >= _SEARCHES_MIN and len(days) >= _SEARCH_DAYS_MIN and is_recent and not is_bought:
            yield findings.words.looks_for(items[0].event.type.lower()), items[0].topics[topic], items


def _names(item: Evidence, subject: str) -> bool:
    return topic_key(subject) in item.topics or mentions(subject_of(item.event.text), subject)


def _verb(item: Evidence) -> str:
    return item.event.type.rpartition(".")[2].lower()
