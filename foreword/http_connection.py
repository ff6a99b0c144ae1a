"""A connection of HTTP that keeps nobody out: its client asks and reads in time, or loses it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

# From when a client connects, or had its last answer, until its next request is there to the last byte; and for how
# long it may take nothing of an answer. A megabyte within it takes 50 KB a second.
SECONDS_MAX = 20.0


class HttpConnection(H11Protocol):
    """Ends when its client takes too long to ask, or to read; and at once when it waits longest of too many.

    The server's own limit counts connections, also those on which nobody asks for anything: whoever opens as many and
    says nothing would keep all others out. So half of them may wait; of more, the one that has waited longest goes.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ending: asyncio.TimerHandle | None = None
        self._waits_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, and make room for it."""
        super().connection_made(transport)
        self._look()
        if self.limit_concurrency is None:
            return
        # The server keeps those of any kind; all here are of this one.
        waiting = [
            one for one in self.connections if isinstance(one, HttpConnection) and one._ending is not None
        ]
        if len(waiting) > self.limit_concurrency // 2:
            min(waiting, key=lambda one: one._waits_since)._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._set(waits=False)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what may be the rest of a request."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._set(waits=True)

    def resume_writing(self) -> None:
        """Wait no more: it has read."""
        super().resume_writing()
        self._look()

    def _end(self) -> None:
        self._set(waits=False)
        # From here on it is not one of them; the loop tells of its end a turn later.
        self.connections.discard(self)
        self.transport.abort()

    def _look(self) -> None:
        cycle = self.cycle
        is_asked = cycle is not None and not cycle.more_body and not cycle.response_complete
        self._set(waits=self.flow.write_paused or not is_asked)

    def _set(self, *, waits: bool) -> None:
        if waits and self._ending is None:
            # Not the loop's time, which is the same for all that came in one turn of it.
            self._waits_since = time.monotonic()
            self._ending = self.loop.call_later(SECONDS_MAX, self._end)
        elif not waits and self._ending is not None:
            self._ending.cancel()
            self._ending = None
