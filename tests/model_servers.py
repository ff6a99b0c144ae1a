"""A model server within the test's process, on a free port, with a loop of its own."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from typing import Any

from foreword.clock import Clock, SystemClock
from foreword.model_server import ModelServer, Options

_HEADERS = {"anthropic-version": "2026-10-21", "content-type": "application/json"}
REFRESH_PROMPT = """<aggregates>
{"topic":"celery/worker","events":34,"share":0.41,"trend":"rising"}
</aggregates>
<events>
{"id":"e1","day":"2024-05-02","type":"commit","topics":["celery/worker"],"text":"Fix connection pool recovery"}
{"id":"e2","day":"2024-05-03","type":"commit","topics":["celery/worker"],"text":"A connection pool recovery after fork"}
</events>"""

# Far more than any answer takes that is not slowed down on purpose.
_PATIENCE_SECONDS = 30.0


class RunningModelServer:
    """A model server that runs in a thread.

    Attributes:
        url: What to give as `agent.base_url`.
    """

    def __init__(self, options: Options, clock: Clock) -> None:
        self._server = ModelServer(options, clock)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="model-server")
        self._thread.start()
        self._run(self._server.start())
        self.url = self._server.url

    def count(self) -> dict[str, Any]:
        """Return the server's own count, as `GET /count` has it."""
        return self._call("GET", "/count")

    def requests(self) -> list[dict[str, Any]]:
        """Return what it was asked of late, as `GET /requests` has it."""
        return self._call("GET", "/requests")

    def clear_requests(self) -> None:
        """Make it forget what it was asked."""
        self._call("DELETE", "/requests")

    def faults(self, fault: str, **fields: Any) -> None:
        """Put one fault at the end of the line; fields as in a script: times, seconds, share, path, wait_seconds."""
        self._call("POST", "/faults", {"fault": fault, **fields})

    def clear_faults(self) -> None:
        """Make the server healthy."""
        self._call("DELETE", "/faults")

    def post(
        self,
        body: object,
        path: str = "/v1/messages",
        *,
        patience_seconds: float = _PATIENCE_SECONDS,
        **headers: str,
    ) -> tuple[int, dict[str, Any], Message]:
        """Send JSON; return status, body and headers of the answer. Headers are named with `_` for `-`."""
        sent = _HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, data=json.dumps(body).encode(), headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=patience_seconds) as response:
                return response.status, json.load(response), response.headers
        except urllib.error.HTTPError as exc:
            return exc.code, json.load(exc), exc.headers

    def get(self, path: str) -> bytes:
        """Return the body at a path."""
        request = urllib.request.Request(self.url + path, headers=_HEADERS)
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as response:
            return bytes(response.read())

    def stop(self) -> None:
        """End it, at once; may be called twice."""
        if self._thread.is_alive():
            self._run(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _end(self) -> None:
        await self._server.stop()
        # Connections that clients left open are tasks of the HTTP library's, which would end unfinished.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_SECONDS)

    def _call(self, method: str, path: str, value: Any = None) -> Any:
        body = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(self.url + path, data=body, method=method)
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as response:
            return json.load(response)


@contextmanager
def running_model_server(clock: Clock | None = None, **options: Any) -> Iterator[RunningModelServer]:
    """Run a model server with options of `foreword.model_server.Options`."""
    server = RunningModelServer(Options(**options), clock or SystemClock())
    try:
        yield server
    finally:
        server.stop()


def params(prompt: str = REFRESH_PROMPT, **fields: Any) -> dict[str, Any]:
    """Return the body of a message request about one user."""
    turns = [{"role": "user", "content": prompt}]
    return {"model": "claude-haiku-4-5", "max_tokens": 1000, "messages": turns, **fields}
