"""From a model's answer to the operations it proposes: what is malformed is refused here, by name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

from google.protobuf.any_pb2 import Any as PackedMessage

from foreword.errors import FieldError
from foreword.llm import Repair
from foreword.naming import quoted
from foreword.v1 import profile_pb2
from scheduler.agent.apply import STATEMENT_BYTES_MAX, SUBJECT_BYTES_MAX
from scheduler.agent.operations import (
    AddBelief,
    AddGoal,
    CloseBelief,
    CloseGoal,
    Operation,
    ReinforceBelief,
    ReviseBelief,
    SetExpertise,
    SetPreference,
    SetPresentation,
)
from scheduler.agent.plain_text import fault_in, refusal_of
from scheduler.agent.product import ProductSchema, RefusalOf
from scheduler.agent.prompt import EMPHASIS_MAX, EXAMPLE_DOMAINS_MAX, OPERATIONS_MAX

# Twenty operations of the longest statements, each citing fifty events, are 20 KB.
_ANSWER_CHARACTERS_MAX = 65_536
# As many events as code itself cites for one thing.
_EVENTS_MAX = 50
# Of a kind of mistake the first few say what is wrong; a repair that repeats it a hundred times costs more.
_ERRORS_MAX = 20
# The most that an answer of `agent.output_tokens_max` usually has; what is longer is wrong in its length.
_REPAIR_CHARACTERS_MAX = 8192
# An object may have any number of keys; a sentence shows the first.
_KEYS_SHOWN = 10
_EVENT_NAME = re.compile(r"e([1-9][0-9]{0,4})")
_ID = re.compile(r"[0-9a-f]{12}")

_Fields: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class AnswerReading:
    """What an answer says.

    Attributes:
        operations: Those that are well formed, in order; whether events support them is seen when they are applied.
        product: The operator's own message; None when it was not asked for or cannot be used.
        errors: What is wrong, a sentence each, in words that a model can mend its answer by.
        product_errors: Those of them that are of the operator's own message.
        is_usable: Whether it can be applied as it is: it has the form that was asked for, and is not all wrong.
    """

    operations: list[Operation] = field(default_factory=list)
    product: PackedMessage | None = None
    errors: list[str] = field(default_factory=list)
    product_errors: list[str] = field(default_factory=list)
    is_usable: bool = False

    @property
    def to_mend(self) -> list[str]:
        """Return what the model is asked to mend: all that is wrong with an answer that cannot be used, or its product.

        Once a question: a model that gets the form wrong twice gets it wrong again. Operations that the events do not
        support are no reason either: asked again, a model only finds other words for them.
        """
        return self.product_errors if self.is_usable else self.errors


def read_answer(
    text: str,
    event_ids: Sequence[str],
    *,
    product_schema: ProductSchema | None = None,
    product_refusal_of: RefusalOf = refusal_of,
) -> AnswerReading:
    """Read a model's answer; whatever it is, there is no exception.

    Args:
        text: The answer.
        event_ids: The events of the prompt; `event_ids[0]` is what the model calls e1. One that is gone meanwhile is
            an empty string: an operation that cites it fails alone, when it is applied.
        product_schema: The schema of the operator's own message, where the prompt asked for one.
        product_refusal_of: Says why a free string of that message must not stand in a profile, as `ProductSupport`
            does by what is known of the user.
    """
    try:
        answer = _parsed(text, {"operations"} | ({"product"} if product_schema else set()))
    except FieldError as error:
        return AnswerReading(errors=[error.message])
    operations, errors = _operations(answer["operations"], event_ids)
    product, product_errors = None, []
    if product_schema is not None:
        message = product_schema.read(answer["product"], product_refusal_of)
        if isinstance(message, list):
            product_errors = message[:_ERRORS_MAX]
        else:
            product = product_schema.pack(message)
    errors += product_errors
    is_usable = bool(operations) or product is not None or not errors
    return AnswerReading(operations, product, errors[:_ERRORS_MAX], product_errors, is_usable)


def repair(text: str, reading: AnswerReading) -> Repair | None:
    """Return what is to be mended of an answer; None when nothing is."""
    if not reading.to_mend:
        return None
    return Repair(answer=text[:_REPAIR_CHARACTERS_MAX], errors="\n".join(reading.to_mend))


def _operations(rows: Sequence[object], event_ids: Sequence[str]) -> tuple[list[Operation], list[str]]:
    operations: list[Operation] = []
    errors: list[str] = []
    for number, row in enumerate(rows):
        try:
            operations.append(_operation(row, event_ids))
        except FieldError as error:
            errors.append(f"operations[{number}].{error.message}")
    return operations, errors


def _parsed(text: str, keys: set[str]) -> _Fields:
    if len(text) > _ANSWER_CHARACTERS_MAX:
        raise FieldError("answer", f"{len(text)} characters", f"at most {_ANSWER_CHARACTERS_MAX}")
    try:
        answer = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise FieldError("answer", quoted(text), "one JSON object, and nothing around it") from exc
    if not isinstance(answer, dict) or answer.keys() != keys:
        raise FieldError("answer", _shape(answer), f"an object with exactly {_listed(keys)}")
    rows = answer["operations"]
    if not isinstance(rows, list) or len(rows) > OPERATIONS_MAX:
        raise FieldError("operations", _shape(rows), f"a list of at most {OPERATIONS_MAX}, the most useful")
    return answer


def _no_number(constant: str) -> float:
    raise ValueError(constant)


def _operation(row: object, event_ids: Sequence[str]) -> Operation:
    if not isinstance(row, dict):
        raise FieldError("op", _shape(row), "an object")
    op = row.get("op")
    if not isinstance(op, str) or op not in _READERS:
        raise FieldError("op", _shape(op), " | ".join(_READERS))
    allowed, read = _READERS[op]
    keys = {"op", "events", *allowed}
    if row.keys() != keys:
        raise FieldError("op", f"{op} with {_listed(row.keys())}", f"exactly {_listed(keys)}")
    return read(row, _events(row["events"], event_ids))


def _add_belief(row: _Fields, events: tuple[str, ...]) -> Operation:
    return AddBelief(_name(row, "subject"), _statement(row, "statement"), events)


def _reinforce_belief(row: _Fields, events: tuple[str, ...]) -> Operation:
    return ReinforceBelief(_identifier(row), events)


def _revise_belief(row: _Fields, events: tuple[str, ...]) -> Operation:
    return ReviseBelief(_identifier(row), _statement(row, "statement"), events)


def _close_belief(row: _Fields, events: tuple[str, ...]) -> Operation:
    return CloseBelief(_identifier(row), events)


def _add_goal(row: _Fields, events: tuple[str, ...]) -> Operation:
    return AddGoal(_statement(row, "statement"), events)


def _close_goal(row: _Fields, events: tuple[str, ...]) -> Operation:
    return CloseGoal(_identifier(row), events)


def _set_expertise(row: _Fields, events: tuple[str, ...]) -> Operation:
    level = row["level"]
    # A bool is an int in Python, and no level.
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 <= level <= 1:
        raise FieldError("level", _shape(level), "a number from 0 to 1")
    return SetExpertise(_name(row, "area"), float(level), events)


def _set_preference(row: _Fields, events: tuple[str, ...]) -> Operation:
    return SetPreference(_name(row, "key"), _statement(row, "value"), events)


def _set_presentation(row: _Fields, events: tuple[str, ...]) -> Operation:
    presentation = profile_pb2.Presentation(
        depth=_one_of(row, "depth", _DEPTHS),
        tone=_one_of(row, "tone", {tone: tone for tone in _TONES}),
        length=_one_of(row, "length", _LENGTHS),
        example_domains=_names(row, "example_domains", EXAMPLE_DOMAINS_MAX),
        emphasis=_names(row, "emphasis", EMPHASIS_MAX),
    )
    return SetPresentation(presentation, events)


_TONES = ("direct", "friendly", "formal", "neutral")
_DEPTHS = {
    "overview": profile_pb2.DEPTH_OVERVIEW,
    "standard": profile_pb2.DEPTH_STANDARD,
    "deep": profile_pb2.DEPTH_DEEP,
}
_LENGTHS = {
    "short": profile_pb2.LENGTH_SHORT,
    "medium": profile_pb2.LENGTH_MEDIUM,
    "long": profile_pb2.LENGTH_LONG,
}
_Reader: TypeAlias = Callable[[_Fields, tuple[str, ...]], Operation]
_READERS: Mapping[str, tuple[tuple[str, ...], _Reader]] = {
    "add_belief": (("subject", "statement"), _add_belief),
    "reinforce_belief": (("id",), _reinforce_belief),
    "revise_belief": (("id", "statement"), _revise_belief),
    "close_belief": (("id",), _close_belief),
    "add_goal": (("statement",), _add_goal),
    "close_goal": (("id",), _close_goal),
    "set_expertise": (("area", "level"), _set_expertise),
    "set_preference": (("key", "value"), _set_preference),
    "set_presentation": (
        ("depth", "tone", "length", "example_domains", "emphasis"),
        _set_presentation,
    ),
}


def _events(cited: object, event_ids: Sequence[str]) -> tuple[str, ...]:
    if not isinstance(cited, list) or not 1 <= len(cited) <= _EVENTS_MAX:
        raise FieldError("events", _shape(cited), f"a list of 1 to {_EVENTS_MAX} of the events given")
    return tuple(dict.fromkeys(_event(name, event_ids) for name in cited))


def _event(name: object, event_ids: Sequence[str]) -> str:
    match = _EVENT_NAME.fullmatch(name) if isinstance(name, str) else None
    if match is None or int(match[1]) > len(event_ids):
        raise FieldError("events", _shape(name), f"e1 to e{len(event_ids)}" if event_ids else "nothing")
    return event_ids[int(match[1]) - 1]


def _identifier(row: _Fields) -> str:
    found = row["id"]
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise FieldError("id", _shape(found), "the id of a belief or goal that was given")
    return found


def _name(row: _Fields, key: str) -> str:
    return _text(row[key], key, SUBJECT_BYTES_MAX)


def _statement(row: _Fields, key: str) -> str:
    return _text(row[key], key, STATEMENT_BYTES_MAX)


def _names(row: _Fields, key: str, count_max: int) -> list[str]:
    found = row[key]
    if not isinstance(found, list) or len(found) > count_max:
        raise FieldError(key, _shape(found), f"a list of at most {count_max} names")
    return [_text(each, key, SUBJECT_BYTES_MAX) for each in found]


def _text(found: object, key: str, bytes_max: int) -> str:
    if not isinstance(found, str):
        raise FieldError(key, _shape(found), "a text")
    text = found.strip()
    # A lone surrogate is no character, and has no bytes in UTF-8.
    size_bytes = len(text.encode("utf-8", "replace"))
    if not 1 <= size_bytes <= bytes_max:
        raise FieldError(key, f"{size_bytes} bytes", f"1 to {bytes_max} bytes of UTF-8")
    fault = fault_in(text)
    if fault is not None:
        raise FieldError(key, fault.found, fault.allowed)
    return text


def _one_of(row: _Fields, key: str, values: Mapping[str, Any]) -> Any:
    found = row[key]
    if not isinstance(found, str) or found not in values:
        raise FieldError(key, _shape(found), " | ".join(values))
    return values[found]


def _shape(found: object) -> str:
    """Return what was found, in a few words: a text or number itself, of all else its kind."""
    if isinstance(found, str):
        return quoted(found)
    if isinstance(found, list):
        return f"a list of {len(found)}"
    if isinstance(found, dict):
        return f"an object with {_listed(found)}" if found else "an empty object"
    return "nothing" if found is None else quoted(str(found))


def _listed(keys: Iterable[str]) -> str:
    return ", ".join(sorted(map(quoted, islice(keys, _KEYS_SHOWN))))
