"""What the clients of the native front may hold: connections, and answers that they do not read."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

import grpc
import psutil
import pytest
from http2_frames import PREFACE, call, frame
from waiting import PATIENCE_SECONDS

from foreword.v1.profile_service_pb2 import BatchGetProfilesRequest, GetProfileRequest

pytestmark = pytest.mark.parametrize("path", ["native"], indirect=True)

WINDOW_BYTES_MAX = (1 << 31) - 1
# With a hundred ids each they fit into what a client may send before it hears of more.
UNREAD_CALLS = 80
GET = "/foreword.v1.ProfileService/GetProfile"


@contextmanager
def client_of(address: str) -> Iterator[grpc.Channel]:
    """A channel with a connection of its own."""
    options = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0))
    with closing(grpc.insecure_channel(address, options)) as channel:
        yield channel


def read(channel: grpc.Channel, user: str = "ann") -> bytes:
    """Read a profile."""
    request = GetProfileRequest(user_id=user).SerializeToString()
    answer: bytes = channel.unary_unary(GET)(request, timeout=PATIENCE_SECONDS)
    return answer


def connected(address: str, *said: bytes) -> socket.socket:
    """Return a connection on which that was said, and which nobody reads."""
    made = socket.socket(socket.AF_UNIX)
    made.connect(address.removeprefix("unix:"))
    made.sendall(b"".join(said))
    return made


def opening() -> bytes:
    """Return how a client begins that lets the server send as much as there is."""
    settings = struct.pack(">HI", 4, WINDOW_BYTES_MAX)
    return PREFACE + frame(4, 0, 0, settings) + frame(8, 0, 0, struct.pack(">I", WINDOW_BYTES_MAX - 65_535))


def refusal(running: Any) -> grpc.RpcError | None:
    """Return how a client of its own is refused; None when it is served."""
    with client_of(running.address) as channel:
        try:
            read(channel)
        except grpc.RpcError as exc:
            return exc
    return None


def test_a_connection_too_many_is_refused_in_words(start: Any) -> None:
    """Its calls end with the setting's name, those of others are answered, and a place that is left is taken."""
    running = start(start.config(sidecar={"connections_max": 3}))
    running.put("ann")
    running.clock.advance(0)
    with client_of(running.address) as first, ExitStack() as stack:
        read(first)
        # The fixture's own client has the third place.
        assert running.client.profile("ann").profile.revision == 1
        second = stack.enter_context(client_of(running.address))
        read(second)
        failure = refusal(running)
        assert failure is not None
        assert failure.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        info = running.error_info(failure)
        assert (info.reason, info.metadata["setting"]) == ("CONNECTIONS_EXHAUSTED", "sidecar.connections_max")
        assert read(first)
        assert read(second)
        stack.close()
        running.eventually(lambda: refusal(running) is None)


@pytest.mark.parametrize(
    "said",
    [b"", PREFACE[:10], PREFACE, opening() + call(1, GET, b"")[:20]],
    ids=["nothing", "half a preface", "a preface", "half a call"],
)
def test_thousands_of_connections_harm_nobody(start: Any, said: bytes) -> None:
    """Whoever is connected is answered while a crowd connects and says little; once it has gone others are."""
    running = start(start.config(sidecar={"connections_max": 64}))
    running.put("ann")
    running.clock.advance(0)
    assert running.client.profile("ann").profile.revision == 1
    with ExitStack() as stack:
        for number in range(2000):
            with suppress(BrokenPipeError, ConnectionResetError):
                stack.enter_context(closing(connected(running.address, said)))
            if number % 50 == 0:
                assert running.client.profile("ann").profile.revision == 1
        front = psutil.Process(running.client.status().front.process_id)
        assert front.num_fds() < 64 + 64 + 100
    running.eventually(lambda: refusal(running) is None)


def test_who_reads_nothing_is_answered_no_further(running: Any) -> None:
    """A client that asks for gigabytes and reads none is kept waiting, while others are answered."""
    for number in range(100):
        running.put(f"u{number}", semantic_summary="x" * 15_000)
    front = psutil.Process(running.client.status().front.process_id)
    before = front.memory_info().rss
    with unread_batches(running, clients=8):
        for _ in range(200):
            assert running.client.profile("u1").profile.revision > 0
        # Each of 8 clients has asked for 120 MB; an answer of 1.5 MB is held for it, and what is on its way.
        assert front.memory_info().rss - before < 64 << 20


def test_who_takes_nothing_loses_the_connection_when_all_hold_too_much(start: Any) -> None:
    """Beyond sidecar.unsent_bytes_max clients that take nothing are let go of, and counted; a slow one goes on."""
    running = start(start.config(sidecar={"unsent_bytes_max": 1 << 20}))
    for number in range(100):
        running.put(f"u{number}", semantic_summary="x" * 15_000)
    running.clock.advance(0)
    with unread_batches(running, clients=3) as clients:
        for each in clients:
            each.settimeout(PATIENCE_SECONDS)
        running.eventually(lambda: running.server._fronting.lines.ended_count >= 2)
        assert running.client.profile("u1").profile.revision > 0


@contextmanager
def unread_batches(running: Any, clients: int) -> Iterator[list[socket.socket]]:
    """Clients that each ask for a hundred megabytes, and read nothing."""
    request = BatchGetProfilesRequest(user_ids=[f"u{number}" for number in range(100)]).SerializeToString()
    method = "/foreword.v1.ProfileService/BatchGetProfiles"
    asked = b"".join(call(2 * number + 1, method, request) for number in range(UNREAD_CALLS))
    with ExitStack() as stack:
        made = [
            stack.enter_context(closing(connected(running.address, opening(), asked))) for _ in range(clients)
        ]
        # It has begun to answer each.
        assert all(each.recv(1) for each in made)
        yield made
