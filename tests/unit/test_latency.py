"""How long calls take."""

from __future__ import annotations

from foreword.latency import call_times_us, percentile


def test_every_call_is_timed() -> None:
    """Each argument is called once and in order, and has a time."""
    called: list[str] = []
    taken = call_times_us(called.append, ["a", "b", "c"])
    assert called == ["a", "b", "c"]
    assert len(taken) == 3
    assert min(taken) > 0


def test_percentiles_are_of_nearest_rank() -> None:
    """A percentile is one of the values, whatever their order; the largest one at most."""
    values = [float(value) for value in reversed(range(1, 101))]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 51.0, 100.0, 100.0]
    assert percentile([7.0], 0.5) == 7.0
