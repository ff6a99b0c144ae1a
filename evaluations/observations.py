"""Recorded observations about people in conversation, with the turns they rest on and the questions asked later."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from foreword.errors import FieldError
from foreword.importers.byte_source import bytes_at
from scheduler.agent.subjects import subject_of

_ALLOWED = "a JSON list of conversations with conversation, observation and qa, as LoCoMo has them"
_SESSION = re.compile(r"session_(\d+)_observation")
_TIME = "%I:%M %p on %d %B, %Y"
# What one observation is taken to be about: more is mostly by the way.
_PHRASES_MAX = 3
_WORDS_MAX = 2
_PRONOUNS = frozenset("her hers herself him himself his their theirs them themselves".split())


@dataclass(frozen=True)
class Observation:
    """One observation.

    Attributes:
        time_ms: When the session was, in ms since 1970.
        turns: The ids of the turns it rests on.
        text: The sentence.
        phrases: What it is about, in its own words.
    """

    time_ms: int
    turns: frozenset[str]
    text: str
    phrases: tuple[str, ...]


@dataclass(frozen=True)
class Person:
    """A speaker.

    Attributes:
        user_id: Conversation and name.
        sessions: The observations of each session, in the order of time.
        questions: For each question asked about the conversation, the turns with its answer that are observed here.
    """

    user_id: str
    sessions: tuple[tuple[Observation, ...], ...]
    questions: tuple[frozenset[str], ...]


def read_people(file: Path) -> list[Person]:
    """Return the speakers of a file in LoCoMo's form, gzip by suffix.

    Raises:
        FieldError: It cannot be read, or is not of that form; names file, conversation and field.
    """
    conversations = _parsed(file)
    if not isinstance(conversations, list):
        raise FieldError(file.name, f"JSON that is no list ({type(conversations).__name__})", _ALLOWED)
    people: list[Person] = []
    for number, row in enumerate(conversations):
        try:
            people += _people(row)
        except KeyError as exc:
            raise FieldError(f"{file.name}: conversation {number}", f"no {exc}", _ALLOWED) from exc
        except (TypeError, AttributeError, ValueError) as exc:
            raise FieldError(
                f"{file.name}: conversation {number}", f"another form ({exc})", _ALLOWED
            ) from exc
    return people


def _parsed(file: Path) -> Any:
    with bytes_at(file).open() as lines:
        content = lines.read()
    try:
        return json.loads(content)
    except RecursionError as exc:
        raise FieldError(file.name, "deep nesting", _ALLOWED) from exc
    except ValueError as exc:
        raise FieldError(file.name, f"no JSON ({exc})", _ALLOWED) from exc


def _people(row: Mapping[str, Any]) -> Iterator[Person]:
    conversation, observed = row["conversation"], row["observation"]
    numbers = sorted(int(match[1]) for key in observed if (match := _SESSION.fullmatch(key)))
    for name in (conversation["speaker_a"], conversation["speaker_b"]):
        sessions = [
            tuple(
                _observation(text, turns, conversation[f"session_{number}_date_time"], name)
                for text, turns in observed[f"session_{number}_observation"].get(name, [])
            )
            for number in numbers
        ]
        turns = frozenset(turn for session in sessions for item in session for turn in item.turns)
        asked = [turns.intersection(question.get("evidence", [])) for question in row["qa"]]
        yield Person(
            f"{row.get('sample_id', 'conversation')}-{name}",
            tuple(filter(None, sessions)),
            tuple(filter(None, asked)),
        )


def _observation(text: str, turns: str | list[str], when: str, name: str) -> Observation:
    time = datetime.strptime(when, _TIME).replace(tzinfo=UTC)
    ids = [turns] if isinstance(turns, str) else turns
    return Observation(int(time.timestamp() * 1000), frozenset(ids), text, _phrases(text, name))


def _phrases(text: str, name: str) -> tuple[str, ...]:
    """Return what a sentence is about: the ends of its runs of telling words, which is where English has its nouns."""
    runs = [run.split(" ")[-_WORDS_MAX:] for run in subject_of(text).split(", ") if run]
    passed = _PRONOUNS | {name.casefold()}
    phrases = [" ".join(word for word in run if word.casefold() not in passed) for run in runs]
    return tuple(dict.fromkeys(filter(None, phrases)))[:_PHRASES_MAX]
