"""What becomes of clients that ask slowly, read slowly, or say nothing at all."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import uvicorn
from waiting import PATIENCE_SECONDS, until

from foreword import http_connection
from foreword.http_connection import HttpConnection

LIMIT = 10
HEAD = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n"


class Server:
    """Answers `/` at once, `/held` when it is let go, and `/large` with more than the system takes for a client.

    Attributes:
        gone: Set once a client of `/large` has gone.
    """

    def __init__(self, port: int) -> None:
        self.gone = threading.Event()
        self._port = port
        self._held = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer one request."""
        self._loop = asyncio.get_running_loop()
        while (await receive()).get("more_body"):
            pass
        if scope["path"] == "/held":
            await self._held.wait()
        parts = 512 if scope["path"] == "/large" else 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for left in reversed(range(parts)):
            await send({"type": "http.response.body", "body": b"x" * (1 << 16), "more_body": left > 0})
        if parts > 1 and (await receive())["type"] == "http.disconnect":
            self.gone.set()

    def let_go(self) -> None:
        """Have `/held` answered."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._held.set)

    def connect(self, said: bytes = b"") -> socket.socket:
        """Return a connection on which so much was said."""
        connection = socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS)
        connection.sendall(said)
        return connection

    def status(self) -> int:
        """Return how a request on a connection of its own is answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status
        finally:
            connection.close()


@contextmanager
def serving() -> Iterator[Server]:
    """Serve in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        application = Server(listening.getsockname()[1])
        config = uvicorn.Config(
            application, http=HttpConnection, limit_concurrency=LIMIT, lifespan="off", log_level="critical"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            until(lambda: server.started, "the server")
            yield application
        finally:
            server.should_exit = server.force_exit = True
            thread.join(PATIENCE_SECONDS)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have clients lose their connections after a moment."""
    monkeypatch.setattr(http_connection, "SECONDS_MAX", 0.05)


def has_ended(connection: socket.socket, say: bytes = b"") -> bool:
    """Return whether the server has ended a connection; say something more on it first."""
    connection.setblocking(False)
    try:
        connection.sendall(say)
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\nHo", HEAD], ids=["nothing", "half a header", "no body"]
)
def test_who_only_connects_keeps_nobody_out(said: bytes) -> None:
    """Thrice as many connections as the server takes, on none of which a request is whole, and the next is answered."""
    with serving() as server, ExitStack() as open_ones:
        for _ in range(3 * LIMIT):
            open_ones.enter_context(server.connect(said))
        assert server.status() == 200


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    ("said", "more"),
    [(b"", b""), (b"GET / HTTP/1.1\r\n", b"x"), (HEAD, b"x")],
    ids=["nothing", "a header by the byte", "a body by the byte"],
)
def test_a_request_that_never_ends_is_not_waited_for(said: bytes, more: bytes) -> None:
    """Who sends a byte now and then loses the connection as one does who says nothing."""
    with serving() as server, server.connect(said) as connection:
        until(lambda: has_ended(connection, more), "the connection was kept")


@pytest.mark.usefixtures("soon")
def test_an_answer_that_nobody_takes_is_not_waited_for() -> None:
    """Who asks for much and reads nothing loses the connection."""
    with serving() as server, server.connect(b"GET /large HTTP/1.1\r\nHost: test\r\n\r\n"):
        assert server.gone.wait(PATIENCE_SECONDS)


def test_an_answer_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for an answer keeps the connection, also when the time to ask is over, and may ask again."""
    # Long enough to ask in, on a busy machine too.
    monkeypatch.setattr(http_connection, "SECONDS_MAX", 1.0)
    asked = b"GET /held HTTP/1.1\r\nHost: test\r\n\r\n"
    with serving() as server, server.connect(asked) as patient, server.connect() as silent:
        # Connected later, so that the time of the first was over before.
        until(lambda: has_ended(silent), "the silent connection was kept")
        server.let_go()
        until(_reads(patient, b"200 OK"), "the answer")
        patient.setblocking(True)
        patient.sendall(asked)
        until(_reads(patient, b"200 OK"), "the second answer")


def _reads(connection: socket.socket, text: bytes) -> Callable[[], bool]:
    def look() -> bool:
        return text in connection.recv(1 << 20)

    return look
