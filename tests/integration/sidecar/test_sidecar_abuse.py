"""A sidecar under callers who mean it no good: made-up requests, idle connections, exports nobody reads."""

from __future__ import annotations

import logging
import random
import socket
from collections import Counter
from contextlib import ExitStack
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from http2_frames import PREFACE, call, frame
from paths import BOTH_PATHS
from waiting import until

from foreword.errors import StoreError
from foreword.store.upkeep import store_stats
from foreword.v1 import (
    activity_service_pb2,
    answer_service_pb2,
    operator_service_pb2,
    profile_service_pb2,
    ranking_service_pb2,
    user_data_service_pb2,
)

pytestmark = BOTH_PATHS

MODULES = (
    activity_service_pb2,
    answer_service_pb2,
    operator_service_pb2,
    profile_service_pb2,
    ranking_service_pb2,
    user_data_service_pb2,
)
METHODS: list[MethodDescriptor] = [
    method
    for module in MODULES
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
CALLS_PER_METHOD = 30
CALL_SECONDS = 15.0
# Two methods wait for a scheduler that is not there, as long as they are let.
FUZZED_SECONDS = 0.5
FAULTS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}
CONNECTIONS = 200
EXPORTS = 12

_INTEGERS = (0, 1, -1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63))
_TEXTS = ("", "a", "ann", "\0", "é" * 200, "x" * 300, "</user>", "a\nb", "\U000e0049", "'; --")
_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}


def value(field: FieldDescriptor, dice: random.Random, depth: int) -> Any:
    """Return something that a field can hold and that nobody would send."""
    if field.message_type is not None:
        return made(field.message_type, dice, depth + 1)
    if field.cpp_type in _RANGES:
        least, most = _RANGES[field.cpp_type]
        return min(max(dice.choice(_INTEGERS), least), most)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return dice.random() < 0.5
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        text = dice.choice(_TEXTS)
        return text.encode() if field.type == FieldDescriptor.TYPE_BYTES else text
    return dice.choice((0.0, -1.0, float("nan"), float("inf"), 1e300))


def made(descriptor: Any, dice: random.Random, depth: int = 0) -> Message:
    """Return a message with some of its fields filled at random."""
    message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if dice.random() < 0.4 or depth > 3:
            continue
        is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
        if is_map:
            key, item = field.message_type.fields
            getattr(message, field.name)[value(key, dice, depth)] = value(item, dice, depth)
        elif field.is_repeated:
            getattr(message, field.name).extend(value(field, dice, depth) for _ in range(dice.randrange(4)))
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(value(field, dice, depth))
        else:
            setattr(message, field.name, value(field, dice, depth))
    return message


def request(method: MethodDescriptor, dice: random.Random) -> bytes:
    """Return a request: whole, cut short, with a byte changed, or noise."""
    whole = bytearray(made(method.input_type, dice).SerializeToString())
    kind = dice.randrange(6)
    if kind == 0:
        return dice.randbytes(dice.randrange(200))
    if kind == 1 and whole:
        del whole[dice.randrange(len(whole)) :]
    if kind == 2 and whole:
        whole[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
    return bytes(whole)


def outcome(call: Any) -> grpc.StatusCode:
    """Return how a call ended, read to its end when it streams."""
    try:
        if isinstance(call, grpc.Future):
            call.result()
        else:
            list(call)
    except grpc.RpcError:
        pass
    code: grpc.StatusCode = call.code()
    return code


def test_no_request_is_a_fault_of_the_sidecars(running: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever bytes come, they are answered or refused by name; INTERNAL and UNKNOWN would be our mistakes."""
    running.put("ann", text="Likes é.", cuts=((9, 3),))
    running.client.record([running.event("e1")])
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    codes: Counter[tuple[str, grpc.StatusCode]] = Counter()
    with caplog.at_level(logging.WARNING):
        for method in METHODS:
            make = running.channel.unary_stream if method.server_streaming else running.channel.unary_unary
            rpc = make(f"/{method.containing_service.full_name}/{method.name}")
            start = rpc if method.server_streaming else rpc.future
            calls = [start(request(method, dice), timeout=FUZZED_SECONDS) for _ in range(CALLS_PER_METHOD)]
            codes.update((method.name, outcome(call)) for call in calls)
    assert {method for method, _ in codes} == {method.name for method in METHODS}
    assert [key for key in codes if key[1] in FAULTS] == [], f"seed {seed}"
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == [], (
        f"seed {seed}"
    )
    assert running.client.profile("ann").profile.user_id == "ann"


def test_headers_that_are_no_text_do_not_fill_the_log(running: Any, caplog: pytest.LogCaptureFixture) -> None:
    """gRPC would log each with a traceback, a token with a wrong byte behind it too, before anybody asks who calls."""
    odd = [(b"x-%d" % number, b"\xff") for number in range(100)]
    asked = call(
        1, "/foreword.v1.OperatorService/GetStatus", b"", (b"authorization", b"Bearer s3cret\xa0"), *odd
    )
    codes = running.server._calls._methods["OperatorService.GetStatus"].codes
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(running.address.removeprefix("unix:"))
        connection.sendall(PREFACE + frame(4, 0, 0, b"") + asked)
        until(lambda: codes["OK"], "the call was not answered")
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_idle_connections_keep_nobody_out(running: Any) -> None:
    """Hundreds of connections that say nothing cost the next caller nothing but a descriptor each."""
    path = running.address.removeprefix("unix:")
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            connection.settimeout(CALL_SECONDS)
            connection.connect(path)
        assert running.client.record([running.event("e1")]).accepted_count == 1
        with grpc.insecure_channel(running.address) as channel:
            get = channel.unary_unary("/foreword.v1.ProfileService/GetProfile")
            assert get(b"\x0a\x03ann", timeout=CALL_SECONDS)


def test_exports_that_nobody_reads_keep_nobody_out(running: Any) -> None:
    """Callers who do not read what they asked for hold no view of the store, and others are answered meanwhile."""
    running.client.record([running.event(f"e{number}", text="x" * 4000) for number in range(200)])
    asked = user_data_service_pb2.ExportUserRequest(user_id="ann").SerializeToString()
    with ExitStack() as stack:
        calls = []
        for _ in range(EXPORTS):
            options = [("grpc.http2.bdp_probe", 0), ("grpc.use_local_subchannel_pool", 1)]
            channel = stack.enter_context(grpc.insecure_channel(running.address, options))
            export = channel.unary_stream("/foreword.v1.UserDataService/ExportUser")
            calls.append(export(asked, timeout=10 * CALL_SECONDS))
        for call in calls:
            next(call)
        for number in range(3):
            assert running.client.record([running.event(f"late{number}")]).accepted_count == 1
            assert running.client.profile("ann").profile.user_id == "ann"
        assert [environment.oldest_reader_lag for environment in store_stats(running.store)] == [0, 0]
        for call in calls:
            call.cancel()


def test_a_sidecar_does_not_run_over_an_interrupted_restore(start: Any) -> None:
    """On a store whose restore was cut short it ends in words and makes nothing."""
    start.store.mkdir(parents=True)
    (start.store / "restore.pending").write_text("[]")
    with pytest.raises(StoreError, match="was interrupted"):
        start(with_profiles=False)
    assert not (start.store / "activity.lmdb").exists()
