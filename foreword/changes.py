"""What changed between two revisions of a profile, as a person reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from foreword.naming import escaped, quoted
from foreword.topics import topic_key
from foreword.v1 import profile_pb2

Sign: TypeAlias = Literal["+", "-", "~"]

# Smaller moves come with every refresh and tell nobody anything.
_STEP_MIN = 0.05
# A turn of interest moves a few topics; what follows them down the list is the same news again.
_TOPICS_MAX = 5


class Change(NamedTuple):
    """One thing that is other than it was.

    Attributes:
        sign: `+` for what began, `-` for what ended, `~` for what moved.
        what: What it is: topic, no, belief, goal, preference, expertise or text.
        text: What became of it, in a few words.
    """

    sign: Sign
    what: str
    text: str

    @property
    def sentence(self) -> str:
        """The change in one sentence."""
        verb = {"+": "gained", "-": "lost", "~": "changed"}[self.sign]
        return f"{self.what.capitalize()} {verb}: {self.text}"


def changes(before: profile_pb2.Profile, after: profile_pb2.Profile) -> Iterator[Change]:
    """Yield what is other in `after`: what the user said and is drawn to, the self-model, then the text."""
    yield from _stances(before, after)
    yield from _topics(before, after)
    former, model = before.self_model, after.self_model
    yield from _held("belief", former.beliefs, model.beliefs, lambda row: row.belief_id)
    yield from _held("goal", former.goals, model.goals, lambda row: row.goal_id)
    yield from _preferences(former.preferences, model.preferences)
    yield from _expertise(former.expertise, model.expertise)
    yield from text_changes(before.foreword.text, after.foreword.text)


def text_changes(before: str, after: str) -> Iterator[Change]:
    """Yield the lines that a text lost, then those that it gained."""
    old, new = before.splitlines(), after.splitlines()
    yield from (Change("-", "text", escaped(line)) for line in old if line not in new)
    yield from (Change("+", "text", escaped(line)) for line in new if line not in old)


def _stances(before: profile_pb2.Profile, after: profile_pb2.Profile) -> Iterator[Change]:
    old, new = _noes(before), _noes(after)
    yield from (Change("+", "no", quoted(new[key])) for key in new if key not in old)
    yield from (Change("-", "no", quoted(old[key])) for key in old if key not in new)


def _noes(profile: profile_pb2.Profile) -> dict[str, str]:
    rows = profile.content_preferences.low_affinity_topics
    return {topic_key(row.topic): row.topic for row in rows if row.stance == profile_pb2.STANCE_NO}


def _topics(before: profile_pb2.Profile, after: profile_pb2.Profile) -> Iterator[Change]:
    """Yield the topics that moved most, those that rose first."""
    old, new = _scores(before), _scores(after)
    moves = {key: new.get(key, ("", 0.0))[1] - old.get(key, ("", 0.0))[1] for key in {*old, *new}}
    ranked = sorted((-abs(move), key) for key, move in moves.items() if abs(move) >= _STEP_MIN)
    for _, key in sorted(ranked[:_TOPICS_MAX], key=lambda entry: -moves[entry[1]]):
        name = quoted((new.get(key) or old[key])[0])
        if key not in old:
            yield Change("+", "topic", f"{name}, {new[key][1]:.0%} of the activity")
        elif key not in new:
            yield Change("-", "topic", f"{name}, was {old[key][1]:.0%} of the activity")
        else:
            way = "up" if moves[key] > 0 else "down"
            yield Change("~", "topic", f"{name} {way} from {old[key][1]:.0%} to {new[key][1]:.0%}")


def _scores(profile: profile_pb2.Profile) -> dict[str, tuple[str, float]]:
    rows = profile.content_preferences.high_affinity_topics
    return {topic_key(row.topic): (row.topic, row.score) for row in rows}


def _held(what: str, old: Iterable[Any], new: Iterable[Any], id_of: Callable[[Any], str]) -> Iterator[Change]:
    """Yield the beliefs or goals that began, ended or grew surer, by their ids."""
    held, holds = _current(old, id_of), _current(new, id_of)
    for identifier, row in holds.items():
        former = held.get(identifier)
        said = escaped(row.statement)
        if former is None:
            yield Change("+", what, f"{said} ({row.confidence:.0%} sure, {_events(row)})")
        elif abs(row.confidence - former.confidence) >= _STEP_MIN:
            sure = f"{former.confidence:.0%} to {row.confidence:.0%} sure"
            yield Change("~", what, f"{said} ({sure}, {_events(row)})")
    for identifier, row in held.items():
        if identifier not in holds:
            since = row.valid_from.ToDatetime().strftime("%Y-%m-%d")
            yield Change("-", what, f"{escaped(row.statement)} (held since {since})")


def _current(rows: Iterable[Any], id_of: Callable[[Any], str]) -> dict[str, Any]:
    return {id_of(row): row for row in rows if not row.HasField("valid_to")}


def _events(row: Any) -> str:
    # Goals of before these were counted have only the events they name.
    count = row.evidence_count or len(row.evidence)
    return f"{count:,} event{'' if count == 1 else 's'}"


def _preferences(
    old: Iterable[profile_pb2.Preference], new: Iterable[profile_pb2.Preference]
) -> Iterator[Change]:
    before = {row.key: f"{row.key} {row.value}" for row in old}
    yield from _rows("preference", before, {row.key: f"{row.key} {row.value}" for row in new})


def _rows(what: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for key, text in new.items():
        if key not in old:
            yield Change("+", what, escaped(text))
        elif old[key] != text:
            yield Change("~", what, escaped(f"{text}, was {old[key]}"))
    yield from (Change("-", what, escaped(text)) for key, text in old.items() if key not in new)


def _expertise(
    old: Sequence[profile_pb2.Expertise], new: Sequence[profile_pb2.Expertise]
) -> Iterator[Change]:
    levels = {topic_key(row.area): row.level for row in old}
    areas = {topic_key(row.area): row for row in new}
    for key, row in areas.items():
        if key not in levels:
            yield Change("+", "expertise", f"{quoted(row.area)}, level {row.level:.2f}")
        elif abs(row.level - levels[key]) >= _STEP_MIN:
            yield Change("~", "expertise", f"{quoted(row.area)} from {levels[key]:.2f} to {row.level:.2f}")
    for row in old:
        if topic_key(row.area) not in areas:
            yield Change("-", "expertise", f"{quoted(row.area)}, level {row.level:.2f}")
