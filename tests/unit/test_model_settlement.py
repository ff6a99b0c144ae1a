"""What lost calls cost, by the provider's account of a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.llm import TokenUsage
from foreword.llm.usage_report import UsageRow
from scheduler.model.settlement import (
    MINUTE_MS,
    WINDOW_MS_MAX,
    Span,
    missing,
    reported,
    shares,
    window_around,
)

NOON = 1_700_000_000_000 // MINUTE_MS * MINUTE_MS


def at(from_seconds: float, to_seconds: float) -> Span:
    """Return a span, in seconds after a full minute."""
    return Span(NOON + int(from_seconds * 1000), NOON + int(to_seconds * 1000))


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        # Alone: the minutes it touches.
        ([], at(0, 60)),
        # A call within these minutes changes nothing.
        ([at(5, 8), at(40, 50)], at(0, 60)),
        # One across an edge moves it to where that call is whole.
        ([at(55, 65)], at(0, 120)),
        ([at(-10, 5)], at(-60, 60)),
        # Also one that only comes near: clocks differ.
        ([at(59, 59)], at(0, 120)),
        # And so on, through calls that follow each other.
        ([at(55, 65), at(115, 130)], at(0, 180)),
        ([at(-10, 5), at(-62, -50)], at(-120, 60)),
    ],
)
def test_a_window_begins_and_ends_between_calls(others: list[Span], expected: Span) -> None:
    """No call of ours is under way at an edge of the minutes that are compared."""
    assert window_around(at(20, 30), others) == expected


def test_a_day_without_a_pause_has_no_window() -> None:
    """Calls that follow each other for more than a day leave nothing to compare."""
    others = [at(10 * number, 10 * number + 11) for number in range(WINDOW_MS_MAX // 10_000 + 12)]
    assert window_around(at(20, 30), others) is None


def test_the_account_is_of_one_model_and_of_single_calls() -> None:
    """A name may have its date behind it; batches and other models are left out."""
    used = TokenUsage(input_tokens=5, cache_read_tokens=1, cache_write_tokens=2, output_tokens=3)
    rows = [
        UsageRow(NOON, "claude-haiku-4-5", "standard", used),
        UsageRow(NOON, "claude-haiku-4-5-20251001", "standard", used),
        UsageRow(NOON, "claude-haiku-4-5", "batch", used),
        UsageRow(NOON, "claude-haiku-4", "standard", used),
    ]
    assert reported(rows, "claude-haiku-4-5") == TokenUsage(10, 2, 4, 6)


def test_what_is_missing_is_never_less_than_nothing() -> None:
    """An account with less than we know of is not complete yet."""
    assert missing(TokenUsage(5, 0, 0, 3), TokenUsage(2, 0, 0, 3)) == TokenUsage(input_tokens=3)
    assert missing(TokenUsage(5, 0, 0, 3), TokenUsage(2, 0, 0, 4)) is None


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 50))
def test_shares_sum_to_the_whole(read: int, written: int, count: int) -> None:
    """Divided among any number of calls, a usage stays the same sum, and no part is more than one token larger."""
    parts = shares(TokenUsage(input_tokens=read, output_tokens=written), count)
    assert (sum(part.input_tokens for part in parts), sum(part.output_tokens for part in parts)) == (
        read,
        written,
    )
    sizes = [part.input_tokens for part in parts]
    assert max(sizes) - min(sizes) <= 1
