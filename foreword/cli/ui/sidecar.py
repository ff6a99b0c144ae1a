"""How the pages reach the sidecar, and what they know while it does not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import NamedTuple, TypeVar

from foreword.cli.connection import connect
from foreword.cli.settings import Settings
from foreword.client import Foreword
from foreword.clock import Clock
from foreword.errors import ForewordError
from foreword.v1.operator_service_pb2 import GetStatusResponse

Value = TypeVar("Value")

# Of pages that are read. A sidecar that takes longer is said to, rather than waited for.
CALL_SECONDS = 3.0
# Counting ten million users takes some 20 seconds.
STATUS_SECONDS = 60.0
# A page that is about counts waits so long for new ones where it has some; the others do not wait.
STATUS_PATIENCE_SECONDS = 0.1
# Nor does any page wait beyond this from the start on, where there are none yet.
FIRST_STATUS_PATIENCE_SECONDS = 2.5


class Sidecar:
    """Clients of the sidecar, made when it first answers: the page works before there is one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._clients: dict[float, Foreword] = {}

    def client(self, timeout_seconds: float = CALL_SECONDS) -> Foreword:
        """Return the client whose calls take at most so long.

        One that lets a call of another length wait in vain says nothing of these: each length has a client of its own.

        Raises:
            ServiceError: No sidecar listens, and none did.
        """
        with self._lock:
            if timeout_seconds not in self._clients:
                self._clients[timeout_seconds] = connect(self._settings, timeout_seconds=timeout_seconds)
            return self._clients[timeout_seconds]

    def close(self) -> None:
        """Disconnect."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients = {}


class Seen(NamedTuple):
    """The newest status that is known."""

    status: GetStatusResponse | None
    """None where none was ever had."""
    seen_ms: int
    """When it was had, in ms since 1970."""
    error: ForewordError | None
    """Why there is no newer one; None where there need not be."""
    is_late: bool
    """Whether a newer one is still being counted."""


class LatestStatus:
    """The status, asked for behind the pages: none waits for counting, and each says when what it shows was counted."""

    def __init__(self, sidecar: Sidecar, clock: Clock) -> None:
        self._sidecar = sidecar
        self._clock = clock
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, "status")
        self._asking: Future[None] | None = None
        self._asked = time.monotonic()
        self._newest = Seen(None, 0, None, is_late=False)

    def begin(self) -> None:
        """Ask for a first one, and wait for nothing."""
        with self._lock:
            self._begin()

    def _begin(self) -> Future[None]:
        if self._asking is None or self._asking.done():
            self._asked = time.monotonic()
            self._asking = self._pool.submit(self._ask)
        return self._asking

    def current(self, *, waits: bool = False) -> Seen:
        """Return the newest, and have a newer one asked for.

        Args:
            waits: Whether to give that a moment.
        """
        with self._lock:
            asking = self._begin()
        seconds = STATUS_PATIENCE_SECONDS if waits else 0.0
        if self._newest.status is None:
            seconds = max(seconds, self._asked + FIRST_STATUS_PATIENCE_SECONDS - time.monotonic())
        wait([asking], seconds)
        return self._newest._replace(is_late=not asking.done())

    def close(self) -> None:
        """Ask no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self) -> None:
        try:
            status = self._sidecar.client(STATUS_SECONDS).status()
        except ForewordError as exc:
            self._newest = self._newest._replace(error=exc)
        else:
            self._newest = Seen(status, self._clock.now_ms(), None, is_late=False)


def attempt(ask: Callable[[], Value], errors: list[ForewordError]) -> Value | None:
    """Return what a call is answered; where it fails, None, and the error is put to the others."""
    try:
        return ask()
    except ForewordError as exc:
        errors.append(exc)
        return None
