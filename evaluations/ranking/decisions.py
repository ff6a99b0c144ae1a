"""Suggestions of code that were shown, and whether each was accepted: telemetry of a coding assistant."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from evaluations.ranking.bins import doubling, step
from evaluations.ranking.point import Point
from foreword.errors import FieldError
from foreword.importers.byte_source import bytes_at
from ranking.example import Action, Context

SHOWN, ACCEPTED, REJECTED = "Shown", "Accepted", "Rejected"
_ROW = "a JSON object a line with UserId, TimeGenerated, StateName, CurrentSuggestion and Measurements"
# A row repeats the whole prompt, which is a source file at times.
_LINE_BYTES_MAX = 4_000_000
_ROWS_MAX = 10_000_000
_SIZES = {"characters": "compCharLen", "tokens": "numTokens", "lines": "numLines"}
_DOCUMENT = "documentLength"
_CONFIDENCE, _LOG, _OTHER_LOG = "confidence", "meanLogProb", "meanAlternativeLogProb"
# As words, shares are told apart by fifths, and the alternatives' mean log-probability by whole numbers.
_SHARE_WIDTH, _LOG_WIDTH = 0.2, 1.0
# More brackets than two are a longer suggestion, which its size says.
_BRACKETS_MAX = 2
# The first lines of a suggestion are what is read before it is accepted.
_TEXT_CHARACTERS_MAX = 400


class _Row(NamedTuple):
    user: str
    time_ms: int
    state: str
    suggestion: str
    measurements: Mapping[str, float]
    task: str
    experience: Mapping[str, str]
    prompt: str


@dataclass
class Decisions:
    """The decisions of a file.

    Attributes:
        points: One for each, in the file's order: the suggestion as the only action, as it was when shown.
        unshown: How many decisions have no row before them in which their user was shown anything; left out.
    """

    points: list[Point] = field(default_factory=list)
    unshown: int = 0


def read_decisions(file: Path) -> Decisions:
    """Return the decisions of a file of JSON lines, gzip by suffix.

    All that is known of a suggestion comes from the last row `Shown` of the same user that has its text, or, where none
    has, from the last one: the row of the decision itself was written after it, and tells.

    Raises:
        FieldError: It cannot be read, a row is not in this form, or there is no decision; names file, line and field.
    """
    found = Decisions()
    shown: dict[str, list[_Row]] = {}
    last: dict[str, tuple[str, int]] = {}
    for row in _rows(file):
        before = shown.setdefault(row.user, [])
        if row.state == SHOWN:
            before.append(row)
        elif row.state in (ACCEPTED, REJECTED):
            if before:
                source = next(
                    (each for each in reversed(before) if each.suggestion == row.suggestion), before[-1]
                )
                found.points.append(_point(source, last.get(row.user), float(row.state == ACCEPTED)))
            else:
                found.unshown += 1
            last[row.user] = row.state, row.time_ms
    if not found.points:
        raise FieldError(file.name, "no decision", f"rows {ACCEPTED} or {REJECTED} after rows {SHOWN}")
    return found


def _point(shown: _Row, last: tuple[str, int] | None, reward: float) -> Point:
    """Return a suggestion as it was shown: its sizes and the model's certainty as words, and as numbers of a vector."""
    found = shown.measurements
    own = {name: doubling(found[key]) for name, key in _SIZES.items() if key in found}
    own["brackets"] = str(min(shown.suggestion.count("("), _BRACKETS_MAX))
    if _CONFIDENCE in found:
        own["confidence"] = step(found[_CONFIDENCE], _SHARE_WIDTH)
    if _LOG in found:
        own["probability"] = step(math.exp(found[_LOG]), _SHARE_WIDTH)
    if _OTHER_LOG in found:
        own["other_log_probability"] = step(found[_OTHER_LOG], _LOG_WIDTH)
    text = shown.suggestion[:_TEXT_CHARACTERS_MAX]
    action = Action("suggestion", attributes=own, text=text, vector=_vector(shown))
    return Point(shown.user, Context(shown.time_ms, _moment(shown, last)), (action,), (reward,))


def _vector(shown: _Row) -> tuple[float, ...]:
    """Return what is measured, each number about as wide as the others; what was not measured is in the middle."""
    found = shown.measurements
    return (
        2 * math.exp(found[_LOG]) - 1 if _LOG in found else 0.0,
        (found[_OTHER_LOG] + 3) / 2 if _OTHER_LOG in found else 0.0,
        4 * found[_CONFIDENCE] - 2 if _CONFIDENCE in found else 0.0,
        math.log1p(found.get(_SIZES["tokens"], 0.0)) - 2,
        min(shown.suggestion.count("("), _BRACKETS_MAX) - 1.0,
        1.0 if "\n" in shown.suggestion else -1.0,
    )


def _moment(shown: _Row, last: tuple[str, int] | None) -> dict[str, str]:
    moment = {"task": shown.task} if shown.task else {}
    moment |= {f"experience_{number}": said for number, said in enumerate(shown.experience.values())}
    if _DOCUMENT in shown.measurements:
        moment["document"] = doubling(shown.measurements[_DOCUMENT])
    before = shown.prompt[-1:]
    moment["after"] = "word" if before.isalnum() else "space" if before.isspace() or not before else "sign"
    # A decision on the suggestion before may come after the next was shown; then nothing of it was known.
    if last is not None and last[1] <= shown.time_ms:
        moment["last_decision"] = last[0]
    return moment


def _rows(file: Path) -> Iterator[_Row]:
    with bytes_at(file).open() as lines:
        number = 0
        while line := lines.readline(_LINE_BYTES_MAX + 1):
            number += 1
            if number > _ROWS_MAX:
                raise FieldError(file.name, f"more than {_ROWS_MAX:,} rows", "fewer")
            if line.strip():
                yield _row(f"{file.name}:{number}", line)


def _row(place: str, line: bytes) -> _Row:
    if len(line) > _LINE_BYTES_MAX:
        raise FieldError(place, f"more than {_LINE_BYTES_MAX:,} bytes", _ROW)
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise FieldError(place, "no JSON", _ROW) from exc
    if not isinstance(row, dict):
        raise FieldError(place, f"JSON that is no object ({type(row).__name__})", _ROW)
    return _Row(
        str(_field(place, row, "UserId", (int, str))),
        _time_ms(f"{place}: TimeGenerated", _field(place, row, "TimeGenerated", (str,))),
        _field(place, row, "StateName", (str,)),
        _unquoted(_field(place, row, "CurrentSuggestion", (str,))),
        _numbers(place, _field(place, row, "Measurements", (dict,))),
        _field(place, {"Task": ""} | row, "Task", (str,)),
        {
            key: str(said).strip()
            for key, said in _field(place, {"UserExperience": {}} | row, "UserExperience", (dict,)).items()
        },
        _unquoted(_field(place, {"CurrentPrompt": ""} | row, "CurrentPrompt", (str,))),
    )


def _field(place: str, row: Mapping[str, Any], name: str, kinds: Sequence[type]) -> Any:
    if name not in row:
        raise FieldError(f"{place}: {name}", "nothing", _ROW)
    # A bool is an int to Python, and no user's id.
    if type(row[name]) not in kinds:
        raise FieldError(
            f"{place}: {name}", type(row[name]).__name__, " or ".join(kind.__name__ for kind in kinds)
        )
    return row[name]


def _numbers(place: str, measurements: Mapping[str, Any]) -> dict[str, float]:
    """Return the measurements that we use."""
    numbers = {}
    for key in (*_SIZES.values(), _CONFIDENCE, _LOG, _OTHER_LOG, _DOCUMENT):
        value = measurements.get(key)
        # Not every row has all of them: the first suggestion has no alternatives.
        if value is None:
            continue
        if type(value) not in (int, float) or not math.isfinite(value):
            raise FieldError(f"{place}: Measurements.{key}", repr(value)[:80], "a number")
        numbers[key] = float(value)
    return numbers


def _time_ms(place: str, text: str) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as exc:
        raise FieldError(place, repr(text[:80]), "a time, as in 2022-08-08T16:05:28.904Z") from exc
    if time.tzinfo is None:
        raise FieldError(place, repr(text[:80]), "a time with its zone, as in 2022-08-08T16:05:28.904Z")
    return round(time.timestamp() * 1000)


def _unquoted(text: str) -> str:
    """Return a text without the JSON that this telemetry puts around it once more."""
    try:
        inner = json.loads(text)
    except ValueError:
        return text
    return inner if isinstance(inner, str) else text
