"""Whether a sidecar says of itself that it works: the standard health service, asked once."""

from __future__ import annotations

from typing import Any

import grpc

from foreword.addresses import parse_address
from foreword.client.channel import HEALTH_CHECK, OPTIONS, TLS_OPTIONS, TlsFiles
from foreword.client.failures import Failures
from foreword.client.proof import Proof
from foreword.errors import FieldError

# HealthCheckRequest's `service`, and HealthCheckResponse with SERVING: messages of one field, for which a client needs
# no package.
_SERVICE_TAG = b"\x0a"
_SERVING = b"\x08\x01"
# A length of one byte.
_NAME_BYTES_MAX = 127


def is_healthy(address: str, service: str = "", *, timeout_seconds: float, **proof: Any) -> bool:
    """Return whether a service says SERVING.

    Args:
        address: The sidecar's: unix:PATH, HOST:PORT or [IPV6]:PORT.
        service: Name of a gRPC service, such as foreword.v1.ActivityService; empty for the sidecar as a whole.
        timeout_seconds: Longest time until there is an answer.
        proof: How the caller is known there, as a client takes it: `certificate_file` and so on.

    Raises:
        FieldError: The address, the name or what is said of the caller cannot be used.
        ServiceError: There is no answer, or no such service.
    """
    place = parse_address("address", address)
    name = service.encode()
    if len(name) > _NAME_BYTES_MAX:
        raise FieldError("service", f"{len(name)} bytes", f"at most {_NAME_BYTES_MAX}")
    request = _SERVICE_TAG + bytes([len(name)]) + name if name else b""
    secret = TlsFiles(Proof(place, **proof)).credentials()
    with (
        grpc.secure_channel(place.target, secret, TLS_OPTIONS)
        if secret
        else grpc.insecure_channel(place.target, OPTIONS) as channel
    ):
        check: Any = channel.unary_unary(HEALTH_CHECK)
        try:
            answer: bytes = check(request, timeout=timeout_seconds)
        except grpc.RpcError as exc:
            raise Failures(address, timeout_seconds, raises=True).translate(exc) from exc
    return answer == _SERVING
