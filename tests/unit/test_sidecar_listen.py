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
