"""Addresses as they stand in sidecar.listen."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest

from foreword.addresses import parse_address
from foreword.config import Security
from sidecar import listen
from sidecar.errors import ListenError


def test_why_a_port_cannot_be_had_is_the_systems_own_reason(capfd: pytest.CaptureFixture[str]) -> None:
    """A host that is not this machine's is told as such, and gRPC has no part in it."""
    with pytest.raises(
        ListenError, match=r"cannot serve on 192\.0\.2\.1:7464: Cannot assign requested address"
    ):
        listen._try_port(parse_address("it", "192.0.2.1:7464"))
    assert capfd.readouterr().err == ""


def test_tls_files_that_are_none_are_named_as_a_cause(tmp_path: Path) -> None:
    """With files that hold no certificate the error does not blame the port alone."""
    file = tmp_path / "junk.pem"
    file.write_text("junk")

    async def bind() -> None:
        server = grpc.aio.server()
        listener = listen.Listener(server, Security(tls_certificate_file=file, tls_key_file=file))
        try:
            listener.bind(parse_address("it", "0.0.0.0:0"))
        finally:
            await server.stop(0)

    with pytest.raises(ListenError, match="TLS files"):
        asyncio.run(bind())


OPEN = [
    "0.0.0.0:0", "0.0.0.0:7464", "[::]:0", "[::0]:0", "[::ffff:0.0.0.0]:0", "[::ffff:192.0.2.1]:0", "192.0.2.1:0",
    "198.51.100.7:0", "203.0.113.9:0", "[2001:db8::1]:0", "[fe80::1]:0", "[fe80::1%lo]:0", "[::2]:0", "[::7f00:1]:0",
    "sidecar.example:0", "localhost.example:0", "localhost.:0", "127.0.0.1.example:0", "127-0-0-1.example:0",
    "ip6-localhost:0", "ip6-loopback:0", "LOCALHOST:0", "x7f000001:0", "xn--localhost:0", "loopback:0", "a:0",
]  # fmt: skip
LOOPBACK = ["127.0.0.1:0", "127.255.255.254:0", "localhost:0"]


def test_nothing_beyond_loopback_is_served_without_tls() -> None:
    """Whatever an address looks like, without TLS it is bound only when no other machine can reach it."""

    async def bind() -> list[str]:
        server = grpc.aio.server()
        listener = listen.Listener(server, Security())
        try:
            for text in OPEN:
                with pytest.raises(ListenError, match="no TLS is configured"):
                    listener.bind(parse_address("it", text))
            assert listener.bound == []
            for text in LOOPBACK:
                listener.bind(parse_address("it", text))
            return listener.bound
        finally:
            await server.stop(0)

    assert len(asyncio.run(bind())) == len(LOOPBACK)
