"""Serving a page of metrics, and what happens when it cannot be had."""

from __future__ import annotations

import asyncio
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest
from scraping import Scrape
from waiting import PATIENCE_SECONDS

from foreword.errors import ForewordError
from foreword.telemetry import Histogram, Metric, Page
from foreword.telemetry.endpoint import SCRAPERS_MAX, served

CALLS = Metric("foreword_test_total", "counter", "Calls.", ("method",))
SECONDS = Metric("foreword_test_seconds", "histogram", "How long they took.", ("method",))
SETTING = "telemetry.sidecar_metrics_listen"
ANYWHERE = "127.0.0.1:0"
METHOD = 'a "quoted"\nname'

T = TypeVar("T")


async def read() -> Page:
    page, durations = Page(), Histogram()
    durations.add(0.3)
    page.put(CALLS, 3, METHOD)
    page.put(SECONDS, durations, "b")
    return page


def ask(
    look: Callable[[str], T],
    *,
    listen: str = ANYWHERE,
    reads: Callable[[], Coroutine[Any, Any, Page]] = read,
) -> T:
    """Serve a page, and return what a look at its address found."""

    async def serve() -> T:
        async with served(SETTING, listen, reads) as address:
            return await asyncio.to_thread(look, address)

    return asyncio.run(serve())


def test_values_arrive_as_they_were_put() -> None:
    """Counters, buckets and labels of any text come through Prometheus' format unchanged."""
    found = ask(Scrape)
    assert found.value(CALLS, method=METHOD) == 3
    assert found.value(SECONDS, "_bucket", method="b", le="0.25") == 0
    assert found.value(SECONDS, "_bucket", method="b", le="0.5") == 1
    assert found.value(SECONDS, "_sum", method="b") == 0.3


def test_openmetrics_is_spoken_to_who_asks_for_it() -> None:
    """A scraper that prefers OpenMetrics gets it, with its end mark."""

    def look(address: str) -> bytes:
        wanted = {"Accept": "application/openmetrics-text; version=1.0.0"}
        request = urllib.request.Request(f"http://{address}/metrics", headers=wanted)
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            text: bytes = answer.read()
            return text

    assert ask(look).endswith(b"# EOF\n")


@pytest.mark.parametrize(("path", "code"), [("/", 404), ("/metrics/../x", 404), ("/metrics", 503)])
def test_what_cannot_be_had_is_no_page_of_zeros(path: str, code: int) -> None:
    """Figures that fail are an error, and so is any other path: a zero that nobody counted would be believed."""

    async def fail() -> Page:
        raise ForewordError("no store")

    def look(address: str) -> int:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://{address}{path}", timeout=PATIENCE_SECONDS)
        with caught.value as answer:
            return answer.code

    assert ask(look, reads=fail) == code


def test_a_taken_port_is_said_in_words() -> None:
    """A port that somebody else has is an error that names the setting."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ForewordError, match="cannot serve metrics on") as caught:
            ask(Scrape, listen=taken)
    assert SETTING in caught.value.hint


def test_nowhere_is_nowhere() -> None:
    """Without an address nothing is served."""
    assert ask(str, listen="") == ""


def test_the_port_is_free_once_it_is_served_no_more() -> None:
    """A daemon that starts right behind another one finds its port."""
    port = ask(lambda address: address.rpartition(":")[2])
    assert ask(str, listen=f"127.0.0.1:{port}") == f"127.0.0.1:{port}"


def test_who_breaks_off_holds_up_nobody() -> None:
    """A scraper that goes in the middle of its request, or sends what is no HTTP, leaves the next one its turn."""

    def look(address: str) -> Scrape:
        host, _, port = address.rpartition(":")
        for said in (b"GET /metr", b"\x16\x03\x01\x00\xff" * 100, b""):
            with socket.create_connection((host, int(port)), PATIENCE_SECONDS) as connection:
                connection.sendall(said)
        return Scrape(address)

    assert ask(look).value(CALLS, method=METHOD) == 3


def test_who_says_nothing_holds_up_nobody() -> None:
    """Connections without a whole request are passed over, however many; of too many the oldest ends."""

    def look(address: str) -> Scrape:
        host, _, port = address.rpartition(":")
        with ExitStack() as silent:
            first, *_ = (
                silent.enter_context(socket.create_connection((host, int(port)), PATIENCE_SECONDS))
                for _ in range(2 * SCRAPERS_MAX)
            )
            first.sendall(b"GET /metr")
            found = Scrape(address)
            assert ended(first)
            return found

    assert ask(look).value(CALLS, method=METHOD) == 3


def ended(connection: socket.socket) -> bool:
    """Return whether nothing more comes on a connection; waits for what does."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
