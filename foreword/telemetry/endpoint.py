"""Serving what a daemon counts to Prometheus, beside its work."""

from __future__ import annotations

import asyncio
import logging
import socket
import socketserver
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from foreword.addresses import Address, parse_address
from foreword.errors import ForewordError, MissingExtraError
from foreword.telemetry.histogram import Histogram
from foreword.telemetry.metric import Metric
from foreword.telemetry.page import Page, Value

logger = logging.getLogger("foreword.telemetry")

PATH = "/metrics"
# Prometheus gives a scrape 10 seconds unless told otherwise; an answer after that is for nobody.
READ_SECONDS_MAX = 8.0
# How long a scraper may be silent within its request.
_SILENCE_SECONDS_MAX = 5.0
# Connections that may be open, a thread each; of more the oldest ends, since a scrape takes milliseconds.
SCRAPERS_MAX = 16
_STOP_POLL_SECONDS = 0.05

Read = Callable[[], Coroutine[Any, Any, Page]]
_Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class EndpointError(ForewordError):
    """Metrics cannot be served where they should be."""


@asynccontextmanager
async def served(setting: str, listen: str, read: Read) -> AsyncIterator[str]:
    """Answer `GET /metrics` beside the event loop, one scrape after the other; give the address, empty for nowhere.

    What is read is read in the event loop, in which it is counted, so that no count needs a lock; putting it into
    Prometheus' format and sending it is done in a thread of the scraper's own, so that one who asks slowly, or never,
    holds up nobody. A scrape that comes while another is answered waits: any number of scrapers cost no more than one.

    Args:
        setting: The key that says where, for errors.
        listen: `HOST:PORT` or `[IPV6]:PORT`; port 0 has the system choose one. Empty: nowhere.
        read: Returns the values of the moment.

    Raises:
        EndpointError: The port cannot be had.
        MissingExtraError: What writes Prometheus' format is not installed.
    """
    if not listen:
        yield ""
        return
    application = _application(setting, read, asyncio.get_running_loop())
    wanted = parse_address(setting, listen)
    try:
        server = _Server(wanted)
    except OSError as exc:
        raise EndpointError(
            f"cannot serve metrics on {wanted.text}: {exc.strerror or exc}",
            hint=f"see what listens there, or change {setting}",
        ) from exc
    server.set_app(application)
    thread = threading.Thread(
        target=server.serve_forever, args=(_STOP_POLL_SECONDS,), name="metrics", daemon=True
    )
    thread.start()
    address = f"{wanted.text.rpartition(':')[0]}:{server.server_port}"
    logger.info("metrics are at http://%s%s", address, PATH)
    try:
        yield address
    finally:
        # In a thread: the scrape under way may be waiting for this loop.
        await asyncio.to_thread(server.shutdown)
        server.end_all()
        await asyncio.to_thread(server.server_close)


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """A thread for each of a few connections.

    Without the library's look-up of its own host name, which may take seconds where no name server answers.
    """

    def __init__(self, address: Address) -> None:
        # The oldest first.
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        self.address_family, _, _, _, (host, port, *_) = found[0]
        super().__init__((str(host), int(port)), _Handler)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread, and end the oldest where there are too many."""
        with self._lock:
            if len(self._open) >= SCRAPERS_MAX:
                _end(self._open.pop(0))
            self._open.append(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that has ended."""
        with self._lock:
            if request in self._open:
                self._open.remove(request)
        super().shutdown_request(request)

    def end_all(self) -> None:
        """End the connections that are open, so that their threads do."""
        with self._lock:
            for request in self._open:
                _end(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the library's signature
        logger.debug("a scrape from %s broke off", client_address, exc_info=True)


def _end(connection: socket.socket) -> None:
    """End a connection at which a thread may be waiting, which closes it."""
    # It may have ended by itself.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(WSGIRequestHandler):
    timeout = _SILENCE_SECONDS_MAX

    def log_message(self, format: str, *args: Any) -> None:
        """Keep each scrape out of the log."""


def _application(setting: str, read: Read, loop: asyncio.AbstractEventLoop) -> _Application:
    try:
        from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
    except ModuleNotFoundError as exc:
        raise MissingExtraError(setting, "server") from exc

    answering = threading.Lock()

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH:
            return _plain(start_response, HTTPStatus.NOT_FOUND, f"metrics are at {PATH}")
        with answering:
            return scrape(environ, start_response)

    def scrape(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        reading = asyncio.run_coroutine_threadsafe(read(), loop)
        try:
            page = reading.result(READ_SECONDS_MAX)
        except Exception as exc:
            reading.cancel()
            logger.warning("a scrape got no figures: %s", exc or type(exc).__name__)
            return _plain(
                start_response, HTTPStatus.SERVICE_UNAVAILABLE, "there are no figures now; see the log"
            )
        collected = CollectorRegistry()
        ProcessCollector("", lambda: "self", "/proc", collected)
        collected.register(_Collector(page))
        answer: Iterable[bytes] = make_wsgi_app(collected)(environ, start_response)
        return answer

    return application


def _plain(start_response: Callable[..., Any], status: HTTPStatus, text: str) -> Iterable[bytes]:
    start_response(f"{status.value} {status.phrase}", [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{text}\n".encode()]


class _Collector:
    """Puts a page into the families of Prometheus' library."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def collect(self) -> Iterator[Any]:
        for metric, samples in self._page.samples.items():
            yield _family(metric, samples)


def _family(metric: Metric, samples: list[tuple[tuple[str, ...], Value]]) -> Any:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    if metric.kind == "histogram":
        family = HistogramMetricFamily(metric.name, metric.text, labels=metric.labels)
        for labels, value in samples:
            assert isinstance(value, Histogram), metric.name
            bounds = [*(f"{bound:g}" for bound in value.bounds_seconds), "+Inf"]
            buckets = list(zip(bounds, value.cumulative(), strict=True))
            family.add_metric(labels, buckets, sum_value=value.total_seconds)
        return family
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    plain = kind(metric.name, metric.text, labels=metric.labels)
    for labels, value in samples:
        assert not isinstance(value, Histogram), metric.name
        plain.add_metric(labels, value)
    return plain
