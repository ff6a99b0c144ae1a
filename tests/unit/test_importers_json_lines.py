"""JSON lines: what is an event, and what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from foreword.importers import JsonLines
from foreword.importers.json_event import parse_event
from foreword.v1.event_pb2 import Event

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
KEYS = st.sampled_from([*Event.DESCRIPTOR.fields_by_name, "eventId", "colour", "userId"])


@given(st.lists(st.tuples(KEYS, ODD), max_size=8))
def test_the_fast_way_means_what_json_format_means(pairs: list[tuple[str, object]]) -> None:
    """Whatever a line holds, keys given twice included, it is the same event or refused as by json_format."""
    text = "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pairs) + "}"
    try:
        expected = json_format.Parse(text, Event())
    except Exception:
        with pytest.raises(ValueError, match=r"."):
            parse_event(text)
    else:
        assert parse_event(text) == expected


@pytest.mark.parametrize("text", ["", "[]", "3", "null", '"x"', "{", "[" * 100_000, '{"text": "a"} x'])
def test_what_is_no_object_is_refused_in_words(text: str) -> None:
    """Anything but one JSON object is refused with a reason, never with a crash."""
    with pytest.raises(ValueError, match=r"\w"):
        parse_event(text)


@pytest.mark.parametrize("time", TIMES)
def test_times_are_exact(time: str) -> None:
    """Times keep their fraction and their offset."""
    expected = Event()
    expected.time.FromJsonString(time)
    assert parse_event(json.dumps({"time": time})) == expected


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
    assert rows[2].refusal == "not UTF-8 at byte 0"


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
    assert rows[0].raw == ""
