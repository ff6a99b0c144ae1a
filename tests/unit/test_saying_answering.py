"""What a foreword says of what the user accepts and rejects."""

from __future__ import annotations

from foreword.v1 import event_pb2
from scheduler.agent.evidence import evidence_of
from scheduler.agent.memory import fold, to_proto
from tests.one_refresh import event, run


def offers(
    accepted: int,
    rejected: int,
    topic: str = "pandas",
    first: int = 0,
    lengths: tuple[int, int] | None = None,
) -> list[event_pb2.Event]:
    """Return suggestions that were accepted and rejected, an hour apart; `lengths` of the ones and the others."""
    made = []
    for number in range(accepted + rejected):
        is_accepted = number < accepted
        verb = "accept" if is_accepted else "reject"
        length = {"length": str(lengths[not is_accepted])} if lengths else {}
        made.append(
            event(first + number, 1 + number / 24, [topic], type=f"suggestion.{verb}", attributes=length)
        )
    return made


def said(events: list[event_pb2.Event]) -> list[str]:
    """Return the lines of a foreword below its frame."""
    return run(events).foreword.text.splitlines()[1:]


def test_rejections_and_acceptances_are_said_with_their_counts() -> None:
    """Whichever are more."""
    assert "Rejects 20 of 30 suggestions." in said(offers(10, 20))
    assert "Accepts 20 of 30 suggestions." in said(offers(20, 10))


def test_few_offers_are_no_habit() -> None:
    """Below ten nothing is said."""
    assert not any("suggestions" in line for line in said(offers(3, 6)))


def test_feedback_counts_as_the_type_does() -> None:
    """`FEEDBACK_ACCEPT` and `FEEDBACK_REJECT` say it of any type."""
    events = [
        event(
            number,
            number,
            ["pandas"],
            type="suggestion",
            feedback=event_pb2.FEEDBACK_REJECT if number % 3 else event_pb2.FEEDBACK_ACCEPT,
        )
        for number in range(12)
    ]
    assert "Rejects 8 of 12 suggestions." in said(events)


def test_topics_that_stand_out_are_said_with_theirs() -> None:
    """Where a topic's share is 15 points above or below that of all others."""
    events = [*offers(2, 10, "plots"), *offers(9, 3, "pandas", 20), *offers(6, 6, "tests", 40)]
    assert 'Rejects 19 of 36 suggestions; more in "plots" (10 of 12); fewer in "pandas" (3 of 12).' in said(
        events
    )


def test_lengths_that_differ_are_said() -> None:
    """By the mean lengths of what was accepted and of what was rejected, which no fading touches."""
    lines = said(offers(10, 20, lengths=(80, 30)))
    assert "Rejects 20 of 30 suggestions; takes longer ones (mean length 80, rejected ones 30)." in lines
    assert "Rejects 20 of 30 suggestions." in said(offers(10, 20, lengths=(30, 32)))


def test_rejected_suggestions_turn_nobody_away_from_their_topic() -> None:
    """Somebody who rejects two of three suggestions on what they work at is still said to work at it."""
    lines = said(offers(10, 20))
    assert not any(line.startswith("Skip") for line in lines)
    assert '"pandas"' in lines[0]


def test_what_is_rejected_without_exception_is_turned_away_from() -> None:
    """Among others that are accepted."""
    assert 'Skip "ads".' in said([*offers(20, 2), *offers(0, 10, "ads", 40)])


def test_counts_of_offers_fold_in_parts() -> None:
    """They do not fade, and outlive the events."""
    events = offers(10, 20, lengths=(80, 30))
    whole = to_proto(fold(None, evidence_of(events, None), 60.0)[0])
    first = to_proto(fold(None, evidence_of(events[:7], None), 60.0)[0])
    parts = to_proto(fold(first, evidence_of(events[7:], None), 60.0)[0])
    assert parts.offers == whole.offers
    assert (whole.offers.accepted_count, whole.offers.rejected_count) == (10, 20)
    assert (parts.topics[0].accepted_count, parts.topics[0].rejected_count) == (10, 20)
    assert not to_proto(fold(None, evidence_of([event(1, 1)], None), 60.0)[0]).HasField("offers")
