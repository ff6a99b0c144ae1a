"""Which events are taken, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from foreword import keys
from foreword.admission import checked
from foreword.clock import DAY_MS
from foreword.errors import FieldError
from foreword.v1.event_pb2 import Event

NOW_MS = 1_700_000_000_000
NOW_SECONDS = NOW_MS // 1000
DAY_SECONDS = DAY_MS // 1000


def event(**fields: Any) -> Event:
    return Event(**{"event_id": "e", "user_id": "ann", "type": "view", **fields})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"event_id": ""}, "event_id"),
        ({"event_id": "e" * 129}, "event_id"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": "é" * 129}, "user_id"),
        ({"namespace": "n" * 65}, "namespace"),
        ({"type": ""}, "type"),
        ({"type": "t" * 65}, "type"),
        ({"item_id": "i" * 257}, "item_id"),
        ({"topics": ["t"] * 33}, "topics"),
        ({"topics": ["a", ""]}, "topics[1]"),
        ({"topics": ["é" * 65]}, "topics[0]"),
        ({"text": "x" * 8193}, "text"),
        ({"session_id": "s" * 129}, "session_id"),
        ({"attributes": {str(n): "" for n in range(33)}}, "attributes"),
        ({"attributes": {"": "x"}}, "attributes"),
        ({"attributes": {"k" * 65: "x"}}, "attributes"),
        ({"attributes": {"k": "v" * 257}}, "attributes['k']"),
        ({"dwell": {"seconds": -1}}, "dwell"),
        ({"dwell": {"nanos": -1}}, "dwell"),
        ({"dwell": {"seconds": 315_576_000_000}}, "dwell"),
        ({"feedback": 99}, "feedback"),
        ({"value": float("nan")}, "value"),
        ({"value": float("inf")}, "value"),
        ({"time": {"seconds": -1}}, "time"),
        ({"time": {"seconds": NOW_SECONDS + DAY_SECONDS + 1}}, "time"),
        ({"time": {"seconds": 5, "nanos": -1}}, "time"),
        ({"time": {"seconds": 5, "nanos": 1_000_000_000}}, "time"),
    ],
)
def test_field_out_of_range_is_named(fields: dict[str, Any], field: str) -> None:
    """An event beyond a limit is refused, and the error names the field."""
    with pytest.raises(FieldError) as caught:
        checked(event(**fields), NOW_MS)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "fields",
    [
        {"event_id": "e" * 128},
        {"user_id": "é" * 128},
        {"namespace": "n" * 64},
        {"type": "t" * 64},
        {"item_id": "i" * 256},
        {"topics": ["é" * 64] * 32},
        {"text": "x" * 8192},
        {"session_id": "s" * 128},
        {"attributes": {f"{n:064}": "v" * 256 for n in range(32)}},
        {"dwell": {"seconds": 0}},
        {"dwell": {"seconds": 315_575_999_999, "nanos": 999_999_999}},
        {"feedback": 5},
        {"value": -0.5},
        {"time": {"seconds": 0}},
        {"time": {"seconds": NOW_SECONDS + DAY_SECONDS}},
    ],
)
def test_limit_itself_is_allowed(fields: dict[str, Any]) -> None:
    """An event at a limit is taken, unchanged, and can be written as JSON."""
    sent = event(**{"time": {"seconds": 7}, **fields})
    new = checked(sent, NOW_MS)
    assert Event.FromString(new.body) == sent
    assert MessageToDict(sent)
    assert new.user == keys.user_key(sent.user_id, sent.namespace)


def test_time_is_kept_to_the_millisecond() -> None:
    """The key's time is the event's, cut to milliseconds."""
    assert checked(event(time={"seconds": 12, "nanos": 345_999_999}), NOW_MS).time_ms == 12_345


def test_session_end_is_recognised() -> None:
    """Only the type session.end ends a session."""
    assert checked(event(type="session.end"), NOW_MS).ends_session
    assert not checked(event(type="session.start"), NOW_MS).ends_session


def test_unknown_fields_are_dropped() -> None:
    """A field of a newer version is not stored: nothing bounds its size."""
    unknown = b"\xa2\x06\x05hello"
    sent = Event.FromString(event(time={"seconds": 7}).SerializeToString() + unknown)
    assert b"hello" not in checked(sent, NOW_MS).body
