"""Whether a model may be asked now: limits, wishes to wait, failures, and how many calls at once."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.llm import Gate, ModelAnswer, ModelError, ModelFailure, RateLimit, TokenUsage

NOW = 1_700_000_000_000
WELL = ModelAnswer("{}", "end", "m", TokenUsage(input_tokens=1000, output_tokens=200))
CONGESTED: tuple[ModelFailure, ...] = ("rate_limited", "overloaded", "timed_out")
UNWELL: tuple[ModelFailure, ...] = ("unavailable", "timed_out", "malformed")


class Middle(Random):
    """Draws the middle, always."""

    def uniform(self, a: float, b: float) -> float:
        """Return the middle."""
        return (a + b) / 2


def gate(calls_max: int = 64) -> Gate:
    return Gate(calls_max, Middle())


def failed(failure: ModelFailure, **more: object) -> ModelError:
    return ModelError("it said no", failure=failure, **more)  # type: ignore[arg-type]


def limited(
    remaining: int, limit: int = 100, seconds: float = 60.0, counted: str = "requests"
) -> ModelAnswer:
    limits = (RateLimit(counted, limit, remaining, seconds),)  # type: ignore[arg-type]
    return ModelAnswer("{}", "end", "m", WELL.usage, limits=limits)


def run(gate: Gate, result: ModelAnswer | ModelError, times: int = 1, now_ms: int = NOW) -> None:
    for _ in range(times):
        gate.began()
        gate.record(result, now_ms)


def test_a_new_gate_lets_as_many_through_as_are_allowed() -> None:
    """Calls that began are taken off what is free, and are free again when they end or are given up."""
    held = gate(3)
    assert (held.free(NOW), held.is_open(NOW), held.opens_ms(NOW), held.problem(NOW)) == (3, True, None, "")
    for left in (2, 1, 0):
        held.began()
        assert held.free(NOW) == left
    assert held.is_open(NOW)
    held.record(WELL, NOW)
    held.abandoned()
    assert held.free(NOW) == 2


@pytest.mark.parametrize("failure", CONGESTED)
def test_too_much_halves_the_calls(failure: ModelFailure) -> None:
    """429, 529 and silence halve how many calls go out at once, down to one."""
    held = gate(64)
    assert held.calls_max == 64
    allowed = []
    for step in range(8):
        now_ms = NOW + step * 3_600_000
        run(held, failed(failure), now_ms=now_ms)
        run(held, WELL, now_ms=now_ms + 3_599_000)
        allowed.append(held.free(now_ms + 3_599_500))
    assert allowed[:6] == [32, 16, 8, 4, 2, 2]
    assert min(allowed) >= 1


def test_one_burst_halves_once() -> None:
    """Calls that were under way together when the limit was met say the same thing once."""
    held = gate(64)
    for _ in range(64):
        held.began()
    for _ in range(64):
        held.record(failed("rate_limited"), NOW)
    assert held.free(NOW + 1000) == 32


def test_good_rounds_win_calls_back_one_by_one() -> None:
    """After as many good calls as may be under way there is one more, and never more than allowed."""
    held = gate(8)
    run(held, failed("rate_limited"))
    later = NOW + 1000
    assert held.free(later) == 4
    run(held, WELL, 4, later)
    assert held.free(later) == 5
    run(held, WELL, 1000, later)
    assert held.free(later) == 8


@pytest.mark.parametrize("failure", ["rejected", "unavailable", "malformed"])
def test_other_failures_leave_the_calls_as_they_are(failure: ModelFailure) -> None:
    """A refused request and a broken connection do not say that there were too many calls."""
    held = gate(8)
    run(held, failed(failure))
    assert held.free(NOW) == 8


@pytest.mark.parametrize(
    ("seconds", "waits_ms"), [(0.5, 500), (120.0, 120_000), (10_000_000.0, 3_600_000), (None, 1000)]
)
def test_a_wish_to_wait_is_kept_to(seconds: float | None, waits_ms: int) -> None:
    """No call goes out before the time a provider asks for, of which an hour is believed."""
    held = gate()
    run(held, failed("rate_limited", retry_after_seconds=seconds))
    assert (held.free(NOW), held.opens_ms(NOW), held.is_open(NOW)) == (0, NOW + waits_ms, False)
    assert "asks to wait until 2023-11-14T" in held.problem(NOW)
    assert held.problem(NOW).endswith(": it said no")
    assert held.free(NOW + waits_ms - 1) == 0
    assert held.free(NOW + waits_ms) == 32
    assert held.problem(NOW + waits_ms) == ""


def test_the_longest_wish_counts() -> None:
    """A short wish that comes after a long one does not shorten it."""
    held = gate()
    run(held, failed("rate_limited", retry_after_seconds=60.0))
    run(held, failed("rate_limited", retry_after_seconds=1.0))
    assert held.opens_ms(NOW) == NOW + 60_000


@pytest.mark.parametrize("failure", UNWELL)
def test_failures_in_a_row_stop_all_calls(failure: ModelFailure) -> None:
    """After five failures in a row nothing goes out for some seconds, and the problem says why."""
    held = gate()
    run(held, failed(failure), 4)
    assert held.free(NOW) > 0
    run(held, failed(failure))
    assert held.free(NOW) == 0
    assert held.opens_ms(NOW) == NOW + 5625
    assert held.problem(NOW).endswith("after 5 failures: it said no")
    assert held.failures == 5


def test_a_success_between_failures_starts_the_count_anew() -> None:
    """Failures that are not in a row stop nothing; a rejected request counts as a sign of life."""
    held = gate()
    for sign_of_life in (WELL, failed("rejected"), failed("rate_limited", retry_after_seconds=0.0)):
        run(held, failed("unavailable"), 4)
        run(held, sign_of_life)
    run(held, failed("unavailable"), 4)
    assert held.free(NOW) > 0


def test_a_refused_key_stops_all_calls_at_once() -> None:
    """One answer that the key is not accepted is enough."""
    held = gate()
    run(held, failed("unauthorized"))
    assert held.free(NOW) == 0


def test_one_call_tries_and_decides() -> None:
    """When the wait is over one call goes out; its failure doubles the wait up to five minutes, its success ends it."""
    held, now_ms = gate(), NOW
    run(held, failed("unavailable"), 5)
    waits = []
    for _ in range(9):
        opens_ms = held.opens_ms(now_ms)
        assert opens_ms is not None
        waits.append(opens_ms - now_ms)
        now_ms = opens_ms
        assert held.free(now_ms) == 1
        held.began()
        assert held.free(now_ms) == 0
        held.record(failed("unavailable"), now_ms)
    assert waits == [5625, 11_250, 22_500, 45_000, 90_000, 180_000, 337_500, 337_500, 337_500]
    now_ms = held.opens_ms(now_ms) or 0
    run(held, WELL, now_ms=now_ms)
    assert held.free(now_ms) == 64
    assert held.problem(now_ms) == ""


def test_late_failures_do_not_lengthen_the_wait() -> None:
    """Calls that were under way when the calls were stopped fail too, and change nothing."""
    held = gate()
    for _ in range(20):
        held.began()
    for _ in range(20):
        held.record(failed("unavailable"), NOW)
    assert held.opens_ms(NOW) == NOW + 5625


def test_a_stated_limit_is_kept_to() -> None:
    """No more calls go out than the provider says are left, and they come back evenly until the time it says."""
    held = gate()
    run(held, limited(remaining=2))
    assert held.free(NOW) == 2
    held.began()
    held.began()
    assert (held.free(NOW), held.is_open(NOW)) == (0, False)
    assert held.problem(NOW) == "the model's rate limit is used up until 2023-11-14T22:13:20Z"
    # 98 of 100 come back in 60 s: one in 613 ms.
    assert held.opens_ms(NOW) == NOW + 613
    assert held.free(NOW + 612) == 0
    assert held.free(NOW + 613) == 1
    assert held.free(NOW + 60_000) == 62


def test_a_limit_of_tokens_counts_by_what_calls_cost() -> None:
    """Of a limit of tokens so many calls are left as their mean cost allows."""
    held = gate()
    run(held, limited(remaining=3500, limit=10_000, counted="input_tokens"))
    assert held.free(NOW) == 3
    run(held, limited(remaining=10_000, limit=10_000, counted="input_tokens"))
    run(held, limited(remaining=500, limit=10_000, counted="output_tokens"))
    assert held.free(NOW) == 2


def test_cached_tokens_do_not_count_towards_a_limit() -> None:
    """What a call reads from the cache is no part of its cost in input tokens."""
    held = gate()
    cached = ModelAnswer("{}", "end", "m", TokenUsage(input_tokens=10, cache_read_tokens=100_000))
    run(held, cached)
    run(
        held,
        ModelAnswer("{}", "end", "m", cached.usage, limits=(RateLimit("input_tokens", 1000, 100, 60.0),)),
    )
    assert held.free(NOW) == 10


@pytest.mark.parametrize("limit", [RateLimit("requests", 0, 0, 60.0), RateLimit("requests", 50, 50, 0.0)])
def test_a_limit_that_limits_nothing_is_none(limit: RateLimit) -> None:
    """A limit of 0, which no provider means, and one that is whole, hold nothing back."""
    held = gate(8)
    run(held, ModelAnswer("{}", "end", "m", WELL.usage, limits=(limit,)))
    assert held.free(NOW) == 8


def test_a_call_larger_than_the_limit_still_goes_out() -> None:
    """When a single call costs more than the limit there is, it goes out at the full limit rather than never."""
    held = gate(8)
    run(held, limited(remaining=0, limit=500, counted="input_tokens"))
    assert held.free(NOW) == 0
    opens_ms = held.opens_ms(NOW)
    assert opens_ms is not None
    assert opens_ms <= NOW + 60_000
    assert held.free(opens_ms) == 1


STEPS = st.one_of(
    st.just(WELL),
    st.builds(limited, st.integers(0, 100), st.integers(0, 100), st.floats(0, 1e9)),
    st.builds(
        failed,
        st.sampled_from([*CONGESTED, *UNWELL, "unauthorized", "rejected"]),
        retry_after_seconds=st.one_of(st.none(), st.floats(0, 1e12)),
    ),
    st.integers(0, 3_600_000),
)


@given(st.lists(STEPS, max_size=60), st.integers(1, 100))
def test_whatever_happens_the_gate_opens_again(steps: list[object], calls_max: int) -> None:
    """After any history a call may go out within an hour and some minutes, and never more than allowed."""
    held, now_ms = Gate(calls_max, Random(7)), NOW
    for step in steps:
        assert 0 <= held.free(now_ms) <= calls_max
        if isinstance(step, int):
            now_ms += step
        elif held.free(now_ms):
            held.began()
            held.record(step, now_ms)  # type: ignore[arg-type]
        opens_ms = held.opens_ms(now_ms)
        assert (opens_ms is None) == held.is_open(now_ms) == (held.problem(now_ms) == "")
        assert opens_ms is None or now_ms < opens_ms <= now_ms + 2 * 3_600_000
        assert (held.free(now_ms) > 0) == (opens_ms is None)
    for _ in range(3):
        now_ms = held.opens_ms(now_ms) or now_ms
    assert held.free(now_ms) >= 1
