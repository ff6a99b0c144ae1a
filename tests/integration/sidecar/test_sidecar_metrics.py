"""What the sidecar serves to Prometheus, against what it did."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from queue import SimpleQueue

import pytest
from paths import BOTH_PATHS
from scraping import Scrape, page
from waiting import until

from foreword.errors import ForewordError
from foreword.v1.operator_service_pb2 import RefreshUserRequest
from foreword.v1.profile_pb2 import Segment
from foreword.v1.profile_service_pb2 import LookupProfilesRequest
from foreword.v1.profile_service_pb2_grpc import ProfileServiceStub
from sidecar import calls, metrics


@pytest.fixture
def watched(start):
    """A sidecar that serves metrics."""
    return start(start.config(telemetry={"sidecar_metrics_listen": "127.0.0.1:0"}))


def scrape(running) -> Scrape:
    return Scrape(running.server.metrics_address)


@BOTH_PATHS
def test_each_call_is_counted_by_method_and_outcome(watched) -> None:
    """A call that was answered, one that was refused and one that was given up are three counts."""
    watched.client.profile("ann")
    watched.client.profile("ann")
    with pytest.raises(ForewordError):
        watched.client.profile("")
    watched.client.record([watched.event("first", user_id="ann")])
    request = RefreshUserRequest(user_id="ann", wait=timedelta(seconds=60))
    refresh = watched.channel.unary_unary("/foreword.v1.OperatorService/RefreshUser")
    waiting = refresh.future(request.SerializeToString())
    until(lambda: scrape(watched).value(calls.RUNNING) == 1, "a call that goes on")
    waiting.cancel()
    until(lambda: scrape(watched).value(calls.RUNNING) == 0, "the call to be given up")
    method = "ProfileService.GetProfile"
    until(lambda: scrape(watched).value(calls.COUNT, method=method, code="OK") == 2, "what the front counts")
    found = scrape(watched)
    assert found.value(calls.COUNT, method="OperatorService.RefreshUser", code="CANCELLED") == 1
    assert found.value(calls.COUNT, method="ProfileService.GetProfile", code="INVALID_ARGUMENT") == 1
    assert found.value(calls.SECONDS, "_count", method="ProfileService.GetProfile") == 3


@BOTH_PATHS
def test_lookups_are_calls_and_their_streams_run(watched) -> None:
    """A stream of lookups runs until it ends, and then is a call that took its time, whoever answers."""
    held: SimpleQueue[LookupProfilesRequest | None] = SimpleQueue()
    stub = ProfileServiceStub(watched.channel)
    call = stub.LookupProfiles(iter(held.get, None), timeout=10)
    held.put(LookupProfilesRequest(user_id="ann"))
    next(call)
    until(lambda: scrape(watched).value(calls.RUNNING) == 1, "a stream that goes on")
    held.put(None)
    assert list(call) == []
    until(lambda: scrape(watched).value(calls.RUNNING) == 0, "its end")
    method = "ProfileService.LookupProfiles"
    until(lambda: scrape(watched).value(calls.COUNT, method=method, code="OK") == 1, "its count")
    found = scrape(watched)
    assert found.value(calls.SECONDS, "_count", method=method) == 1
    assert found.value(calls.SECONDS, "_bucket", method=method, le="1e-05") == 0


def test_streams_are_counted_once_they_end(watched) -> None:
    """A call that answers a stream is one call, however many parts it has."""
    list(watched.client.export("ann"))
    found = scrape(watched)
    assert found.value(calls.COUNT, method="UserDataService.ExportUser", code="OK") == 1


def test_freshness_by_segment_is_what_status_says(watched) -> None:
    """The profiles of each segment are counted by freshness, as GetStatus counts them."""
    watched.put("ann")
    watched.put("bob", stale_after_ms=watched.now_ms - 1)
    watched.put("eve", segment=Segment.SEGMENT_DORMANT, is_default=True)
    found = scrape(watched)
    assert found.value(metrics.PROFILES, segment="active", freshness="fresh") == 1
    assert found.value(metrics.PROFILES, segment="active", freshness="stale") == 1
    assert found.value(metrics.PROFILES, segment="dormant", freshness="default") == 1
    assert found.value(metrics.FOUND, segment="active") == 1.0
    assert found.value(metrics.AGE, segment="active", statistic="max") == 0


@BOTH_PATHS
def test_reads_are_counted_by_segment_and_freshness(watched) -> None:
    """A read of a user with a profile counts for their segment as it was told, any other as unknown."""
    watched.put("ann")
    watched.put("bob", stale_after_ms=watched.now_ms)
    watched.put("cat", stale_after_ms=watched.now_ms, expired_after_ms=watched.now_ms)
    watched.put("dan", segment=Segment.SEGMENT_DORMANT, is_default=True)
    watched.client.profile("ann")
    watched.client.profiles(["ann", "bob", "cat", "dan"])
    watched.client.text("nobody")
    expected = {
        ("active", "fresh"): 2,
        ("active", "stale"): 1,
        ("active", "expired"): 1,
        ("dormant", "default"): 1,
        ("unknown", "default"): 1,
    }

    def counts() -> dict[tuple[str, ...], float]:
        return scrape(watched).values(metrics.READS)

    until(lambda: counts() == expected, counts)


def test_the_store_and_its_readers_are_measured(watched) -> None:
    """Each environment has its size, what it may grow to and its readers, and no file is larger than its map."""
    watched.client.record([watched.event("e1")])
    found = scrape(watched)
    for environment in ("profiles.lmdb", "activity.lmdb"):
        size, largest = (found.value(of, environment=environment) for of in (metrics.FILE, metrics.MAP))
        assert size is not None
        assert largest is not None
        assert 0 < size <= largest
        assert found.value(metrics.READERS, environment=environment) is not None
    assert (found.value(metrics.DISK) or 0) > 0
    assert found.value(metrics.ACCEPTED) == 1


def test_a_scrape_waits_for_nobody_and_nobody_for_it(watched) -> None:
    """Scrapes beside calls all end, each with a page, and reads go on between them."""
    with ThreadPoolExecutor(8) as pool:
        pages = [pool.submit(page, watched.server.metrics_address) for _ in range(20)]
        reads = [pool.submit(watched.client.profile, "ann") for _ in range(200)]
        assert all(metrics.INFO.name in done.result() for done in pages)
        assert len([done.result() for done in reads]) == 200
    assert scrape(watched).value(calls.COUNT, method="ProfileService.GetProfile", code="OK") == 200


@BOTH_PATHS
def test_what_is_served_is_declared(watched) -> None:
    """No metric is on the page that docs/metrics.md does not explain."""
    watched.put("ann")
    watched.client.profile("ann")
    assert scrape(watched).names() <= {metric.name for metric in metrics.METRICS}


@BOTH_PATHS
def test_no_metric_names_a_user(watched) -> None:
    """Neither users nor their namespaces nor what they did stand on the page."""
    watched.put("ann-marie")
    watched.client.record([watched.event("e-1", "ann-marie", topics=["sailing"], namespace="tenant-7")])
    watched.client.profile("ann-marie")
    text = page(watched.server.metrics_address)
    assert not any(word in text for word in ("ann-marie", "sailing", "tenant-7"))


def test_a_sidecar_serves_no_metrics_unless_it_is_told_to(running) -> None:
    """Without an address there is no port."""
    assert running.server.metrics_address == ""


def test_metrics_end_with_the_sidecar(watched) -> None:
    """Once it is stopped nobody answers at its address."""
    address = watched.server.metrics_address
    asyncio.run_coroutine_threadsafe(watched.server.stop(0), watched.loop).result()
    with pytest.raises(OSError, match="refused"):
        page(address)
