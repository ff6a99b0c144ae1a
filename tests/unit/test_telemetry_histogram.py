"""Durations in buckets."""

from __future__ import annotations

from foreword.telemetry import Histogram
from foreword.telemetry.histogram import BOUNDS_SECONDS


def test_a_duration_is_counted_in_its_bucket_and_in_all_above() -> None:
    """Buckets are cumulative, a bound belongs to the bucket below it, and nothing is too long to be counted."""
    histogram = Histogram((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 70.0):
        histogram.add(seconds)
    assert histogram.cumulative() == [2, 3, 4]
    assert histogram.total_seconds == 70.65


def test_bounds_grow() -> None:
    """The bounds are in order and told apart, without which no quantile could be read from them."""
    assert list(BOUNDS_SECONDS) == sorted(set(BOUNDS_SECONDS))


def test_a_quantile_is_told_by_the_bound_of_its_bucket() -> None:
    """What a share of the durations took at most is a bound, and nothing where there is none."""
    histogram = Histogram((0.1, 1.0))
    assert histogram.bound_of(0.5) is None
    for seconds in (0.05, 0.05, 0.5, 70.0):
        histogram.add(seconds)
    assert [histogram.bound_of(share) for share in (0.5, 0.75, 0.99)] == [0.1, 1.0, None]
