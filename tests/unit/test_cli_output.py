"""How commands print."""

from __future__ import annotations

import json

import pytest
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, json_format

from foreword.cli.demo.readable import readable, shortened
from foreword.cli.output import message_dict, note, print_json, print_json_line, table
from foreword.cli.status import segment_table
from foreword.v1.event_pb2 import Event
from foreword.v1.operator_service_pb2 import GetStatusResponse, SegmentStatus
from foreword.v1.profile_pb2 import FadedCount, Memory, Profile, Provenance, Segment
from foreword.v1.profile_service_pb2 import BatchGetProfilesResponse, GetProfileResponse
from foreword.v1.user_data_service_pb2 import ExportUserResponse


def test_tables_align_numbers_right_and_texts_left() -> None:
    """Columns of numbers end in line, columns of texts begin in line."""
    assert (
        table([("a", 1), ("bcd", 2345)], heading=("name", "rows")) == "name   rows\na         1\nbcd   2,345"
    )
    assert table([]) == ""


HIDDEN = "a\x1b[2J\u202eb\nc\U000e0049\u200b"


def test_no_words_in_a_table_or_note_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    """A user id or topic with control, bidi, tag or invisible characters shows them as escapes, on its line."""
    (line,) = table([(HIDDEN, 1)]).split("\n")
    assert line.isprintable()
    note(f"Nothing is kept of {HIDDEN}")
    assert capsys.readouterr().err.removesuffix("\n").isprintable()


def test_json_shows_what_is_hidden_and_means_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """Printed on a terminal it does no harm, read by a program it is unchanged, and every script stays readable."""
    value = {HIDDEN: ["日本語", HIDDEN]}
    for show in (print_json, print_json_line):
        show(value)
        printed = capsys.readouterr().out
        assert all(line.isprintable() for line in printed.splitlines())
        assert json.loads(printed) == value
        assert "日本語" in printed


def test_segments_have_their_sum() -> None:
    """Users by segment and freshness end with a row for all; with nobody it is all zeros."""
    rows = [
        SegmentStatus(segment=Segment.SEGMENT_NEW, segment_name="new", fresh_count=2, default_count=1),
        SegmentStatus(segment=Segment.SEGMENT_UNSPECIFIED, stale_count=3),
    ]
    lines = [line.split() for line in segment_table(rows).splitlines()]
    assert lines[1] == ["new", "2", "0", "0", "1"]
    assert lines[2][-4:] == ["0", "3", "0", "0"]
    assert lines[3] == ["all", "2", "3", "0", "1"]
    assert segment_table([]).splitlines()[-1].split() == ["all", "0", "0", "0", "0"]


def test_every_number_is_a_number() -> None:
    """64-bit integers come without quotes at any depth, the rest as proto3 JSON has it, and all of it reads back."""
    topics = [FadedCount(value="12", weight=0.5, event_count=9)]
    message = GetProfileResponse(profile=Profile(revision=7, memory=Memory(event_count=8, topics=topics)))
    message.profile.provenance.CopyFrom(Provenance(cost_micro_usd=-5, window={"seconds": 90}))
    message.profile.product.Pack(GetStatusResponse(revision=11))
    printed = message_dict(message)
    profile = printed["profile"]
    assert (profile["revision"], profile["memory"]["event_count"]) == (7, 8)
    assert profile["memory"]["topics"] == [{"value": "12", "weight": 0.5, "event_count": 9}]
    assert profile["provenance"] == {"cost_micro_usd": -5, "window": "90s"}
    assert json_format.Parse(json.dumps(printed), GetProfileResponse()) == message
    event = ExportUserResponse(event=Event(attributes={"revision": "10"}, time={"seconds": 1_763_600_000}))
    assert message_dict(event)["event"] == {"attributes": {"revision": "10"}, "time": "2025-11-20T00:53:20Z"}
    assert message_dict(ExportUserResponse(due_ms=12)) == {"due_ms": 12}


def test_a_packed_message_nobody_knows_is_shown_as_bytes() -> None:
    """A product of an unknown type loses nothing at any depth, and one whose type is given is shown with its fields."""
    file = descriptor_pb2.FileDescriptorProto(name="own.proto", package="own", syntax="proto3")
    own = file.message_type.add(name="Own")
    own.field.add(name="limit", number=1, type=descriptor_pb2.FieldDescriptorProto.TYPE_UINT32)
    types = descriptor_pool.DescriptorPool()
    types.Add(file)
    product = any_pb2.Any(type_url="type.googleapis.com/own.Own", value=b"\x08\x07")
    message = BatchGetProfilesResponse(
        results=[GetProfileResponse(profile=Profile(user_id="ada", product=product))]
    )
    (shown,) = message_dict(message)["results"]
    assert shown["profile"] == {"user_id": "ada", "product": {"@type": product.type_url, "value": "CAc="}}
    (shown,) = message_dict(message, types=types)["results"]
    assert shown["profile"]["product"] == {"@type": product.type_url, "limit": 7}
    assert message.results[0].profile.product == product


def test_counts_of_nothing_are_numbers_too() -> None:
    """Fields that are printed for being absent have the same form as others."""
    printed = message_dict(GetStatusResponse(ledger={"attempts": 3}), with_defaults=True)
    assert (printed["revision"], printed["event_count"]) == (0, 0)
    assert (printed["ledger"]["attempts"], printed["ledger"]["cost_micro_usd"]) == (3, 0)


def test_readable_json_is_the_same_json() -> None:
    """What fits on a line stands on one, and nothing is changed by it."""
    value = {"a": [{"b": 1}, {"c": "x" * 120}], "d": {}, "e": "ü"}
    assert json.loads(readable(value)) == value
    assert readable({"a": [1, 2]}) == '{"a": [1, 2]}'
    assert '{"b": 1},' in readable(value)


def test_shortening_says_how_much_is_missing() -> None:
    """A list is cut after three entries, at any depth, and says so."""
    assert shortened({"a": [[1, 2, 3, 4, 5], 2, 3]}) == {"a": [[1, 2, 3, "… 2 more"], 2, 3]}


@pytest.mark.parametrize("value", [0, "x", None, [], {}])
def test_plain_values_stay(value: object) -> None:
    """Shortening leaves what is short."""
    assert shortened(value) == value
