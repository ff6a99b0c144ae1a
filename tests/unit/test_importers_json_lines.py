"""JSON lines: what is an event, and what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from foreword.errors import FieldError
from foreword.importers import JsonLines
from foreword.importers.json_event import parse_event
from foreword.v1.event_pb2 import Event, Feedback

TIMES = [
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.678Z",
    "2026-01-02T03:04:05.123456789+02:00",
    "1969-12-31T23:59:59.5Z",
]
ODD = st.sampled_from(
    [
        "x",
        "",
        3,
        2**70,
        1.5,
        -0.0,
        float("nan"),
        float("inf"),
        True,
        None,
        [],
        {},
        ["a"],
        ["a", 1],
        [1, -0.5],
        [1e39],
        [True],
        {"k": "v"},
        {"k": 1},
        "\ud800",
        "2.5s",
        "FEEDBACK_LIKE",
        "FEEDBACK_NONE",
        2,
        "2026-01-02",
        "2026-13-02T03:04:05Z",
        "2026-01-02 03:04:05Z",
        *TIMES,
    ]
)
LENIENT = {"time", "dwell", "value", "feedback", "vector"}
KEYS = st.sampled_from([*Event.DESCRIPTOR.fields_by_name, "eventId", "colour", "userId"])


@given(st.lists(st.tuples(KEYS, ODD), max_size=8))
def test_it_means_what_json_format_means(pairs: list[tuple[str, object]]) -> None:
    """What json_format takes is the same event here, keys given twice included. Where the two differ, this one takes
    a form that tables use, or refuses what is not written as the field's kind."""
    text = "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pairs) + "}"
    keys = {key for key, _ in pairs}
    # Of a field under both of its names json_format takes the last, and we neither.
    differs = keys & LENIENT or any({f"{name}Id", f"{name}_id"} <= keys for name in ("event", "user"))
    try:
        expected = json_format.Parse(text, Event(), ignore_unknown_fields=True)
    except Exception:
        expected = None
    try:
        found = parse_event(text).event
    except FieldError:
        assert expected is None or differs
    else:
        assert found == expected or (expected is None and differs)


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "null", '"x"', "{", "[" * 100_000, '{"text": "a"} x', "1" * 5000]
)
def test_what_is_no_object_is_refused_in_words(text: str) -> None:
    """Anything but one JSON object is refused with a reason, never with a crash."""
    with pytest.raises(FieldError, match="allowed: "):
        parse_event(text)


@pytest.mark.parametrize("time", TIMES)
def test_times_are_exact(time: str) -> None:
    """Times keep their fraction and their offset."""
    expected = Event()
    expected.time.FromJsonString(time)
    assert parse_event(json.dumps({"time": time})).event == expected


@pytest.mark.parametrize(
    "time",
    [964982703, 964982703.0, 964982703000, "964982703", "2000-07-30T18:45:03", "2000-07-30 20:45:03+02:00"],
)
def test_times_in_any_usual_form(time: object) -> None:
    """Seconds, milliseconds, RFC 3339 and a time without a zone are told apart, as in tables."""
    assert parse_event(json.dumps({"time": time})).event.time.ToSeconds() == 964982703


@pytest.mark.parametrize("dwell", [2.5, "2.5", "2.5s", "2.500s"])
def test_a_dwell_is_seconds(dwell: object) -> None:
    """A dwell is a number of seconds, as text too, or what protobuf writes."""
    assert parse_event(json.dumps({"dwell": dwell})).event.dwell.ToMilliseconds() == 2500


@pytest.mark.parametrize("feedback", ["FEEDBACK_LIKE", "like", 1])
def test_a_feedback_is_a_name_or_a_number(feedback: object) -> None:
    """A feedback has the short name that tables use, the whole one, and its number."""
    assert parse_event(json.dumps({"feedback": feedback})).event.feedback == Feedback.FEEDBACK_LIKE


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"user_id": 7}, "user_id: found 7 (int); allowed: text (write '7')"),
        ({"topics": "tests"}, "topics: found 'tests' (str); allowed: a list of texts (write ['tests'])"),
        ({"topics": ["a", 3]}, "topics[1]: found 3 (int)"),
        ({"attributes": {"depth": 3}}, "attributes['depth']: found 3 (int)"),
        ({"attributes": [["a", "b"]]}, "attributes: found "),
        ({"time": "yesterday"}, "time: found 'yesterday'; allowed: an RFC 3339 time"),
        ({"time": "2026-13-02T03:04:05Z"}, "time: found '2026-13-02T03:04:05Z'"),
        ({"time": True}, "time: found True (bool)"),
        ({"time": 1e300}, "time: found 1e+300 (float); allowed: a time in the years 1 to 9999"),
        ({"dwell": "long"}, "dwell: found 'long'; allowed: a number of seconds"),
        ({"dwell": 1e13}, "dwell: found 10000000000000.0 (float); allowed: a number of seconds"),
        ({"feedback": "adore"}, "feedback: found 'adore'; allowed: unspecified, like, dislike"),
        ({"value": "much"}, "value: found 'much'; allowed: a finite number"),
        ({"value": 10**400}, "value: found 1"),
        ({"user_id": "a", "userId": "b"}, "user_id: found two values"),
        ({"text": "\ud800"}, "text: found "),
    ],
)
def test_a_wrong_value_is_refused_by_its_field(fields: dict[str, object], said: str) -> None:
    """What is refused names field, found and allowed, one sentence for everybody."""
    with pytest.raises(FieldError) as refused:
        parse_event(json.dumps(fields))
    assert str(refused.value).startswith(said)


def test_unknown_fields_are_left_out_and_named(tmp_path: Path) -> None:
    """A field that no event has changes nothing, and is told; a strict reader refuses its line alone."""
    file = tmp_path / "events.jsonl"
    file.write_text('{"user_id": "a", "colour": 1, "topic": ["x"]}\n{"user_id": "b"}\n')
    rows = list(JsonLines(file).rows())
    assert [(row.event is not None, row.ignored) for row in rows] == [(True, ("colour", "topic")), (True, ())]
    strict = list(JsonLines(file, strict=True).rows())
    assert [row.event is not None for row in strict] == [False, True]
    assert strict[0].refusal.startswith(
        "line: found the field 'colour', which no event has; allowed: event_id,"
    )


def test_lines_are_numbered_from_one_and_blank_ones_skipped(tmp_path: Path) -> None:
    """A refusal names the line as an editor counts it."""
    file = tmp_path / "events.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"event_id": "a"}\r\n\n  \nnonsense\n\xff\xfe\n{"event_id": "b"}')
    rows = list(JsonLines(file).rows())
    assert [(row.number, row.event is not None) for row in rows] == [
        (1, True),
        (4, False),
        (5, False),
        (6, True),
    ]
    assert rows[2].refusal == "line: found a byte at 0 that is not UTF-8; allowed: UTF-8"


def test_a_line_without_an_id_gets_one_that_stays(tmp_path: Path) -> None:
    """The same line has the same id in every import, and another line another."""
    file = tmp_path / "events.jsonl"
    file.write_text('{"user_id": "a", "type": "view"}\n{"user_id": "a", "type": "read"}\n')
    first = [row.event.event_id for row in JsonLines(file).rows() if row.event]
    assert first == [row.event.event_id for row in JsonLines(file).rows() if row.event]
    assert len(set(first)) == 2


def test_an_endless_line_is_refused_alone(tmp_path: Path) -> None:
    """A line over a megabyte is skipped without being held, and the next one is read."""
    file = tmp_path / "events.jsonl"
    file.write_bytes(b'{"text": "' + b"x" * 3_000_000 + b'"}\n{"event_id": "b"}\n')
    rows = list(JsonLines(file).rows())
    assert [(row.number, row.event is not None) for row in rows] == [(1, False), (2, True)]
    assert len(rows[0].raw) == 2000
