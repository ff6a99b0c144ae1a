"""What was asked of late, as it came in."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

# Enough to see a conversation with its tools; all of them at their usual sizes are a few megabytes.
REQUESTS_MAX = 100
# A longer one is a batch of documents, and nobody reads it here.
BODY_BYTES_MAX = 1 << 20


class RequestLog:
    """The newest requests to models, with their bodies as they were sent."""

    def __init__(self) -> None:
        self._requests: deque[tuple[str, bytes]] = deque(maxlen=REQUESTS_MAX)

    def add(self, path: str, body: bytes) -> None:
        """Add a request; of one that is too long the newest are kept without it."""
        if len(body) <= BODY_BYTES_MAX:
            self._requests.append((path, body))

    def clear(self) -> None:
        """Forget all of them."""
        self._requests.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Return them, the oldest first; the body of one that was no JSON is None."""
        return [{"path": path, "body": _read(body)} for path, body in self._requests]


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
