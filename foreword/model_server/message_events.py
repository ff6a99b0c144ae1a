"""A message as a stream of server-sent events."""

from __future__ import annotations

import json
from typing import Any

from foreword.model_server.answer import Answer

# About what the API puts into one event.
_DELTA_CHARACTERS = 40


def message_events(answer: Answer) -> list[bytes]:
    """Return the events of a message, each ready to be sent."""
    message = answer.as_message()
    usage = {**message["usage"], "output_tokens": 1}
    begun = {**message, "content": [], "stop_reason": None, "stop_details": None, "usage": usage}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}]
    if answer.text:
        events.append(
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        )
        events.append({"type": "ping"})
        events += [
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
            for piece in _pieces(answer.text)
        ]
        events.append({"type": "content_block_stop", "index": 0})
    stop = {name: message[name] for name in ("stop_reason", "stop_sequence", "stop_details")}
    used = {name: count for name, count in message["usage"].items() if name.endswith("_tokens")}
    events.append({"type": "message_delta", "delta": stop, "usage": used})
    events.append({"type": "message_stop"})
    return [
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
        for event in events
    ]


def _pieces(text: str) -> list[str]:
    return [text[start : start + _DELTA_CHARACTERS] for start in range(0, len(text), _DELTA_CHARACTERS)]
