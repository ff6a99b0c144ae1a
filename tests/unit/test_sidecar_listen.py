"""Addresses as they stand in sidecar.listen."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Literal

import grpc
import pytest

from foreword.addresses import parse_address
from foreword.clock import SystemClock
from foreword.config import Security
from foreword.problems import Problems
from sidecar import listen
from sidecar.errors import ListenError
from sidecar.tls import TlsFiles


def listener_of(server: grpc.aio.Server, security: Security) -> listen.Listener:
    """Return a listener of one server for all addresses."""
    tls = TlsFiles(security, Problems(SystemClock(), logging.getLogger("it")))
    return listen.Listener(listen.Servers(server, server, server), tls, security)


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
        security = Security(tls_certificate_file=file, tls_key_file=file, require_caller="nowhere")
        listener = listener_of(server, security)
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
        listener = listener_of(server, Security())
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


def test_nothing_beyond_loopback_is_served_without_callers(tmp_path: Path) -> None:
    """With TLS alone an address that others can reach is refused, and the error says both ways out."""
    file = tmp_path / "any.pem"
    security = Security(tls_certificate_file=file, tls_key_file=file)

    async def bind() -> None:
        server = grpc.aio.server()
        try:
            for text in OPEN:
                with pytest.raises(ListenError, match="nothing says who may call") as caught:
                    listener_of(server, security).bind(parse_address("it", text))
                assert "callers_file" in caught.value.hint
                assert "require_caller" in caught.value.hint
        finally:
            await server.stop(0)

    asyncio.run(bind())


@pytest.mark.parametrize(
    ("require_caller", "text", "asks"),
    [
        ("remote", "127.0.0.1:1", False),
        ("remote", "unix:/tmp/s", False),
        ("remote", "192.0.2.1:1", True),
        ("everywhere", "127.0.0.1:1", True),
        ("everywhere", "unix:/tmp/s", True),
        ("nowhere", "192.0.2.1:1", False),
    ],
)
def test_where_callers_are_asked_for(
    require_caller: Literal["remote", "everywhere", "nowhere"], text: str, asks: bool, tmp_path: Path
) -> None:
    """Of remote addresses unless configured; everywhere or nowhere when it is."""
    security = Security(require_caller=require_caller, callers_file=tmp_path / "callers.toml")
    assert listen.asks_who(parse_address("it", text), security) is asks
