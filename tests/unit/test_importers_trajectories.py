"""Logs of agents and assistants: which events are in them, and what is refused by name."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from shared_events import FOLDER, needs_shared_data

from foreword.clock import ManualClock
from foreword.errors import FieldError
from foreword.importers import Form, Row, Trajectories, TrajectoryOptions, json_records
from foreword.v1.event_pb2 import Event, Feedback

START_MS = 1_760_000_000_000
OPTIONS = TrajectoryOptions(start_ms=START_MS)


def call(tool: str, call_id: str = "c1") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": tool, "arguments": "{}"}}


def user(text: str, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": text, **more}


def assistant(text: str | None = None, *calls: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **({"tool_calls": list(calls)} if calls else {})}


def tool(text: str, call_id: str = "c1") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": text}


RUN = [
    {"role": "system", "content": "You help."},
    user("find the failing test"),
    assistant(None, call("grep", "a"), call("read_file", "b")),
    tool("3 matches", "a"),
    tool("FileNotFoundError: no such file: x.py", "b"),
    assistant("It is test_a."),
]
OPENAI = {"user": "ann", "conversation_id": "s1", "messages": RUN}


def written(path: Path, *records: Any) -> Path:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    return path


def rows(path: Path, options: TrajectoryOptions = OPTIONS) -> list[Row]:
    return list(Trajectories(path, options, clock=ManualClock()).rows())


def events(path: Path, options: TrajectoryOptions = OPTIONS) -> list[Event]:
    found = rows(path, options)
    assert [row.refusal for row in found if row.event is None] == []
    return [row.event for row in found if row.event is not None]


def refusals(path: Path, options: TrajectoryOptions = OPTIONS) -> list[tuple[int, str]]:
    return [(row.number, row.refusal) for row in rows(path, options) if row.event is None]


def kinds(found: Sequence[Event]) -> list[str]:
    return [event.type for event in found]


# -- forms ------------------------------------------------------------------------------------------------


def test_openai_messages_become_requests_and_calls_with_what_came_of_them(tmp_path: Path) -> None:
    """A user's turn and each call of a tool is an event; a call says whether it failed, and how."""
    asked, grep, read = events(written(tmp_path / "a.jsonl", OPENAI))
    assert kinds([asked, grep, read]) == ["agent.request", "agent.tool_call", "agent.tool_call"]
    assert (asked.user_id, asked.session_id, asked.text) == ("ann", "s1", "find the failing test")
    assert grep.item_id == "tool:grep"
    assert dict(grep.attributes) == {"tool": "grep", "position": "1", "outcome": "ok"}
    assert dict(read.attributes) == {
        "tool": "read_file",
        "position": "2",
        "outcome": "error",
        "error_type": "FileNotFoundError",
    }


def test_the_responses_form_is_read(tmp_path: Path) -> None:
    """Items of what was sent and of what came back are one conversation."""
    record = {
        "metadata": {"user_id": 7},
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "look"}]}],
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "call_id": "x", "name": "search", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "x", "output": '{"error": {"type": "timeout"}}'},
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Nothing."}],
            },
        ],
    }
    asked, searched = events(written(tmp_path / "a.jsonl", record))
    assert (asked.user_id, asked.text) == ("7", "look")
    assert searched.attributes["error_type"] == "timeout"


def test_anthropic_blocks_are_read(tmp_path: Path) -> None:
    """A tool_use with its tool_result is a call; `is_error` decides, whatever the words."""
    record = {
        "request": {
            "metadata": {"user_id": "ann"},
            "messages": [
                user("look"),
                {
                    "role": "assistant",
                    "content": [
                        {"type": "text", "text": "I look."},
                        {"type": "tool_use", "id": "t1", "name": "search", "input": {}},
                        {"type": "tool_use", "id": "t2", "name": "read", "input": {}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "t1", "content": "Error: of the log itself"},
                        {
                            "type": "tool_result",
                            "tool_use_id": "t2",
                            "is_error": True,
                            "content": [{"type": "text", "text": "permission denied"}],
                        },
                        {"type": "text", "text": "go on"},
                    ],
                },
            ],
        },
        "response": {"role": "assistant", "content": [{"type": "tool_use", "id": "t3", "name": "stop"}]},
    }
    found = events(written(tmp_path / "a.jsonl", record))
    assert [event.item_id or event.text for event in found] == [
        "look",
        "tool:search",
        "tool:read",
        "go on",
        "tool:stop",
    ]
    assert [event.attributes.get("outcome") for event in found if event.item_id] == ["ok", "error", None]
    assert found[2].attributes["error_type"] == "permission"


def test_a_run_of_tau_bench_ends_in_an_outcome(tmp_path: Path) -> None:
    """The user is the task's, a trial is a session, and the reward is the outcome's value."""
    runs = [
        {
            "task_id": 3,
            "trial": trial,
            "reward": reward,
            "info": {"task": {"user_id": "mia"}},
            "traj": RUN,
        }
        for trial, reward in enumerate((0.0, 1.0))
    ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(runs))
    found = events(path)
    assert kinds(found) == ["agent.request", "agent.tool_call", "agent.tool_call", "agent.outcome"] * 2
    assert [event.value for event in found if event.type == "agent.outcome"] == [0.0, 1.0]
    assert {event.session_id for event in found} == {"task-3-0", "task-3-1"}
    assert {event.user_id for event in found} == {"mia"}


def telemetry(state: str, second: int, **more: Any) -> dict[str, Any]:
    return {
        "UserId": 0,
        "TimeGenerated": f"2022-08-08T16:05:{second:02}.904Z",
        "StateName": state,
        "CurrentSuggestion": '"(X, y)"',
        "Task": "Plots",
        "Measurements": {"compCharLen": 6 + second, "numLines": 1, "confidence": 0.597},
        **more,
    }


def test_telemetry_becomes_what_was_taken_and_turned_down(tmp_path: Path) -> None:
    """A decision is one event, with what the row that showed the suggestion last said of it."""
    path = written(
        tmp_path / "a.jsonl",
        telemetry("Shown", 1),
        telemetry("Replay", 2),
        telemetry("Accepted", 3),
        telemetry("Browsing", 4),
        telemetry("Rejected", 5),
    )
    taken, refused = events(path)
    assert (taken.type, taken.feedback, taken.user_id) == ("agent.suggestion", Feedback.FEEDBACK_ACCEPT, "0")
    assert (list(taken.topics), taken.text) == (["Plots"], "(X, y)")
    assert dict(taken.attributes) == {"length": "8", "lines": "1", "confidence": "0.6"}
    # Nothing was shown again: what the row of a decision measures is not taken for what was known before it.
    assert (refused.feedback, dict(refused.attributes)) == (Feedback.FEEDBACK_REJECT, {})
    assert taken.time.ToJsonString() == "2022-08-08T16:05:03.904Z"


@pytest.mark.parametrize(
    "form", ["lines", "array", "whole", "indented", "gzip", "messages", "array of messages"]
)
def test_a_conversation_is_the_same_however_the_file_holds_it(tmp_path: Path, form: str) -> None:
    """Lines, an array, one record, gzip, and a message a line give the same events with the same ids."""
    path = tmp_path / ("a.json.gz" if form == "gzip" else "a.json")
    named = {"user": "ann", "conversation_id": "s1"}
    content = {
        "array": json.dumps([OPENAI]),
        "whole": json.dumps(OPENAI),
        "indented": json.dumps(OPENAI, indent=2),
        "messages": "\n".join(json.dumps({**named, **message}) for message in RUN),
        "array of messages": json.dumps([{**named, **message} for message in RUN]),
    }.get(form, json.dumps(OPENAI) + "\n")
    path.write_bytes(gzip.compress(content.encode()) if form == "gzip" else content.encode())
    assert events(path) == events(written(tmp_path / "b.jsonl", OPENAI))


def test_messages_in_objects_of_their_own_are_read(tmp_path: Path) -> None:
    """A log that wraps each message, with session and time beside it, is one conversation a session."""
    lines = [
        {"sessionId": "s", "timestamp": f"2026-01-02T03:04:0{second}Z", "type": "x", "message": message}
        for second, message in enumerate((user("one"), assistant("two"), user("three")))
    ]
    path = written(tmp_path / "a.jsonl", *lines, {**lines[0], "sessionId": "t"})
    found = events(path, TrajectoryOptions(user="ann"))
    assert [(event.text, event.session_id) for event in found] == [("one", "s"), ("three", "s"), ("one", "t")]
    assert [event.time.ToJsonString() for event in found[:2]] == [
        "2026-01-02T03:04:00Z",
        "2026-01-02T03:04:02Z",
    ]


def test_a_form_that_is_asked_for_is_held(tmp_path: Path) -> None:
    """A record of another form than --form says is refused; words alone are written alike by both."""
    path = written(tmp_path / "a.jsonl", OPENAI, {"user": "bob", "messages": [user("hi")]})
    options = TrajectoryOptions(form=Form.ANTHROPIC, start_ms=START_MS)
    assert refusals(path, options) == [
        (1, "record: found the form openai; allowed: anthropic, as --form says")
    ]


# -- who and when -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "named",
    [
        {"user_id": "ann"},
        {"user": {"id": "ann"}},
        {"metadata": {"user_id": "ann"}},
        {"UserId": "ann"},
        {"request": {"user": "ann"}},
    ],
)
def test_the_user_is_found_under_usual_names(tmp_path: Path, named: dict[str, Any]) -> None:
    """Logs name users in several ways, in the record or in its metadata."""
    (event,) = events(written(tmp_path / "a.jsonl", {**named, "messages": [user("hi")]}))
    assert event.user_id == "ann"


def test_the_user_comes_from_options(tmp_path: Path) -> None:
    """--user-field names where the user stands, and --user is for records that name none; else they are refused."""
    path = written(tmp_path / "a.jsonl", {"messages": [user("hi")], "who": {"key": "bob"}})
    (event,) = events(path, TrajectoryOptions(user_field="who.key", start_ms=START_MS))
    assert event.user_id == "bob"
    (event,) = events(path, TrajectoryOptions(user="ann", start_ms=START_MS))
    assert event.user_id == "ann"
    ((number, refusal),) = refusals(path)
    assert number == 1
    assert refusal.startswith("user: found none; allowed: one under user_id, userId")


def test_times_are_a_messages_own_or_follow_in_seconds(tmp_path: Path) -> None:
    """A message's time holds, then the record's with a second a message, then the start; ever later."""
    path = written(
        tmp_path / "a.jsonl",
        {"user": "a", "messages": [user("1", timestamp=1_760_000_100), user("2"), user("3", timestamp=5)]},
        {"user": "a", "created_at": "2026-01-01T00:00:00Z", "messages": [user("4"), user("5")]},
        {"user": "a", "messages": [user("6"), user("7")]},
        {"user": "a", "messages": [user("8")]},
    )
    source = Trajectories(path, OPTIONS)
    found = [row.event.time.ToMilliseconds() for row in source.rows() if row.event is not None]
    new_year_ms = 1_767_225_600_000
    assert found == [
        1_760_000_100_000,
        1_760_000_101_000,
        1_760_000_101_001,
        new_year_ms,
        new_year_ms + 1000,
        START_MS,
        START_MS + 1000,
        START_MS + 2000,
    ]
    assert source.notes() == [
        "4 conversations: 8 agent.request",
        "without a time, so taken as one second apart from 2025-10-09T08:53:20Z on (--start): 3 messages",
    ]


def test_the_end_of_time_is_refused_by_the_store_alone(tmp_path: Path) -> None:
    """A message of the last second there is has a next one in the same millisecond, and none is lost on the way."""
    messages = [user("1", timestamp="9999-12-31T23:59:59Z"), user("2"), user("3")]
    found = events(written(tmp_path / "a.jsonl", {"user": "a", "messages": messages}))
    assert [event.time.seconds for event in found] == [253_402_300_799] * 3


def test_parallel_calls_keep_their_order(tmp_path: Path) -> None:
    """Calls of one message are a millisecond apart, since the store orders events by time."""
    _, first, second = events(written(tmp_path / "a.jsonl", OPENAI))
    assert second.time.ToMilliseconds() == first.time.ToMilliseconds() + 1


def test_attributes_are_taken_where_they_are_stated(tmp_path: Path) -> None:
    """What a record states of domain and language goes before what the command says; a tool's topic is the domain."""
    record = {**OPENAI, "metadata": {"language": "go", "domain": "code"}, "repository": "shop"}
    options = TrajectoryOptions(start_ms=START_MS, attributes=(("domain", "x"), ("team", "t")))
    asked, grep, _ = events(written(tmp_path / "a.jsonl", record), options)
    assert dict(asked.attributes) == {"language": "go", "domain": "code", "repo": "shop", "team": "t"}
    assert list(grep.topics) == ["code"]


# -- what it comes to -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said", "is_correction"),
    [
        ("Done.", "No, use the other file", True),
        ("Done.", "That's not what I asked for", True),
        ("Done.", "I meant the second one", True),
        ("Done.", "Shorter please", True),
        ("Which one?", "I meant the second one", True),
        ("Insurance?", "No, I do not want insurance", False),
        ("How long?", "Shorter please", False),
        ("Done.", "No, thank you", False),
        ("Done.", "Thanks for the details", False),
        ("Done.", "Now run the tests", False),
        ("Done.", "That's not " + "very " * 60 + "good", False),
        ("", "No, use the other file", False),
    ],
)
def test_only_what_clearly_corrects_an_answer_is_a_correction(
    tmp_path: Path, answer: str, said: str, is_correction: bool
) -> None:
    """A turn after an answer is a follow-up with a correction by a rule that would rather miss one."""
    messages = [user("do it"), *([assistant(answer)] if answer else []), user(said)]
    last = events(written(tmp_path / "a.jsonl", {"user": "a", "messages": messages}))[-1]
    expected = ("agent.follow_up", Feedback.FEEDBACK_CORRECTION) if is_correction else ("agent.request", 0)
    assert (last.type, last.feedback) == expected


@pytest.mark.parametrize(
    ("said", "value", "feedback"),
    [
        ({"reward": 0.25}, 0.25, 0),
        ({"reward": True}, 1.0, 0),
        ({"feedback": "thumbs_up"}, None, Feedback.FEEDBACK_ACCEPT),
        ({"metadata": {"accepted": False}}, None, Feedback.FEEDBACK_REJECT),
        ({"score": 1, "feedback": "rejected"}, 1.0, Feedback.FEEDBACK_REJECT),
    ],
)
def test_an_outcome_is_what_the_record_says(
    tmp_path: Path, said: dict[str, Any], value: float | None, feedback: int
) -> None:
    """A reward is the outcome's value, and a word that is known its feedback."""
    outcome = events(written(tmp_path / "a.jsonl", {**OPENAI, **said}))[-1]
    assert outcome.type == "agent.outcome"
    assert (outcome.value if outcome.HasField("value") else None, outcome.feedback) == (value, feedback)


@pytest.mark.parametrize(
    ("text", "outcome", "error_type"),
    [
        ("Error: payment method not found", "error", "not_found"),
        ("error connecting: timed out", "error", "timeout"),
        (
            "Traceback (most recent call last):\n  x\nsqlite3.OperationalError: locked",
            "error",
            "OperationalError",
        ),
        ('{"status": "error", "code": "E42"}', "error", "E42"),
        ('{"ok": false}', "error", None),
        ('{"error": null, "type": "list"}', "ok", None),
        ("No errors found", "ok", None),
        ("", "ok", None),
        ("[" * 100_000, "ok", None),
    ],
)
def test_a_tools_failure_is_told_by_its_result(
    tmp_path: Path, text: str, outcome: str, error_type: str | None
) -> None:
    """A result fails that begins with such a word or is an object that says so."""
    messages = [user("go"), assistant(None, call("t")), tool(text)]
    (_, called) = events(written(tmp_path / "a.jsonl", {"user": "a", "messages": messages}))
    assert (called.attributes["outcome"], called.attributes.get("error_type")) == (outcome, error_type)


def test_texts_are_cut_on_a_character(tmp_path: Path) -> None:
    """What is longer than an event holds is cut there; what UTF-8 cannot hold is no text."""
    messages = [user("é" * 5000), assistant(None, call("t" * 300)), user("a\ud800b")]
    asked, called, odd = events(written(tmp_path / "a.jsonl", {"user": "a", "messages": messages}))
    assert asked.text == "é" * 4096
    assert (len(called.item_id), len(called.attributes["tool"])) == (256, 256)
    assert odd.text == "a?b"


# -- twice is once ----------------------------------------------------------------------------------------


def test_ids_are_the_same_when_read_again(tmp_path: Path) -> None:
    """The same log has the same ids, under another name and start, and all of one file differ."""
    records = [OPENAI, {"user": "bob", "messages": RUN, "reward": 1}, {"user": "bob", "messages": RUN[:4]}]
    first = [event.event_id for event in events(written(tmp_path / "a.jsonl", *records))]
    again = [event.event_id for event in events(written(tmp_path / "b.jsonl", *records), TrajectoryOptions())]
    assert first == again
    assert len(set(first)) == len(first)


def test_a_log_that_grew_counts_what_is_new(tmp_path: Path) -> None:
    """A conversation that went on keeps the ids of what was said before."""
    before = {event.event_id for event in events(written(tmp_path / "a.jsonl", OPENAI))}
    longer = {**OPENAI, "messages": [*RUN, user("and now?")]}
    after = [event.event_id for event in events(written(tmp_path / "a.jsonl", longer))]
    assert set(after[:3]) == before
    assert after[3] not in before


def test_a_log_of_calls_counts_each_turn_once(tmp_path: Path) -> None:
    """Records that each repeat the conversation so far are one conversation, and calls have their results."""
    calls = [{"user": "ann", "created": START_MS, "messages": RUN[:length]} for length in (2, 3, 6)]
    found = events(written(tmp_path / "a.jsonl", *calls))
    assert kinds(found) == ["agent.request", "agent.tool_call", "agent.tool_call"]
    assert [event.attributes.get("outcome") for event in found] == [None, "ok", "error"]
    # With others in between, what is repeated has the same ids.
    other = {"user": "bob", "messages": RUN[:2]}
    mixed = events(written(tmp_path / "b.jsonl", calls[0], other, calls[2]))
    assert Counter(event.event_id for event in mixed if event.user_id == "ann").most_common(1)[0][1] == 2


def test_conversations_that_begin_alike_are_two(tmp_path: Path) -> None:
    """Two conversations of a user that open with the same words count twice."""
    records = [{"user": "a", "messages": [user("hi"), assistant(answer)]} for answer in ("One.", "Two.")]
    assert len({event.event_id for event in events(written(tmp_path / "a.jsonl", *records))}) == 2


# -- bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "named"),
    [
        ("{", "record: found no JSON at character 2"),
        ("[1, 2", "record: found no JSON"),
        ("3", "record: found 3 (int); allowed: messages with roles"),
        ('{"a": 1}', "record: found an object with 'a'; allowed: messages with roles"),
        ("{}", "record: found an empty object"),
        ('{"user": "a", "messages": []}', "record: found an object with 'user', 'messages'"),
        ('{"user": [], "messages": [{"role": "user", "content": "x"}]}', "user: found [] (list)"),
        (
            '{"user": "a", "created": "soon", "messages": [{"role": "user", "content": "x"}]}',
            "created: found 'soon'",
        ),
        ('{"user": "a", "messages": [3]}', "messages[0]: found 3 (int); allowed: a message"),
        ('{"user": "a", "messages": [{"role": "boss"}]}', "messages[0].role: found 'boss' (str)"),
        ('{"user": "a", "messages": [{"role": "user", "content": 3}]}', "messages[0].content: found 3 (int)"),
        (
            '{"user": "a", "messages": [{"role": "user", "content": [{"type": "text", "text": 4}]}]}',
            "messages[0].content[0].text: found 4 (int)",
        ),
        (
            '{"user": "a", "messages": [{"role": "assistant", "tool_calls": [{"id": "x"}]}]}',
            "messages[0].tool_calls[0].function: found None",
        ),
        (
            '{"user": "a", "messages": [{"role": "assistant", "tool_calls": [{"function": {"name": ""}}]}]}',
            "messages[0].tool_calls[0].function.name: found '' (str)",
        ),
        (
            '{"user": "a", "messages": [{"role": "tool", "tool_call_id": "x", "content": "y"}]}',
            "tool_call_id: found 'x'; allowed: that of a call before",
        ),
        (
            '{"user": "a", "reward": 7, "messages": [{"role": "assistant", "content": "y"}]}',
            "reward: found 7; allowed: 0 to 1",
        ),
        (
            '{"user": "a", "reward": NaN, "messages": [{"role": "assistant", "content": "y"}]}',
            "reward: found nan (float); allowed: a finite number",
        ),
    ],
)
def test_what_is_bad_is_named_and_the_rest_kept(tmp_path: Path, record: str, named: str) -> None:
    """A bad line, field or message is refused with its line, what was found and what is allowed."""
    path = tmp_path / "a.jsonl"
    path.write_text(f"{json.dumps(OPENAI)}\n{record}\n{json.dumps({**OPENAI, 'user': 'bob'})}\n")
    found = rows(path)
    assert [(row.number, row.refusal[: len(named)]) for row in found if row.event is None] == [(2, named)]
    assert Counter(row.event.user_id for row in found if row.event is not None) == {"ann": 3, "bob": 3}


def test_a_bad_message_costs_that_message(tmp_path: Path) -> None:
    """The messages around one that is none are kept."""
    record = {"user": "a", "messages": [user("one"), {"role": "user", "content": {}}, user("two")]}
    found = rows(written(tmp_path / "a.jsonl", record))
    assert [row.event.text if row.event else row.raw for row in found] == [
        "one",
        json.dumps(record["messages"][1]),
        "two",
    ]


def test_an_array_is_kept_up_to_where_it_breaks(tmp_path: Path) -> None:
    """Records before the damage in an array are taken, and the damage is named by the place of its record."""
    path = tmp_path / "a.json"
    path.write_text(f"[{json.dumps(OPENAI)}, {json.dumps(OPENAI)[:50]}")
    found = rows(path)
    assert len([row for row in found if row.event is not None]) == 3
    assert [row.number for row in found if row.event is None] == [2]


def test_a_record_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No record over the limit is read into memory; in lines the next one is, in an array nothing more."""
    monkeypatch.setattr(json_records, "RECORD_BYTES_MAX", 2000)
    monkeypatch.setattr(json_records, "_CHUNK_BYTES", 500)
    long = {"user": "bob", "messages": [user("x" * 5000)]}
    lines = rows(written(tmp_path / "a.jsonl", OPENAI, long, {**OPENAI, "user": "bob"}))
    assert [(row.number, row.refusal) for row in lines if row.event is None] == [
        (2, "record: found over 2,000 bytes; allowed: at most that")
    ]
    assert len(lines) == 7
    path = tmp_path / "a.json"
    path.write_text(json.dumps([OPENAI, OPENAI | {"user": "bob"}, long]))
    array = rows(path)
    assert [row.number for row in array if row.event is None] == [3]
    assert len(array) == 7


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A damaged gzip file is named."""
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(json.dumps([OPENAI] * 20).encode())[:40])
    with pytest.raises(FieldError, match="a whole gzip file"):
        rows(path)


# -- real data --------------------------------------------------------------------------------------------


@needs_shared_data
def test_all_of_tau_bench_is_read() -> None:
    """200 real runs give their requests, calls and outcomes, and nothing is refused or twice."""
    found = events(FOLDER / "tau-bench-airline" / "gpt-4o-airline.json.gz")
    counts = Counter(event.type for event in found)
    assert counts["agent.outcome"] == 200
    assert counts["agent.tool_call"] == 1164
    assert counts["agent.request"] + counts["agent.follow_up"] == 1490
    assert len({event.event_id for event in found}) == len(found)
    assert len({event.user_id for event in found}) == 34
    calls = [event for event in found if event.type == "agent.tool_call"]
    assert {event.attributes["outcome"] for event in calls} == {"ok", "error"}
    # Customers tell what they want and answer questions; hardly anyone corrects.
    assert counts["agent.follow_up"] <= 5


@needs_shared_data
def test_all_of_the_copilots_decisions_are_read() -> None:
    """Each decision of 21 programmers is one event; most were shown before, and say how long the suggestion was."""
    found = events(FOLDER / "copilot-decisions" / "events.jsonl.gz")
    counts = Counter(event.feedback for event in found)
    assert counts == {Feedback.FEEDBACK_REJECT: 710, Feedback.FEEDBACK_ACCEPT: 386}
    assert len({event.event_id for event in found}) == 1096
    assert sum("length" in event.attributes for event in found) > 1000
    assert {"Shown", "outcome"}.isdisjoint(MessageToDict(found[0]).get("attributes", {}))
