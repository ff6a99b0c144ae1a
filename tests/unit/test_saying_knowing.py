"""What a foreword says is new to the user."""

from __future__ import annotations

from foreword.v1 import event_pb2
from tests.one_refresh import event, run


def history(*topics: str, **fields: object) -> list[event_pb2.Event]:
    """Return 40 commits in a package over 200 days, and three of last week for each topic."""
    old = [event(number, 10 + number * 5, ["worker"], type="commit") for number in range(40)]
    late = [
        event(100 + 10 * place + number, 1 + number, [topic], type="commit", **fields)
        for place, topic in enumerate(topics)
        for number in range(3)
    ]
    return [*old, *late]


def said(events: list[event_pb2.Event]) -> str:
    """Return a foreword below its frame."""
    return run(events).foreword.text.partition("\n")[2]


def test_what_was_met_lately_for_the_first_time_is_new() -> None:
    """In a language or an area, after months of other things."""
    lines = said(history("rust"))
    assert "New to Rust." in lines
    assert lines.count("Rust") == 1


def test_what_was_met_before_or_often_is_not() -> None:
    """Nor is anything to somebody who is new themselves."""
    assert "New to" not in said([event(90, 60, ["rust"], type="commit"), *history("rust")])
    often = [event(200 + number, 2, ["rust"], type="commit") for number in range(9)]
    assert "New to" not in said([*history(), *often])
    assert "New to" not in said(history("rust")[-3:] + history()[:3])
