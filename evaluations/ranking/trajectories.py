"""Conversations of an agent with tools, each of its steps a choice among them: files of tau-bench."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from evaluations.ranking.bins import doubling
from evaluations.ranking.point import Point
from foreword.errors import FieldError
from foreword.importers.byte_source import bytes_at
from ranking.example import Action, Context

RESPOND = "respond"
"""What an agent does that calls no tool: it answers."""
_FORM = "a JSON array of objects with `traj`, a list of messages with `role` and `content`"
# A file is read as a whole; the largest published are some 50 MB.
_FILE_BYTES_MAX = 1 << 30
# As many as RankActions takes.
_TOOLS_MAX = 500
_ID_BYTES_MAX = 256
_TEXT_CHARACTERS_MAX = 2000
# The file has no times. What follows itself in a conversation is taken to be a minute apart, conversations a day.
_STEP_MS = 60_000
_CONVERSATION_MS = 86_400_000
_LAST = 3
NOTHING_BEFORE = "none"


class Step(NamedTuple):
    """What an agent did, and what it knew then.

    Attributes:
        tool: What it called, or `respond`.
        said: The user's last words.
        outcome: What came of the step before: `user` when the user answered, `ok`, `empty` or `error` of a tool.
    """

    tool: str
    said: str
    outcome: str


@dataclass(frozen=True)
class Conversation:
    """One run of the agent with one user.

    Attributes:
        user: With whom; the task's number where no user is named.
        steps: In their order.
    """

    user: str
    steps: Sequence[Step]


def read_conversations(file: Path) -> list[Conversation]:
    """Return the conversations of a file, gzip by suffix, in its order.

    Raises:
        FieldError: It cannot be read, an entry is not in this form, or no agent does anything; names entry and field.
    """
    with bytes_at(file).open() as content:
        text = content.read(_FILE_BYTES_MAX + 1)
    if len(text) > _FILE_BYTES_MAX:
        raise FieldError(file.name, f"more than {_FILE_BYTES_MAX:,} bytes", _FORM)
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise FieldError(file.name, "no JSON", _FORM) from exc
    if not isinstance(rows, list):
        raise FieldError(file.name, f"JSON that is no array ({type(rows).__name__})", _FORM)
    conversations = [_conversation(f"{file.name}[{number}]", row) for number, row in enumerate(rows)]
    if not any(each.steps for each in conversations):
        raise FieldError(file.name, "no step of an agent", _FORM)
    return conversations


def step_points(conversations: Sequence[Conversation]) -> list[Point]:
    """Return a point for each step: all tools that the file names are its actions, the one taken has the reward 1.

    Raises:
        FieldError: There are more tools than can be ranked.
    """
    tools = sorted({step.tool for each in conversations for step in each.steps})
    if len(tools) > _TOOLS_MAX:
        raise FieldError("--trajectories", f"{len(tools)} tools", f"at most {_TOOLS_MAX}")
    actions = [Action(tool, attributes={"kind": tool.partition("_")[0]}) for tool in tools]
    points = []
    for number, conversation in enumerate(conversations):
        for position, step in enumerate(conversation.steps):
            context = Context(
                number * _CONVERSATION_MS + position * _STEP_MS,
                _moment(conversation.steps[:position], step),
                step.said[:_TEXT_CHARACTERS_MAX],
                session_id=str(number),
            )
            points.append(
                Point(conversation.user, context, actions, [float(tool == step.tool) for tool in tools])
            )
    return points


def _moment(before: Sequence[Step], step: Step) -> dict[str, str]:
    """Return the facts of a moment: the last tools, the last outcome, how far the conversation is."""
    last = [each.tool for each in reversed(before[-_LAST:])]
    last += [NOTHING_BEFORE] * (_LAST - len(last))
    moment = {f"last_{number + 1}": tool for number, tool in enumerate(last)}
    return moment | {
        "last_two": f"{last[0]} {last[1]}",
        "outcome": f"{last[0]} {step.outcome}",
        "position": doubling(len(before)),
    }


def _conversation(place: str, row: Any) -> Conversation:
    if not isinstance(row, dict):
        raise FieldError(place, type(row).__name__, _FORM)
    messages = _field(place, row, "traj", list)
    steps = list(_steps(f"{place}.traj", messages))
    return Conversation(_user(row), steps)


def _user(row: Mapping[str, Any]) -> str:
    task = row.get("info", {})
    task = task.get("task", {}) if isinstance(task, dict) else {}
    user = task.get("user_id") if isinstance(task, dict) else None
    return str(user or row.get("task_id", ""))


def _steps(place: str, messages: Sequence[Any]) -> Iterator[Step]:
    said, outcome = "", NOTHING_BEFORE
    for number, message in enumerate(messages):
        where = f"{place}[{number}]"
        if not isinstance(message, dict):
            raise FieldError(where, type(message).__name__, _FORM)
        role = _field(where, message, "role", str)
        text = message.get("content")
        if not isinstance(text, str | None):
            raise FieldError(f"{where}: content", type(text).__name__, "text, or null")
        match role:
            case "user":
                said, outcome = text or "", "user"
            case "tool":
                outcome = _outcome(text or "")
            case "assistant":
                for tool in _tools(where, message):
                    yield Step(tool, said, outcome)
            case "system":
                pass
            case _:
                raise FieldError(f"{where}: role", repr(role[:80]), "system, user, assistant or tool")


def _tools(place: str, message: Mapping[str, Any]) -> list[str]:
    calls = message.get("tool_calls")
    if calls is None or calls == []:
        return [RESPOND]
    try:
        names = [call["function"]["name"] for call in calls]
    except (TypeError, KeyError) as exc:
        raise FieldError(
            f"{place}: tool_calls", repr(calls)[:80], "a list with function.name in each"
        ) from exc
    for name in names:
        if not isinstance(name, str) or not 1 <= len(name.encode()) <= _ID_BYTES_MAX:
            raise FieldError(f"{place}: function.name", repr(name)[:80], f"1 to {_ID_BYTES_MAX} bytes")
    return names


def _outcome(text: str) -> str:
    if text.startswith("Error"):
        return "error"
    return "ok" if text.strip() not in ("", "[]", "{}") else "empty"


def _field(place: str, row: Mapping[str, Any], name: str, kind: type) -> Any:
    if not isinstance(row.get(name), kind):
        found = type(row[name]).__name__ if name in row else "nothing"
        raise FieldError(f"{place}: {name}", found, _FORM)
    return row[name]
