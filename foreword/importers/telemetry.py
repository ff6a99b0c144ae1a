"""What an assistant offered while somebody typed, and whether they took it, out of rows of its telemetry."""

from __future__ import annotations

import hashlib
import json
import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from foreword import arguments
from foreword.admission import SESSION_ID_BYTES_MAX, TEXT_BYTES_MAX, TOPIC_BYTES_MAX
from foreword.importers import record_fields
from foreword.text_size import cut_text
from foreword.v1.event_pb2 import Event, Feedback

STATE_KEYS = ("StateName", "state_name", "state")
_TEXT_KEYS = ("CurrentSuggestion", "suggestion", "completion", "text")
_TASK_KEYS = ("Task", "task", "task_name")
_MEASUREMENT_KEYS = ("Measurements", "measurements")
_SHOWN = frozenset({"shown", "replay", "displayed", "offered"})
_FEEDBACK = {
    **dict.fromkeys(("accepted", "accept"), Feedback.FEEDBACK_ACCEPT),
    **dict.fromkeys(("rejected", "reject", "dismissed"), Feedback.FEEDBACK_REJECT),
}
# What is known of a suggestion before it is taken, by its names in measurements.
_MEASURED = {
    "compCharLen": "length",
    "length": "length",
    "numLines": "lines",
    "lines": "lines",
    "confidence": "confidence",
}
# Users whose suggestion may be open at once; one is about 10 KB of memory.
_OPEN_MAX = 10_000


def is_telemetry(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a row of telemetry: it has a state in words."""
    return isinstance(_first(record, STATE_KEYS), str)


class Telemetry:
    """Turns rows into events: one for each suggestion of which the row says that it was taken or turned down.

    What is said of a suggestion comes from the row that last showed it to the user: the row of the decision is
    written when the outcome is known, and measures it.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[str, Mapping[str, Any]] = OrderedDict()

    def event(self, record: Mapping[str, Any], user: str, attributes: Mapping[str, str]) -> Event | None:
        """Return the event that a row is, without a time; None for one that shows a suggestion, or is about none.

        Args:
            record: The row.
            user: Whose.
            attributes: What is stated of all of it.

        Raises:
            FieldError: The task of a decision is no text.
        """
        state = str(_first(record, STATE_KEYS)).strip().lower()
        feedback = _FEEDBACK.get(state)
        if state in _SHOWN:
            self._open[user] = record
            self._open.move_to_end(user)
            if len(self._open) > _OPEN_MAX:
                self._open.popitem(last=False)
        if feedback is None:
            return None
        shown = self._open.pop(user, None)
        return Event(
            event_id=f"row-{_digest(record)}",
            user_id=user,
            type="agent.suggestion",
            topics=_topics(record),
            text=cut_text(_text(shown or record), TEXT_BYTES_MAX),
            session_id=cut_text(record_fields.session_of(record), SESSION_ID_BYTES_MAX),
            feedback=feedback,
            attributes={**attributes, **(_measured(shown) if shown is not None else {})},
        )


def _first(record: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((record[key] for key in keys if record.get(key) is not None), None)


def _topics(record: Mapping[str, Any]) -> list[str]:
    task = _first(record, _TASK_KEYS)
    topic = arguments.text("task", task).strip() if task is not None else ""
    return [cut_text(topic, TOPIC_BYTES_MAX)] if topic else []


def _text(record: Mapping[str, Any]) -> str:
    text = _first(record, _TEXT_KEYS)
    if not isinstance(text, str):
        return ""
    if text[:1] == text[-1:] == '"':
        # Some logs write a text as JSON within JSON.
        try:
            inner = json.loads(text)
        except ValueError:
            return text
        return inner if isinstance(inner, str) else text
    return text


def _measured(record: Mapping[str, Any]) -> dict[str, str]:
    measurements = _first(record, _MEASUREMENT_KEYS)
    attributes: dict[str, str] = {}
    for key, name in _MEASURED.items():
        value = measurements.get(key) if isinstance(measurements, Mapping) else None
        if isinstance(value, (int, float)) and math.isfinite(value):
            # To a tenth: it becomes one of a few groups, not a number.
            attributes.setdefault(name, f"{value:.1f}" if name == "confidence" else f"{value:.0f}")
    return attributes


def _digest(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:24]
