"""A freshness promise, from profiles in a store to what an operator sees of it."""

from __future__ import annotations

import asyncio
from typing import Any

from waiting import PATIENCE_SECONDS

from foreword.clock import DAY_MS


def judge(running: Any) -> None:
    asyncio.run_coroutine_threadsafe(running.server._promises.judge(), running.loop).result(PATIENCE_SECONDS)


def test_a_broken_promise_is_in_status_until_it_is_kept_again(running: Any) -> None:
    """When the scheduler stops, active users' profiles expire, and status says since when, and how old they are."""
    started_ms = running.clock.now_ms()
    for number in range(20):
        running.put(f"user{number}")
    judge(running)
    (segment,) = running.client.status().segments
    assert (segment.segment_name, segment.promised_share, segment.found_share) == ("active", 0.99, 1.0)
    assert not segment.HasField("broken_since")
    assert "sidecar.freshness" not in running.problems()

    running.clock.advance(3 * DAY_MS)
    judge(running)
    (segment,) = running.client.status().segments
    assert segment.found_share == 0.0
    assert segment.broken_since.ToMilliseconds() == started_ms + 3 * DAY_MS
    assert segment.age_p50.ToSeconds() == segment.age_max.ToSeconds() == 3 * 86_400
    assert "100.0% of the 20 profiles of segment active" in running.problems()["sidecar.freshness"]

    for number in range(20):
        running.put(
            f"user{number}", stale_after_ms=started_ms + 4 * DAY_MS, expired_after_ms=started_ms + 5 * DAY_MS
        )
    running.clock.advance(60_000)
    judge(running)
    (segment,) = running.client.status().segments
    assert not segment.HasField("broken_since")
    assert "sidecar.freshness" not in running.problems()
