"""Whether a sidecar answers."""

from __future__ import annotations

import socket

from foreword.addresses import Address, parse_address
from foreword.client import Foreword
from foreword.errors import FieldError, ServiceError

_CONNECT_SECONDS = 1.0
_ANSWER_SECONDS = 2.0


def is_listening(address: str) -> bool:
    """Return whether something accepts connections at an address; a millisecond when nothing does."""
    try:
        with _socket(parse_address("address", address)):
            return True
    except (OSError, FieldError):
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


def _socket(address: Address) -> socket.socket:
    if not address.path:
        return socket.create_connection((address.host, address.port), timeout=_CONNECT_SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(_CONNECT_SECONDS)
        connection.connect(address.path)
    except OSError:
        connection.close()
        raise
    return connection
