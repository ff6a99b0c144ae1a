"""Ages of cores: absolute, spread, and safe from clocks that jump."""

from __future__ import annotations

import pytest

from foreword.v1.core_pb2 import Core, CoreFreshness, CoreOrigin
from tiering.ages import Ages, Lifetimes

HOUR_MS = 3_600_000
LIFETIMES = Lifetimes(3600, 7200, 10_800, jitter_share=0)


def made_at(
    ms: int, core_id: str = "00" * 16, *, origin: CoreOrigin = CoreOrigin.CORE_ORIGIN_GENERATED
) -> Core:
    core = Core(core_id=core_id, origin=origin)
    core.created_at.FromMilliseconds(ms)
    return core


@pytest.mark.parametrize(
    ("age_ms", "freshness"),
    [
        (0, "FRESH"),
        (HOUR_MS - 1, "FRESH"),
        (HOUR_MS, "STALE"),
        (2 * HOUR_MS - 1, "STALE"),
        (2 * HOUR_MS, "STALE_IF_ERROR"),
        (3 * HOUR_MS - 1, "STALE_IF_ERROR"),
        (3 * HOUR_MS, "UNSPECIFIED"),
    ],
)
def test_age_alone_says_how_current_a_core_is(age_ms: int, freshness: str) -> None:
    """Fresh, stale, stale if error, gone: at exactly the configured ages."""
    said = Ages.of(made_at(10 * HOUR_MS), LIFETIMES).freshness(10 * HOUR_MS + age_ms)
    assert CoreFreshness.Name(said) == f"CORE_FRESHNESS_{freshness}"


def test_ages_are_spread_by_the_core_and_never_longer_than_configured() -> None:
    """Cores that were made together go one after the other, the same way in every process."""
    spread = LIFETIMES._replace(jitter_share=0.1)
    ends = {Ages.of(made_at(0, f"{number:02x}" * 16), spread).fresh_until_ms for number in range(0, 256, 8)}
    assert len(ends) == 32
    assert 0.9 * HOUR_MS <= min(ends) < 0.91 * HOUR_MS
    assert 0.99 * HOUR_MS < max(ends) <= HOUR_MS


def test_what_a_person_put_does_not_age() -> None:
    """A curated core is fresh until it is replaced or removed, whatever the clock does."""
    core = made_at(0, origin=CoreOrigin.CORE_ORIGIN_CURATED)
    for now_ms in (-HOUR_MS, 0, 10**15):
        assert Ages.of(core, LIFETIMES).freshness(now_ms) == CoreFreshness.CORE_FRESHNESS_FRESH


def test_a_core_from_a_clock_that_was_set_back_is_made_anew() -> None:
    """A core from the future is served, and renewed behind the answer: its age is not known."""
    ages = Ages.of(made_at(10 * HOUR_MS), LIFETIMES)
    assert ages.freshness(10 * HOUR_MS - 60_000) == CoreFreshness.CORE_FRESHNESS_FRESH
    assert ages.freshness(0) == CoreFreshness.CORE_FRESHNESS_STALE
