"""Ids of calls: who gives them, where they come back, and which log lines carry them."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import grpc
import pytest
from paths import BOTH_PATHS
from waiting import until

from foreword.cli.logs import JsonFormatter
from foreword.v1.profile_service_pb2 import GetProfileRequest
from sidecar.profiles import Profiles

MADE = re.compile(r"[0-9a-f]{16}")


def call(running, user_id: str, *given: str) -> tuple[grpc.StatusCode, list[str]]:
    """Read a profile; return the status and the ids that came back."""
    method = running.channel.unary_unary("/foreword.v1.ProfileService/GetProfile")
    metadata = [("x-request-id", text) for text in given]
    try:
        _, done = method.with_call(
            GetProfileRequest(user_id=user_id).SerializeToString(), timeout=10, metadata=metadata
        )
    except grpc.RpcError as exc:
        done = exc
    return done.code(), [str(value) for key, value in done.trailing_metadata() or () if key == "x-request-id"]


@BOTH_PATHS
def test_the_callers_id_comes_back(running) -> None:
    """Answered or refused, a call that brought an id ends with that one, and once."""
    assert call(running, "ann", "order-7/a") == (grpc.StatusCode.OK, ["order-7/a"])
    assert call(running, "", "order-8") == (grpc.StatusCode.INVALID_ARGUMENT, ["order-8"])


@BOTH_PATHS
def test_a_refused_call_has_an_id_in_any_case(running) -> None:
    """A call that brought none is named when it fails; one that is answered needs no name."""
    code, (made,) = call(running, "")
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert MADE.fullmatch(made)
    assert call(running, "ann") == (grpc.StatusCode.OK, [])


@pytest.mark.parametrize("given", ["", "x" * 129, "two words", 'quote"', "line~"])
def test_what_is_no_id_is_replaced(running, given: str) -> None:
    """An id of other characters or too many is not passed on, neither into logs nor back."""
    _, (made,) = call(running, "", given)
    assert MADE.fullmatch(made)


@BOTH_PATHS
def test_each_call_is_a_line_of_the_debug_log(running, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG each call is a line with its method, outcome, time and id, whoever answered it."""
    found: list[tuple[str, str]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            line = json.loads(JsonFormatter().format(record))
            found.append((line["message"].rpartition(" in ")[0], line.get("request_id")))

    handler, logger = Keep(), logging.getLogger("sidecar.calls")
    logger.addHandler(handler)
    with caplog.at_level(logging.DEBUG, "sidecar.calls"):

        def is_told() -> bool:
            call(running, "ann", "order-1")
            return ("ProfileService.GetProfile OK", "order-1") in found

        try:
            until(is_told, lambda: found)
        finally:
            logger.removeHandler(handler)


def test_log_lines_of_a_call_carry_its_id(running, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is logged while a call is answered has the id that its caller is told; other lines have none."""
    lines: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(JsonFormatter().format(record)))

    def fail(_self: Profiles, _user: object) -> bytes:
        raise RuntimeError("a fault")

    monkeypatch.setattr(Profiles, "profile_row", fail)
    handler, logger = Keep(), logging.getLogger("sidecar")
    logger.addHandler(handler)
    try:
        code, ids = call(running, "ann", "order-9")
        _, (made,) = call(running, "ann")
        logger.warning("of no call")
    finally:
        logger.removeHandler(handler)
    assert (code, ids) == (grpc.StatusCode.INTERNAL, ["order-9"])
    found = [line.get("request_id") for line in lines if line["message"] in ("a call failed", "of no call")]
    assert found == ["order-9", made, None]
    assert "RuntimeError: a fault" in lines[0]["error"]
