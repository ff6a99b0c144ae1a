"""What the checks of all databases ask of a row."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from foreword import keys
from foreword.errors import FieldError, StoreError

M = TypeVar("M", bound=Message)


def parsed(message: type[M], row: bytes) -> M | None:
    """Return the message in `row`, or None when there is none."""
    try:
        return message.FromString(row)
    except DecodeError:
        return None


def namespace_key_fault(key: bytes) -> str:
    """Return why `key` stands for no namespace; empty when it does."""
    try:
        return "" if keys.namespace_prefix(key[1:].decode()) == key else "the key is no namespace"
    except (ValueError, StoreError, FieldError):
        return "the key is no namespace"


def user_key_fault(key: bytes) -> str:
    """Return why `key` is no user key; empty when it is one."""
    try:
        user_id, namespace = keys.split_user_key(key)
        return "" if keys.user_key(user_id, namespace) == key else "the key is not in its one proper form"
    except (ValueError, StoreError) as exc:
        return f"the key is no user key: {exc}"
