"""The user in plain sentences, the most useful first; the material of foreword and summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foreword import corrections
from foreword.naming import LANGUAGES, Names
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.affinity import Affinity
from scheduler.agent.findings import Findings
from scheduler.agent.kind import DOMAIN_FIELD, Kind, medium_named
from scheduler.agent.labels import join, labels
from scheduler.agent.understood import understood
from scheduler.agent.vocabulary import FILE_KINDS

_LEAD_TOPICS = 3
_MORE_TOPICS = 4
_SKIP_TOPICS = 5
_TURNED_FROM_TOPICS = 3
_CORRECTIONS = 5
# With fewer events in the window, "lately" would rest on too little.
_LATELY_EVENTS_MIN = 5
# A topic named at all rests on two events, and on a share that is not a rounding error.
_NAMED_EVENTS_MIN = 2
_NAMED_SCORE_MIN = 0.02
# What the user is said to do "mostly" must draw him: whoever disliked nearly all he met has faint affinities left over.
_LEAD_SCORE_MIN = 0.05
# How many events make which word for knowing something.
_DEEPLY_EVENTS_MIN = 100
_WELL_EVENTS_MIN = 25
_SOME_EVENTS_MIN = 8
# Liking is called so from these many standard deviations on, over so many events.
_LIKING_MIN = 0.15
_LIKING_EVENTS_MIN = 5
# A user stands out in a topic by half as much again as the others, and lags at a third.
_MORE_THAN_OTHERS = 1.5
_LESS_THAN_OTHERS = 0.4
# With fewer others, each of them could be told from what is said of all.
_OTHERS_MIN = 20
_STANDING_EVENTS_MIN = 5
_LAGGING_EVENTS_MIN = 20
_LAGGING_POPULATION_SHARE_MIN = 0.08
_STANDING_SHARE_MIN = 0.04
# A turn shows in three recent events and twice the remembered share.
_RISING_FACTOR = 2.0
_RISING_SHARE_MIN = 0.1
_RISING_EVENTS_MIN = 3
_FALLING_FACTOR = 0.4
_FALLING_SHARE_MIN = 0.12
_FALLING_WINDOW_EVENTS_MIN = 8
_FILTER_SHARE_MIN = 0.9
_FILTER_EVENTS_MIN = 5
_REPO_SHARE_MIN = 0.2
_TOOL_EVENTS_MIN = 3

# What the user does, and what joins it to the topics.
_LEADS = {
    Kind.CODE: ("Developer", "in "),
    Kind.RATING: ("Rates things", ""),
    Kind.READING: ("Reads", "about "),
    Kind.SHOPPING: ("Shops", "for "),
    Kind.MEDIA: ("Plays media", ""),
    Kind.AGENT: ("Works with an AI agent", "on "),
    Kind.SEARCH: ("Searches", "for "),
    Kind.GENERAL: ("Active", "in "),
}
# Attributes that have sentences of their own, always or for one kind of user.
_SAID_FIELDS = frozenset({DOMAIN_FIELD, "depth"})
_SAID_FIELDS_BY_KIND = {
    Kind.CODE: frozenset({"repo", "language"}),
    Kind.AGENT: frozenset({"tool", "error_type"}),
}
# How a value that nearly all events share is said; other attributes are named.
_SHARED_VALUES = {"language": "in {}", "repo": "in the repository {}", "tool": "with {}"}


def describe(findings: Findings, self_model: profile_pb2.SelfModel) -> list[str]:
    """Return sentences about the user, each of one line; the first names what the user mostly does.

    Args:
        findings: What code knows of the user.
        self_model: Of what is in it, what models proposed is said; all else the findings say themselves.
    """
    sentences = list(_sentences(findings, self_model))
    return list(dict.fromkeys(sentences))


def _sentences(findings: Findings, self_model: profile_pb2.SelfModel) -> Iterator[str]:
    named = [affinity for affinity in findings.high if _is_named(affinity, findings.names)]
    areas = _areas(findings, named)
    leading = [item for item in areas[:_LEAD_TOPICS] if item.score >= _LEAD_SCORE_MIN]
    if not findings.is_cold:
        yield _lead(findings, leading)
    # Before all that may be cut: what the user said counts more than what was seen.
    yield from _stated(findings)
    if findings.kind is Kind.CODE:
        yield from _skills(findings, [item for item in named if item not in leading])
    if findings.kind is Kind.AGENT:
        yield from _agent_habits(findings)
    # What a model understood comes before what else is counted, as far as there is room.
    yield from understood(self_model, findings.names)
    named_keys = {affinity.key for affinity in leading}
    yield from _ratings(findings, named_keys)
    yield from _domains(findings)
    yield from _turns(findings, areas, named_keys)
    yield from _standing(findings, areas, named_keys)
    if leading:
        yield from _more(findings, areas, named_keys)
    yield from _reading_habits(findings)
    yield from _filters(findings)


def _is_named(affinity: Affinity, names: Names) -> bool:
    return _is_drawing(affinity) and names.name(affinity.topic) is not None


def _is_drawing(affinity: Affinity) -> bool:
    return affinity.evidence_count >= _NAMED_EVENTS_MIN and affinity.score >= _NAMED_SCORE_MIN


def _areas(findings: Findings, named: Sequence[Affinity]) -> list[Affinity]:
    """Return the topics that say where the user is active; for code, languages and kinds of files come elsewhere."""
    if findings.kind is Kind.AGENT:
        return [item for item in named if item.key not in LANGUAGES] or list(named)
    if findings.kind is not Kind.CODE:
        return list(named)
    areas = [item for item in named if _is_place(item)]
    return areas or [item for item in named if item.key not in LANGUAGES]


def _is_place(affinity: Affinity) -> bool:
    """Return whether a topic of a developer says where they work, rather than in what language or kind of file."""
    return affinity.key not in LANGUAGES and affinity.key not in FILE_KINDS


def _lead(findings: Findings, leading: Sequence[Affinity]) -> str:
    act, joint = _LEADS[findings.kind]
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
        names = [
            f"the {name} package" if name in repos else name
            for name in _names(findings, leading, _LEAD_TOPICS)
        ]
    else:
        names = _names(findings, leading, _LEAD_TOPICS)
    if not names:
        # Where there is a focus that may not be named, it would be untrue to say there is none.
        has_focus = any(_is_drawing(item) and item.score >= _LEAD_SCORE_MIN for item in findings.high)
        return f"{act}." if has_focus else f"{act}, without a clear focus yet."
    lately = "lately mostly" if findings.window.count >= _LATELY_EVENTS_MIN else "mostly"
    languages = [] if findings.kind is not Kind.AGENT else _names(findings, _languages(findings, leading), 2)
    return f"{act}, {lately} {joint}{join(names)}{f', in {join(languages)}' if languages else ''}."


def _languages(findings: Findings, leading: Sequence[Affinity]) -> list[Affinity]:
    """Return the languages an AI agent works in, unless they are all it works on."""
    languages = [item for item in findings.high if item.key in LANGUAGES and item.score >= _LEAD_SCORE_MIN]
    return [] if any(item.key in LANGUAGES for item in leading) else languages


def _skills(findings: Findings, named: Sequence[Affinity]) -> Iterator[str]:
    languages = sorted(
        (item for item in named if item.key in LANGUAGES),
        key=lambda item: (-item.evidence_count, item.key),
    )
    deep = _names(findings, _met(languages, _DEEPLY_EVENTS_MIN), 3)
    well = _names(findings, _met(languages, _WELL_EVENTS_MIN, _DEEPLY_EVENTS_MIN), 3)
    some = _names(findings, _met(languages, _SOME_EVENTS_MIN, _WELL_EVENTS_MIN), 3)
    known = [*([f"{join(deep)} deeply"] if deep else []), *([f"{join(well)} well"] if well else [])]
    if known:
        yield f"Knows {', '.join(known)}{f'; some {join(some)}' if some else ''}."
    elif some:
        yield f"Works with {join(some)}."
    elif languages:
        yield f"Has worked a little with {join(_names(findings, languages, 2))}."
    # That files lie in the root is true of every project.
    files = _names(findings, [item for item in named if item.key in FILE_KINDS and item.key != "root"], 3)
    if files:
        yield f"Also edits {join(files)}."


def _met(affinities: Sequence[Affinity], events_min: int, events_end: int | None = None) -> list[Affinity]:
    return [
        item
        for item in affinities
        if events_min <= item.evidence_count and (events_end is None or item.evidence_count < events_end)
    ]


def _agent_habits(findings: Findings) -> Iterator[str]:
    tools = _values(findings, "tool", 3)
    if tools:
        yield f"The agent mostly uses {join(tools)}."
    errors = _values(findings, "error_type", 2)
    if errors:
        yield f"Often runs into {join(errors)}."


def _ratings(findings: Findings, said: set[str]) -> Iterator[str]:
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
    above, below = _names(findings, liked, 3), _names(findings, disliked, 2)
    said.update(item.key for item in (*liked[:3], *disliked[:2]))
    if above and below:
        yield f"Rates {join(above)} above average, {join(below)} below."
    elif above:
        yield f"Rates {join(above)} above average."
    elif below:
        yield f"Rates {join(below)} below average."


def _stated(findings: Findings) -> Iterator[str]:
    """Say in one line what the user wants and what not, and that they corrected an answer."""
    sentences = [*_wishes(findings), *_aversions(findings)]
    if sentences:
        yield " ".join(sentences)
    yield from _corrections(findings)


def _wishes(findings: Findings) -> Iterator[str]:
    wanted = corrections.said(findings.wishes)
    if wanted:
        yield f"Wants {', '.join(wanted)}."


def _corrections(findings: Findings) -> Iterator[str]:
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
    yield f"Has corrected {answers} about {join(names)}." if names else f"Has corrected {answers}."


def _aversions(findings: Findings) -> Iterator[str]:
    turned_from = [item for item in findings.low if not item.liking and not item.is_refused]
    refused = [item for item in findings.low if item.is_refused]
    names = _names(findings, [*refused, *turned_from[:_TURNED_FROM_TOPICS]], _SKIP_TOPICS)
    if names:
        yield f"Skip {join(names)}."


def _domains(findings: Findings) -> Iterator[str]:
    names = _values(findings, DOMAIN_FIELD, 2)
    # The medium is said first of all.
    if names and (findings.medium is None or medium_named(names[0]) is not findings.medium):
        yield f"Domain: {join(names)}."


def _turns(findings: Findings, areas: Sequence[Affinity], said: set[str]) -> Iterator[str]:
    """Say what the user turned to and from, where the window differs from the memory."""
    joint = _LEADS[findings.kind][1]
    rising = [
        item
        for item in areas
        if item.key not in said
        and item.window_share >= max(_RISING_SHARE_MIN, _RISING_FACTOR * item.memory_share)
        and findings.window.recent.get(item.key, 0) >= _RISING_EVENTS_MIN
    ]
    falling = [
        item
        for item in areas
        if item.key not in said
        and findings.window.count >= _FALLING_WINDOW_EVENTS_MIN
        and item.memory_share >= _FALLING_SHARE_MIN
        and item.window_share <= _FALLING_FACTOR * item.memory_share
    ]
    new, old = _names(findings, rising, 2), _names(findings, falling, 2)
    said.update(item.key for item in (*rising[:2], *falling[:2]))
    if new:
        yield f"Recently also {joint}{join(new)}."
    if old:
        yield f"Earlier more {joint}{join(old)}."


def _standing(findings: Findings, areas: Sequence[Affinity], said: set[str]) -> Iterator[str]:
    """Say where the user differs from the others of the namespace."""
    if findings.others < _OTHERS_MIN:
        return
    repos = {topic_key(entry.value) for entry in findings.values("repo")}
    more = sorted(
        (
            item
            for item in areas
            if item.key not in repos
            and item.evidence_count >= _STANDING_EVENTS_MIN
            and item.memory_share >= max(_STANDING_SHARE_MIN, _MORE_THAN_OTHERS * item.population_share)
        ),
        key=lambda item: (item.key in said, item.population_share / item.memory_share, item.key),
    )
    less = []
    if findings.memory.events >= _LAGGING_EVENTS_MIN:
        less = sorted(
            (
                item
                for item in findings.high
                if item.key not in said
                and (findings.kind is not Kind.CODE or _is_place(item))
                and item.population_share >= _LAGGING_POPULATION_SHARE_MIN
                and item.memory_share <= _LESS_THAN_OTHERS * item.population_share
            ),
            key=lambda item: (-item.population_share, item.key),
        )
    joint = _LEADS[findings.kind][1]
    above, below = _names(findings, more, 2), _names(findings, less, 2)
    said.update(item.key for item in (*more[:2], *less[:2]))
    if above and below:
        yield f"More {joint}{join(above)} than other users, less {joint}{join(below)}."
    elif above:
        yield f"More {joint}{join(above)} than other users."
    elif below:
        yield f"Less {joint}{join(below)} than other users."


def _more(findings: Findings, areas: Sequence[Affinity], said: set[str]) -> Iterator[str]:
    repos = {topic_key(entry.value) for entry in findings.values("repo")}
    others = [item for item in areas if item.key not in said and item.key not in repos]
    names = _names(findings, others, _MORE_TOPICS)
    if names:
        # "Also" stands before the files that a developer edits.
        often = "Sometimes" if findings.kind is Kind.CODE else "Also"
        yield f"{often} {_LEADS[findings.kind][1]}{join(names)}."


def _reading_habits(findings: Findings) -> Iterator[str]:
    wants = []
    if findings.depth == profile_pb2.DEPTH_DEEP:
        wants.append("in-depth")
    elif findings.depth == profile_pb2.DEPTH_OVERVIEW:
        wants.append("brief overview")
    if findings.length_percentile is not None and findings.length_percentile >= 75:
        wants.append("long")
    elif findings.length_percentile is not None and findings.length_percentile <= 25:
        wants.append("short")
    if wants:
        yield f"Prefers {' and '.join(wants)} texts."


def _filters(findings: Findings) -> Iterator[str]:
    said = _SAID_FIELDS | _SAID_FIELDS_BY_KIND.get(findings.kind, frozenset())
    for entry in findings.attributes:
        if (
            entry.share < _FILTER_SHARE_MIN
            or entry.evidence_count < _FILTER_EVENTS_MIN
            or entry.field in said
        ):
            continue
        shared, value = _SHARED_VALUES.get(entry.field), findings.names.shown(entry.value)
        field = findings.names.shown(entry.field.replace("_", " ")) if shared is None else ""
        if field is not None and value is not None:
            yield f"Nearly always {shared.format(value)}." if shared else f"Nearly always {field}: {value}."
            return


def _values(findings: Findings, field: str, count: int) -> list[str]:
    values = [entry.value for entry in findings.values(field) if entry.evidence_count >= _TOOL_EVENTS_MIN]
    return labels(findings.names, values, count)


def _names(findings: Findings, affinities: Sequence[Affinity], count: int) -> list[str]:
    return labels(findings.names, [affinity.topic for affinity in affinities], count)
