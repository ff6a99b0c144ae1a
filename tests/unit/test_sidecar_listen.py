"""Addresses as they stand in sidecar.listen."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest

from foreword.config import Security
from foreword.errors import FieldError
from sidecar import listen
from sidecar.errors import ListenError


@pytest.mark.parametrize(
    "text", ["", "localhost", ":7464", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:\u00b2"]
)
def test_an_address_that_is_none_is_refused(text: str) -> None:
    """What is neither a socket nor a host and a port is refused in words, odd digits included."""
    with pytest.raises(FieldError, match=r"sidecar\.listen"):
        listen.parse(text)


def test_tls_files_that_are_none_are_named_as_a_cause(tmp_path: Path) -> None:
    """With files that hold no certificate the error does not blame the port alone."""
    file = tmp_path / "junk.pem"
    file.write_text("junk")

    async def bind() -> None:
        server = grpc.aio.server()
        listener = listen.Listener(server, Security(tls_certificate_file=file, tls_key_file=file))
        try:
            listener.bind(listen.parse("0.0.0.0:0"))
        finally:
            await server.stop(0)

    with pytest.raises(ListenError, match="TLS files"):
        asyncio.run(bind())
