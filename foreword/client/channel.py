"""The connection to a sidecar, and what calls each method over it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import grpc

from foreword.client.calls import LOOKUP_PROFILES, STREAM_EVENTS, STREAMING, UNARY
from foreword.client.proof import Proof
from foreword.errors import ServiceError
from foreword.file_signature import signature_of

if TYPE_CHECKING:
    from foreword.file_signature import Signature

logger = logging.getLogger("foreword.client")

_CONNECTING = "grpc.min_reconnect_backoff_ms"
OPTIONS = (
    # Whether a call is made again is decided in reach.py: gRPC's own retries cannot be left out of a single call.
    ("grpc.enable_retries", 0),
    # 1,000 profiles of 20 KB are larger than gRPC's own limit of 4 MB; the sidecar is trusted.
    ("grpc.max_receive_message_length", -1),
    # gRPC's own waits, a second to two minutes, are made for the internet, not for a process next door. A connection
    # that nobody accepts costs a tenth of a millisecond, so twice a second is cheap.
    ("grpc.initial_reconnect_backoff_ms", 50),
    (_CONNECTING, 50),
    ("grpc.max_reconnect_backoff_ms", 500),
    # A machine that vanished says nothing, and whoever follows changes there would wait for good. It is asked while a
    # call is under way, by the sidecar's own times; of a watch, which sends nothing itself, gRPC would ask only twice.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.ping_timeout_ms", 20_000),
    ("grpc.http2.max_pings_without_data", 0),
    # A proxy set for the internet must not be asked for loopback.
    ("grpc.enable_http_proxy", 0),
)

# With TLS an attempt to connect takes several ways to another machine and back, and that key is the time it gets.
TLS_OPTIONS = tuple((name, 1000 if name == _CONNECTING else value) for name, value in OPTIONS)

# Asks for the health of the whole server: an empty request, whose answer is not looked at.
HEALTH_CHECK = "/grpc.health.v1.Health/Check"


class TlsFiles:
    """The files that a connection with TLS is made with, followed: changed ones take a new connection.

    gRPC takes a client's files once for all connections of a channel; only a server's are asked for anew.

    Args:
        proof: Names the files, or none.
    """

    def __init__(self, proof: Proof) -> None:
        self._proof = proof
        named = (proof.certificate_file, proof.client_key_file, proof.client_certificate_file)
        self._files = [file for file in named if file is not None]
        self._seen: list[Signature | None] = []
        self._current: grpc.ChannelCredentials | None = None

    def credentials(self) -> grpc.ChannelCredentials | None:
        """Return what to connect with; None for a connection without TLS.

        Raises:
            ServiceError: A file cannot be read, and never could.
        """
        if self._files and self._current is None:
            self._seen = self._signatures()
            try:
                self._current = self._read()
            except OSError as exc:
                said = f"the certificate files cannot be read: {exc}"
                raise ServiceError(said, reason="UNAUTHENTICATED") from exc
        return self._current

    def have_changed(self) -> bool:
        """Return whether files differ from what was last looked at; three of them take three microseconds."""
        return bool(self._files) and self._signatures() != self._seen

    def take_over(self) -> bool:
        """Read changed files; return whether to connect anew. Ones that cannot be used leave the former in force."""
        if not self.have_changed():
            return False
        self._seen = self._signatures()
        try:
            self._check()
            self._current = self._read()
        except (OSError, ValueError) as exc:
            logger.warning("the changed certificate files were refused, the former stay in force: %s", exc)
            return False
        return True

    def _signatures(self) -> list[Signature | None]:
        return [signature_of(file) for file in self._files]

    def _check(self) -> None:
        import ssl

        # gRPC takes whatever it is given, and fails each handshake. OpenSSL would ask a terminal for a passphrase.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self._proof.certificate_file)
        if self._proof.client_certificate_file is not None:
            context.load_cert_chain(
                self._proof.client_certificate_file, self._proof.client_key_file, password=""
            )

    def _read(self) -> grpc.ChannelCredentials:
        from pathlib import Path

        return grpc.ssl_channel_credentials(*(Path(file).read_bytes() for file in self._files))


def stubs(channel: grpc.Channel | grpc.aio.Channel, proof: Proof) -> dict[str, Any]:
    """Return what calls each method, by path. Made once: making it costs as much as a tenth of a call."""
    calls = _calls(channel)
    if proof.has_token:
        calls = {path: _proving(call, proof) for path, call in calls.items()}
    calls[HEALTH_CHECK] = channel.unary_unary(HEALTH_CHECK)
    return calls


def _proving(call: Any, proof: Proof) -> Any:
    # Not gRPC's call credentials: those are for connections with TLS, and a token is sent over a unix socket as well.
    return lambda request, **options: call(request, metadata=proof.metadata(), **options)


def _calls(channel: grpc.Channel | grpc.aio.Channel) -> dict[str, Any]:
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
    calls[STREAM_EVENTS.path] = lambda messages, **options: feed(iter(messages), **options)
    return calls
