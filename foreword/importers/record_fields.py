"""Whose a record is, of which session, when it was and what it says of itself, under the names that logs use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from foreword import arguments
from foreword.admission import ATTRIBUTE_VALUE_BYTES_MAX
from foreword.errors import FieldError
from foreword.importers import values
from foreword.text_size import cut_text

# The first that is there holds. Names of one key each: an object beside them, such as `metadata`, is looked into.
USER_KEYS = ("user_id", "userId", "UserId", "user", "end_user_id", "customer_id")
SESSION_KEYS = (
    "session_id",
    "sessionId",
    "session",
    "conversation_id",
    "conversation",
    "thread_id",
    "thread",
    "chat_id",
)
TIME_KEYS = ("created_at", "timestamp", "created", "time", "TimeGenerated", "date")
REWARD_KEYS = ("reward", "score")
FEEDBACK_KEYS = ("feedback", "accepted", "thumbs", "rating")
# Where logs put what is about the record rather than in it.
_HOLDERS = ("metadata", "info", "info.task", "request", "request.metadata", "body", "body.metadata")
_ATTRIBUTES = {
    "domain": "domain",
    "repo": "repo",
    "repository": "repo",
    "language": "language",
    "languageId": "language",
    "file_type": "file_type",
    "fileType": "file_type",
    "file_extension": "file_type",
    "model": "model",
}
_FEEDBACK_WORDS = {
    **dict.fromkeys(("accept", "accepted", "thumbs_up", "thumbsup", "up", "good", "positive", "like"), True),
    **dict.fromkeys(
        ("reject", "rejected", "thumbs_down", "thumbsdown", "down", "bad", "negative", "dislike"), False
    ),
}


def user_of(record: Mapping[str, Any], field: str = "") -> str:
    """Return the id of the user a record is of; empty when it names none.

    Args:
        record: The record.
        field: Where it stands instead of under the usual names, such as `customer.key`.

    Raises:
        FieldError: It stands there, and is no id.
    """
    return _name(record, (field,) if field else USER_KEYS)


def session_of(record: Mapping[str, Any]) -> str:
    """Return the id of the session a record is of; empty when it names none.

    Raises:
        FieldError: It stands there, and is no id.
    """
    return _name(record, SESSION_KEYS)


def time_of(record: Mapping[str, Any], field: str = "") -> Timestamp | None:
    """Return when a record, or a message, was; None when it does not say.

    Raises:
        FieldError: It stands there, and is no time.
    """
    for name, value in _found(record, (field,) if field else TIME_KEYS):
        return values.as_time(name, value)
    return None


def time_in(message: Mapping[str, Any], field: str) -> Timestamp | None:
    """Return when a message was, if it says so itself.

    Raises:
        FieldError: It says so in words that are no time.
    """
    for name in TIME_KEYS:
        if message.get(name) is not None:
            return values.as_time(f"{field}.{name}", message[name])
    return None


def attributes_of(record: Mapping[str, Any]) -> dict[str, str]:
    """Return what a record states of domain, repository, language, kind of file and model."""
    attributes: dict[str, str] = {}
    for name, value in _found(record, tuple(_ATTRIBUTES)):
        attribute = _ATTRIBUTES[name.rpartition(".")[2]]
        if isinstance(value, str) and value.strip():
            attributes.setdefault(attribute, cut_text(value.strip(), ATTRIBUTE_VALUE_BYTES_MAX))
    return attributes


def reward_of(record: Mapping[str, Any]) -> float | None:
    """Return how well a run ended, 0 to 1; None when nothing says so.

    Raises:
        FieldError: What says so is no such number.
    """
    for name, value in _found(record, REWARD_KEYS):
        reward = float(value) if isinstance(value, bool) else values.as_number(name, value)
        if not 0 <= reward <= 1:
            raise FieldError(name, f"{reward:g}", "0 to 1")
        return reward
    return None


def is_accepted(record: Mapping[str, Any]) -> bool | None:
    """Return whether the user took what a run came to; None when nothing says so in a word that is known."""
    for _, value in _found(record, FEEDBACK_KEYS):
        if isinstance(value, bool):
            return value
        word = value.strip().lower().removeprefix("feedback_") if isinstance(value, str) else ""
        if word in _FEEDBACK_WORDS:
            return _FEEDBACK_WORDS[word]
    return None


def has_outcome(record: Mapping[str, Any]) -> bool:
    """Return whether a record says how its run ended."""
    return next(_found(record, (*REWARD_KEYS, *FEEDBACK_KEYS)), None) is not None


def _found(record: Mapping[str, Any], names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield what stands under names, with the path to it: in the record itself first, then in what it holds."""
    for holder in ("", *_HOLDERS):
        inner = at_path(record, holder) if holder else record
        for name in names:
            value = at_path(inner, name)
            if value is not None and value != "":
                yield (f"{holder}.{name}" if holder else name), value


def at_path(record: Any, path: str) -> Any:
    """Return what stands at a path such as `metadata.user_id`; None when nothing does."""
    for name in path.split("."):
        if not isinstance(record, Mapping):
            return None
        record = record.get(name)
    return record


def _name(record: Mapping[str, Any], names: Sequence[str]) -> str:
    for name, found in _found(record, names):
        # `"user": {"id": 7}`; an object without an id is about something else.
        value = found.get("id") if isinstance(found, Mapping) else found
        if value is not None:
            return str(value) if type(value) is int else arguments.text(name, value)
    return ""
