"""Calls as bytes of HTTP/2, for what no library of gRPC's would send."""

from __future__ import annotations

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Return a frame."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def call(stream: int, method: str, message: bytes, *headers: tuple[bytes, bytes]) -> bytes:
    """Return the frames of a call; its headers are spelled out, each shorter than 127 bytes."""
    names = (
        (b":path", method.encode()),
        (b":authority", b"a"),
        (b"content-type", b"application/grpc"),
        (b"te", b"trailers"),
        *headers,
    )
    block = b"\x83\x86" + b"".join(
        b"\x00" + bytes((len(name),)) + name + bytes((len(value),)) + value for name, value in names
    )
    body = b"\0" + struct.pack(">I", len(message)) + message
    return frame(1, 4, stream, block) + frame(0, 1, stream, body)
