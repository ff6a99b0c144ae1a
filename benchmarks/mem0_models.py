"""What mem0 asks for: chat completions and embeddings, answered by rule, which takes all that users say for facts."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Of the model of embeddings that mem0 takes where none is named.
DIMENSIONS = 1536
# How its quick start begins what it tells the model that it remembers.
_REMEMBERED = "User Memories:\n- "


class Models(ThreadingHTTPServer):
    """Serves both on loopback, and notes when a prompt first had a memory."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.remembered_at: float | None = None

    @property
    def url(self) -> str:
        """What to give as OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def complete(self, asked: dict[str, Any]) -> str:
        """Return what the model says."""
        texts = [str(message["content"]) for message in asked["messages"]]
        if asked.get("response_format"):
            said = re.findall(r"^user: (.+)$", texts[-1], re.M)
            return json.dumps({"memory": [{"id": "0", "text": text} for text in said[-1:]]})
        if self.remembered_at is None and _REMEMBERED in texts[0]:
            self.remembered_at = time.monotonic()
        return "I see."


class _Handler(BaseHTTPRequestHandler):
    server: Models

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.endswith("/embeddings"):
            texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
            data = [
                {"object": "embedding", "index": place, "embedding": _vector(str(text))}
                for place, text in enumerate(texts)
            ]
            self._answer({"object": "list", "model": asked["model"], "data": data, "usage": _usage()})
            return
        message = {"role": "assistant", "content": self.server.complete(asked)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._answer(
            {
                "id": "c",
                "object": "chat.completion",
                "created": 0,
                "model": asked["model"],
                "choices": [choice],
                "usage": _usage(),
            }
        )

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _answer(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _usage() -> dict[str, int]:
    return {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


def _vector(text: str) -> list[float]:
    """Return the words of a text as a vector of length one: two texts are near by the words they share."""
    values = [0.0] * DIMENSIONS
    for word in re.findall(r"\w+", text.lower()) or [""]:
        values[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]) % DIMENSIONS] += 1.0
    length = math.sqrt(sum(value * value for value in values))
    return [value / length for value in values]


@contextlib.contextmanager
def models() -> Iterator[Models]:
    """Serve both in a thread."""
    with Models() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
