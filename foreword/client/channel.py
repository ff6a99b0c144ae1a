"""The connection to a sidecar, and what calls each method over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from foreword.client.calls import LOOKUP_PROFILES, STREAM_EVENTS, STREAMING, UNARY
from foreword.errors import ServiceError

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = (
    # Whether a call is made again is decided in reach.py: gRPC's own retries cannot be left out of a single call.
    ("grpc.enable_retries", 0),
    # 1,000 profiles of 20 KB are larger than gRPC's own limit of 4 MB; the sidecar is trusted.
    ("grpc.max_receive_message_length", -1),
    # gRPC's own waits, a second to two minutes, are made for the internet, not for a process next door. A connection
    # that nobody accepts costs a tenth of a millisecond, so twice a second is cheap.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
    # A proxy set for the internet must not be asked for loopback.
    ("grpc.enable_http_proxy", 0),
)

# Asks for the health of the whole server: an empty request, whose answer is not looked at.
HEALTH_CHECK = "/grpc.health.v1.Health/Check"


def credentials(certificate_file: Path | str | None) -> grpc.ChannelCredentials | None:
    """Return what a connection with TLS needs, None for one without.

    Raises:
        ServiceError: The file cannot be read.
    """
    if certificate_file is None:
        return None
    from pathlib import Path

    try:
        return grpc.ssl_channel_credentials(Path(certificate_file).read_bytes())
    except OSError as exc:
        raise ServiceError(f"the certificate file cannot be read: {exc}", reason="UNAUTHENTICATED") from exc


def stubs(channel: grpc.Channel | grpc.aio.Channel) -> dict[str, Any]:
    """Return what calls each method, by path. Made once: making it costs as much as a tenth of a call."""
    calls: dict[str, Any] = {
        method.path: channel.unary_unary(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        for method in UNARY
    }
    for method in STREAMING:
        calls[method.path] = channel.unary_stream(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
    calls[LOOKUP_PROFILES.path] = channel.stream_stream(
        LOOKUP_PROFILES.path,
        request_serializer=LOOKUP_PROFILES.request.SerializeToString,
        response_deserializer=LOOKUP_PROFILES.response.FromString,
    )
    feed: Any = channel.stream_unary(
        STREAM_EVENTS.path,
        request_serializer=STREAM_EVENTS.request.SerializeToString,
        response_deserializer=STREAM_EVENTS.response.FromString,
    )
    # Called with a list, which a call made again begins anew.
    calls[STREAM_EVENTS.path] = lambda messages, timeout: feed(iter(messages), timeout=timeout)
    calls[HEALTH_CHECK] = channel.unary_unary(HEALTH_CHECK)
    return calls
