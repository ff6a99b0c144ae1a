"""What the scheduler serves to Prometheus, against what it did."""

from __future__ import annotations

import asyncio

from scraping import Scrape
from trace_receiver import attributes, trace_receiver

from scheduler import metrics


def test_refreshes_are_counted_by_reason_and_outcome(store) -> None:
    """What was written, what failed and what found nothing new are told apart, with how long each took."""

    async def story() -> Scrape:
        store.settings["telemetry"] = {"scheduler_metrics_listen": "127.0.0.1:0"}
        store.record("ann", "bob", count=5, ends_session=True)
        store.agent.failing["bob"] = ValueError("no")
        async with store.running() as daemon:
            await store.attempted(daemon, 2)
            store.request("ann", manual=True)
            await store.attempted(daemon, 3)
            return await asyncio.to_thread(Scrape, daemon.metrics_address)

    found = asyncio.run(story())
    assert found.value(metrics.REFRESHES, reason="session_end", outcome="written") == 1
    assert found.value(metrics.REFRESHES, reason="session_end", outcome="failed") == 1
    assert found.value(metrics.REFRESHES, reason="manual", outcome="unchanged") == 1
    assert found.value(metrics.SECONDS, "_count", outcome="written") == 1
    assert found.value(metrics.WAITED, "_count", reason="session_end") == 2
    assert found.value(metrics.RUNNING) == 0
    assert found.names() <= {metric.name for metric in metrics.METRICS}


def test_problems_are_counted_where_they_are(store) -> None:
    """What the scheduler finds wrong shows on its own page, whether or not a sidecar runs."""

    async def story() -> list[float | None]:
        store.settings["telemetry"] = {"scheduler_metrics_listen": "127.0.0.1:0"}
        async with store.running() as daemon:
            await store.until(lambda: daemon.metrics_address)
            before = await asyncio.to_thread(Scrape, daemon.metrics_address)
            daemon.health.problems.note("scheduler", "test", "something is wrong")
            after = await asyncio.to_thread(Scrape, daemon.metrics_address)
            return [one.value(metrics.PROBLEMS) for one in (before, after)]

    assert asyncio.run(story()) == [0, 1]


def test_refreshes_are_spans_without_their_users(store) -> None:
    """Each refresh that is drawn is a span with its reason, outcome and size; a failed one is an error."""

    async def story(url: str) -> None:
        store.settings["telemetry"] = {"traces_url": url, "traces_share": 1.0}
        store.record("ann-marie", "bob", count=5, ends_session=True)
        store.agent.failing["bob"] = ValueError("no")
        async with store.running() as daemon:
            await store.attempted(daemon, 2)

    with trace_receiver() as receiver:
        asyncio.run(story(receiver.url))
    spans = {attributes(span.attributes)["foreword.outcome"]: span for span in receiver.named("refresh")}
    assert set(spans) == {"written", "failed"}
    said = attributes(spans["written"].attributes)
    assert (said["foreword.reason"], said["foreword.event_count"]) == ("session_end", 5)
    assert spans["failed"].status.code == spans["failed"].status.STATUS_CODE_ERROR
    assert receiver.services == {"foreword-scheduler"}
    assert "ann-marie" not in str(receiver.spans)
