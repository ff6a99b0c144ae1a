"""Whether a sidecar answers."""

from __future__ import annotations

import socket

from foreword.client import Foreword
from foreword.errors import ServiceError

_CONNECT_SECONDS = 1.0
_ANSWER_SECONDS = 2.0


def is_listening(address: str) -> bool:
    """Return whether something accepts connections at `unix:PATH` or `HOST:PORT`; a millisecond when nothing does."""
    try:
        with _socket(address):
            return True
    except (OSError, ValueError):
        return False


def is_serving(address: str) -> bool:
    """Return whether a sidecar answers there."""
    if not is_listening(address):
        return False
    try:
        with Foreword(address, timeout_seconds=_ANSWER_SECONDS, raises=True) as client:
            # The cheapest call there is; reading a user nobody knows leaves no trace.
            client.foreword("nobody")
    except ServiceError:
        return False
    return True


def _socket(address: str) -> socket.socket:
    if address.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(_CONNECT_SECONDS)
            connection.connect(address.removeprefix("unix:"))
        except OSError:
            connection.close()
            raise
        return connection
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS)
