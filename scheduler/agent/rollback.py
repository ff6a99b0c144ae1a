"""A return to an earlier revision: its knowledge, under all that the user said and the events counted since."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from typing import Any

from foreword.config import Config
from foreword.naming import Names
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.apply import BELIEFS_MAX, CLOSED_KEPT, GOALS_MAX, PREFERENCES_MAX
from scheduler.agent.general import without_general
from scheduler.agent.kept_counts import NOES_MAX
from scheduler.agent.limits import fit
from scheduler.agent.refresh import VERSION_JOINT, code_version, withdraw
from scheduler.agent.render import foreword, summary
from scheduler.agent.rows import drop, replace_rows
from scheduler.agent.saying import Saying
from scheduler.agent.summary_embedding import put_summary_embedding
from scheduler.agent.taken_back import after_rollback

# Parts that repeat what the user said, which holds whatever is rolled back.
_SAID = frozenset({"stated", "answer"})
_NO, _EXPLICIT = profile_pb2.STANCE_NO, profile_pb2.BELIEF_SOURCE_EXPLICIT
_QUOTED = re.compile('"([^"]*)"')


def rolled_back(
    current: profile_pb2.Profile,
    former: profile_pb2.Profile,
    *,
    requested_ms: int,
    now_ms: int,
    names: Names,
    config: Config,
) -> profile_pb2.Profile:
    """Return a profile that knows what `former` knew, complete but for its revision; neither argument changes.

    The memory stays that of `current`, and so does what the user said: noes, wishes, and beliefs of their own words.
    A belief that both hold keeps the evidence counted since. What only `current` holds is ended, not deleted.

    Args:
        current: The profile in force.
        former: The revision to return to.
        requested_ms: When it was asked for.
        now_ms: The time.
        names: What may be said now; what may not is left out of what `former` said.
        config: The configuration in force.

    Raises:
        FieldError: The profile would break a limit; names the field at fault.
    """
    current, former = without_general(current), without_general(former)
    profile = profile_pb2.Profile()
    profile.CopyFrom(former)
    refused = {topic_key(row.value) for row in current.memory.topics if row.stance == _NO}
    _put_self_model(profile, current, former, refused)
    withdraw(profile.self_model, refused, names)
    _put_sections(profile, current, former, refused)
    _put_texts(profile, current, former, _Unsaid(names, refused), config)
    profile.memory.CopyFrom(current.memory)
    profile.segment, profile.segment_name = current.segment, current.segment_name
    profile.cadence = current.cadence
    profile.computed_at.FromMilliseconds(now_ms)
    _put_provenance(profile.provenance, current.provenance)
    _put_rollback(profile, current, former.revision, requested_ms)
    fit(profile)
    return profile


def _put_self_model(
    profile: profile_pb2.Profile,
    current: profile_pb2.Profile,
    former: profile_pb2.Profile,
    refused: Set[str],
) -> None:
    model, now, then = profile.self_model, current.self_model, former.self_model
    end_ms = current.memory.as_of.ToMilliseconds()
    said = refused | {topic_key(row.subject) for row in now.beliefs if _is_said(row)}
    beliefs = [row for row in then.beliefs if topic_key(row.subject) not in said]
    replace_rows(model.beliefs, _returned(now.beliefs, beliefs, "belief_id", end_ms)[:BELIEFS_MAX])
    replace_rows(model.goals, _returned(now.goals, then.goals, "goal_id", end_ms)[:GOALS_MAX])
    wishes = {row.key for row in current.memory.wishes}
    own = [row for row in now.preferences if row.source == _EXPLICIT or row.key in wishes]
    keys = wishes | {row.key for row in own}
    preferences = [*own, *(row for row in then.preferences if row.key not in keys)]
    replace_rows(model.preferences, sorted(preferences, key=lambda row: row.key)[:PREFERENCES_MAX])


def _returned(now: Iterable[Any], then: Iterable[Any], name: str, end_ms: int) -> list[Any]:
    """Return beliefs or goals: the user's own and those of `then` first, then the newest that ended."""
    held = {getattr(row, name): row for row in now if not row.HasField("valid_to")}
    own = [row for row in held.values() if _is_said(row)]
    back = [held.get(getattr(row, name), row) for row in then if not row.HasField("valid_to")]
    kept = {getattr(row, name): row for row in (*own, *back)}
    ended = {getattr(row, name): row for row in (*then, *now) if row.HasField("valid_to")}
    for identifier, row in held.items():
        if identifier not in kept:
            ended[identifier] = _ended(row, end_ms)
    closed = [row for identifier, row in ended.items() if identifier not in kept]
    closed.sort(key=lambda row: (-row.valid_to.ToMilliseconds(), getattr(row, name)))
    return [*kept.values(), *closed[:CLOSED_KEPT]]


def _ended(row: Any, end_ms: int) -> Any:
    copy = type(row)()
    copy.CopyFrom(row)
    copy.valid_to.FromMilliseconds(max(end_ms, row.valid_from.ToMilliseconds()))
    return copy


def _is_said(row: Any) -> bool:
    return not row.HasField("valid_to") and row.source == _EXPLICIT


def _put_sections(
    profile: profile_pb2.Profile,
    current: profile_pb2.Profile,
    former: profile_pb2.Profile,
    refused: Set[str],
) -> None:
    content, notification = profile.content_preferences, profile.notification_config
    said = {topic_key(row.value): row.stance for row in current.memory.topics if row.stance}
    noes = [row for row in current.content_preferences.low_affinity_topics if row.stance == _NO]
    others = [row for row in content.low_affinity_topics if topic_key(row.topic) not in said]
    replace_rows(content.low_affinity_topics, [*noes, *others][:NOES_MAX])
    drop(content.high_affinity_topics, lambda row: topic_key(row.topic) in refused)
    drop(profile.search_defaults.boost_signals, lambda row: topic_key(row.value) in refused)
    drop(profile.search_defaults.implicit_filters, lambda row: topic_key(row.value) in refused)
    triggers = [topic for topic in notification.trigger_topics if topic_key(topic) not in refused]
    del notification.trigger_topics[:], notification.suppress_topics[:]
    notification.trigger_topics.extend(triggers)
    notification.suppress_topics.extend(row.topic for row in content.low_affinity_topics)
    if list(current.memory.wishes) != list(former.memory.wishes):
        profile.presentation.CopyFrom(current.presentation)


class _Unsaid:
    """Tells of a line whether it names what the user refused, or what may not be named any more."""

    def __init__(self, names: Names, refused: Set[str]) -> None:
        self._names = names
        self._refused = refused
        words = "|".join(re.escape(key).replace(r"\-", r"[\s_\-]+") for key in sorted(refused))
        self._refused_words = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) if refused else None

    def holds(self, line: str) -> bool:
        if self._names.withholds(line) or (self._refused_words and self._refused_words.search(line)):
            return True
        quoted = _QUOTED.findall(line)
        return any(topic_key(name) in self._refused or self._names.name(name) is None for name in quoted)


def _put_texts(
    profile: profile_pb2.Profile,
    current: profile_pb2.Profile,
    former: profile_pb2.Profile,
    unsaid: _Unsaid,
    config: Config,
) -> None:
    then, said = list(_sayings(former)), [row for row in _sayings(current) if row.kind in _SAID]
    sayings = [row for row in then if row.kind not in _SAID and not unsaid.holds(row.text)]
    place = 1 if sayings and sayings[0].kind == "lead" else 0
    sayings[place:place] = said
    # Of the same sayings the text and the summary stay, byte for byte.
    if sayings != then or former.foreword.token_count > config.foreword.tokens_max:
        profile.foreword.CopyFrom(foreword(sayings, config.foreword.tokens_max))
        profile.semantic_summary = summary(sayings)
    profile.is_default = former.is_default and not sayings
    profile.ClearField("summary_embedding")
    put_summary_embedding(profile, former, config.agent.embedding)


def _sayings(profile: profile_pb2.Profile) -> Iterator[Saying]:
    """Yield what a foreword says; the lines behind the frame where it was written before there were parts."""
    text = profile.foreword
    if text.parts:
        yield from (Saying(part.kind, part.text) for part in text.parts)
    else:
        yield from (Saying("", line) for line in text.text.splitlines()[1:])


def _put_provenance(provenance: profile_pb2.Provenance, current: profile_pb2.Provenance) -> None:
    """Say whose knowledge it is, and of which events; it cost nothing, and the rules it is held to are today's."""
    _, joint, prompt = provenance.prompt_version.partition(VERSION_JOINT)
    generator, model = provenance.generator, provenance.model
    provenance.CopyFrom(current)
    provenance.generator, provenance.model, provenance.cost_micro_usd = generator, model, 0
    provenance.prompt_version = f"{code_version(current)}{joint}{prompt}"


def _put_rollback(
    profile: profile_pb2.Profile, current: profile_pb2.Profile, revision: int, requested_ms: int
) -> None:
    taken = after_rollback(current.rollback.taken_back, current.self_model, profile.self_model)
    profile.rollback.Clear()
    profile.rollback.revision = revision
    profile.rollback.requested_at.FromMilliseconds(requested_ms)
    profile.rollback.data_watermark.CopyFrom(current.memory.as_of)
    profile.rollback.taken_back.extend(taken)
