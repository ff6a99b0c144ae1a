"""Events as a caller gives them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from foreword.client import EventFields
from foreword.client.events import make_event
from foreword.client.recording import Recording
from foreword.errors import FieldError
from foreword.v1.event_pb2 import Event, Feedback

HUGE = 10**400


def made(**fields: Any) -> Event:
    return make_event({"user_id": "ann", "type": "view", **fields}, "")


def test_fields_by_name_are_those_of_an_event() -> None:
    """The names that type checkers know are those of the message, no more and no fewer."""
    assert set(get_type_hints(EventFields)) == set(Event.DESCRIPTOR.fields_by_name)


def test_feedback_that_type_checkers_know_is_the_enum() -> None:
    """Each name of the enum may be written as text."""
    hint = get_type_hints(EventFields)["feedback"]
    names = {name for part in get_args(hint) for name in get_args(part) if isinstance(name, str)}
    assert names == set(Feedback.keys())


@pytest.mark.parametrize(
    ("field", "value", "result"),
    [
        ("time", datetime(1970, 1, 1, 0, 0, 2, 500_000, UTC), Timestamp(seconds=2, nanos=500_000_000)),
        ("time", datetime(1970, 1, 1, 0, 0, 2), Timestamp(seconds=2)),
        ("time", "1970-01-01T00:00:02Z", Timestamp(seconds=2)),
        ("time", {"seconds": 2}, Timestamp(seconds=2)),
        ("time", Timestamp(seconds=2), Timestamp(seconds=2)),
        ("dwell", timedelta(seconds=1.5), Duration(seconds=1, nanos=500_000_000)),
        ("dwell", 1.5, Duration(seconds=1, nanos=500_000_000)),
        ("dwell", Duration(seconds=1), Duration(seconds=1)),
        ("feedback", "FEEDBACK_LIKE", Feedback.FEEDBACK_LIKE),
        ("feedback", Feedback.FEEDBACK_LIKE, Feedback.FEEDBACK_LIKE),
        ("value", 4, 4.0),
        ("topics", ("a", "b"), ["a", "b"]),
        ("topics", {"a"}, ["a"]),
        ("attributes", {"depth": "deep"}, {"depth": "deep"}),
        ("session_id", None, ""),
    ],
)
def test_fields_are_taken_in_every_form(field: str, value: Any, result: Any) -> None:
    """A field may be given as the message has it, or as Python has it; None leaves it out."""
    assert getattr(made(**{field: value}), field) == result


@pytest.mark.parametrize(
    ("field", "value", "place", "allowed"),
    [
        ("topics", "python", "topics", "a list of texts (write ['python'])"),
        ("topics", ["a", 5], "topics[1]", "text (write '5'"),
        ("user_id", 5, "user_id", "text (write '5'"),
        ("event_id", 5, "event_id", "text (write '5'"),
        ("item_id", b"x", "item_id", "text"),
        ("text", "\ud800", "text", "text that UTF-8 can hold"),
        ("attributes", {"depth": 3}, "attributes['depth']", "text (write '3'"),
        ("attributes", {3: "depth"}, "attributes", "text (write '3'"),
        ("attributes", ["depth"], "attributes", "a mapping of text to text"),
        ("time", 1_700_000_000, "time", "a datetime, RFC 3339"),
        ("time", "yesterday", "time", "an RFC 3339 time"),
        ("time", {"minutes": 1}, "time", "a Timestamp"),
        ("time", Duration(seconds=1), "time", "a datetime"),
        ("dwell", "90", "dwell", "a number"),
        ("dwell", float("inf"), "dwell", "a number of seconds"),
        ("dwell", True, "dwell", "a number"),
        ("feedback", "like", "feedback", "(write 'FEEDBACK_LIKE')"),
        ("feedback", 99, "feedback", "FEEDBACK_LIKE"),
        ("feedback", True, "feedback", "FEEDBACK_LIKE"),
        ("value", "4", "value", "a number"),
        ("value", HUGE, "value", "a double"),
        ("topic", ["python"], "topic", "did you mean topics?"),
        ("userid", "ann", "userid", "did you mean user_id?"),
        ("colour", "red", "colour", "event_id, user_id"),
    ],
)
def test_fields_of_the_wrong_kind_are_refused(field: str, value: Any, place: str, allowed: str) -> None:
    """The error names the field and what is allowed; a field that no event has, the one that was meant."""
    with pytest.raises(FieldError) as caught:
        made(**{field: value})
    assert caught.value.field == place
    assert allowed in str(caught.value)


def test_one_bad_event_of_several_is_refused_by_its_place() -> None:
    """The others are kept; the answer names the bad one as the sidecar would."""
    recording = Recording(
        [Event(user_id="a", type="b"), {"user_id": "a", "event_id": "e", "topics": "x"}], {}, ""
    )
    assert [place for place, _ in recording.kept] == [0]
    (refused,) = recording.response.refused
    assert (refused.index, refused.event_id, refused.field) == (1, "e", "events[1].topics")
    assert refused.message == "found 'x' (str); allowed: a list of texts (write ['x'])"
    assert [mistake.is_of_call for mistake in recording.mistakes] == [False]


@pytest.mark.parametrize("given", [None, "abc", 5, b"abc"])
def test_what_is_no_list_of_events_is_refused_as_a_whole(given: Any) -> None:
    """A text is not taken for its letters, and nothing is sent."""
    recording = Recording(given, {}, "")
    assert not recording.kept
    assert [refused.field for refused in recording.response.refused] == ["events"]
    assert recording.mistakes[0].is_of_call


def test_events_and_keywords_do_not_mix() -> None:
    """Keywords are one event's fields, never those of all events given beside them."""
    recording = Recording([{"user_id": "a", "type": "b"}], {"namespace": "shop"}, "")
    assert not recording.kept
    assert "events and keywords" in recording.response.refused[0].message
