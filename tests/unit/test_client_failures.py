"""How failing calls are told."""

from __future__ import annotations

import logging
from typing import Any

import grpc
import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from foreword.client import error_reason
from foreword.client.failures import MISTAKES_MAX, Failures
from foreword.errors import FieldError, ServiceError, StoreFullError
from foreword.v1.error_reason_pb2 import ErrorReason
from sidecar.status import rich_status


class Refused(grpc.RpcError):
    """A refused call as gRPC raises it."""

    def __init__(self, code: grpc.StatusCode, details: str, metadata: Any) -> None:
        self._code, self._details, self._metadata = code, details, metadata

    def code(self) -> grpc.StatusCode:
        """The gRPC code."""
        return self._code

    def details(self) -> str:
        """The sentence that came with it."""
        return self._details

    def trailing_metadata(self) -> Any:
        """What came after the answer."""
        return self._metadata


def failures(raises: bool = False, seconds: list[float] | None = None) -> Failures:
    clock = seconds or [1000.0]
    return Failures("unix:/s.sock", 2.0, raises=raises, monotonic=lambda: clock[0])


def refused_with(*details: Any) -> Refused:
    status = status_pb2.Status(code=code_pb2.RESOURCE_EXHAUSTED, message="full")
    for detail in details:
        status.details.add().Pack(detail)
    metadata = (("other", "x"), ("grpc-status-details-bin", status.SerializeToString()))
    return Refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", metadata)


def test_reason_hint_and_metadata_come_from_the_rich_error() -> None:
    """An ErrorInfo, wherever it stands among the details, gives the reason, the hint, and what else is known."""
    info = error_details_pb2.ErrorInfo(
        reason="STORE_FULL", domain="foreword", metadata={"hint": "raise it", "store": "activity.lmdb"}
    )
    error = failures().translate(refused_with(error_details_pb2.BadRequest(), info))
    assert (error.message, error.reason, error.hint) == ("full", "STORE_FULL", "raise it")
    assert error.metadata == {"hint": "raise it", "store": "activity.lmdb"}
    assert error.from_sidecar


@pytest.mark.parametrize(
    "error",
    [
        FieldError("user_id", "0 bytes", "1 to 256 bytes of UTF-8"),
        StoreFullError("the store is full", hint="raise it", store="activity.lmdb"),
    ],
)
def test_what_grpc_status_writes_is_read(error: Any) -> None:
    """The trailing metadata that grpcio-status makes of our errors is read as grpcio-status itself reads it."""
    status = rpc_status.to_status(rich_status(error))
    call = Refused(status.code, status.details, status.trailing_metadata)
    read = rpc_status.from_call(call)
    info = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(info) for detail in read.details)
    told = failures().translate(call)
    assert (told.message, told.reason, told.metadata) == (read.message, info.reason, dict(info.metadata))
    assert told.from_sidecar


# Made by grpc-go 1.76 with errdetails.ErrorInfo: code 3, reason FIELD_INVALID, domain foreword, field user_id.
_BY_GO = bytes.fromhex(
    "080312036261641a570a28747970652e676f6f676c65617069732e636f6d2f67"
    "6f6f676c652e7270632e4572726f72496e666f122b0a0d4649454c445f494e56"
    "414c49441208666f7265776f72641a100a056669656c641207757365725f6964"
)


def test_what_go_writes_is_read() -> None:
    """The bytes of another implementation say the same."""
    call = Refused(grpc.StatusCode.INVALID_ARGUMENT, "bad", [("grpc-status-details-bin", _BY_GO)])
    told = failures().translate(call)
    assert (told.reason, told.metadata) == ("FIELD_INVALID", {"field": "user_id"})


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FieldError("user_id", "5", "text"), ErrorReason.ERROR_REASON_FIELD_INVALID),
        (ServiceError("full", reason="STORE_FULL"), ErrorReason.ERROR_REASON_STORE_FULL),
        (ServiceError("gone", reason="UNAVAILABLE"), ErrorReason.ERROR_REASON_UNSPECIFIED),
        (StoreFullError("full"), ErrorReason.ERROR_REASON_UNSPECIFIED),
    ],
)
def test_an_errors_reason_is_a_value_of_the_enum(error: Any, reason: ErrorReason) -> None:
    """The name in an error becomes the value that a refused event has; unspecified where the sidecar said nothing."""
    assert error_reason(error) == reason


@pytest.mark.parametrize("value", ["text", b"\xff\xff\xff", b""])
def test_details_that_cannot_be_read_are_left_out(value: Any) -> None:
    """A status that is no status leaves the gRPC code as the reason."""
    error = failures().translate(
        Refused(grpc.StatusCode.INTERNAL, "odd", [("grpc-status-details-bin", value)])
    )
    assert (error.reason, error.from_sidecar) == ("INTERNAL", False)


def test_warnings_are_sparing(caplog: pytest.LogCaptureFixture) -> None:
    """Failing calls are logged at most once a minute, with how many there were."""
    seconds = [1000.0]
    told = failures(seconds=seconds)
    gone = Refused(grpc.StatusCode.UNAVAILABLE, "refused", None)
    with caplog.at_level(logging.WARNING, "foreword.client"):
        for _ in range(3):
            told.handle(gone)
        assert len(caplog.records) == 1
        seconds[0] += 61
        told.handle(gone)
    assert len(caplog.records) == 2
    assert "failed calls: 3" in caplog.records[1].getMessage()


def test_a_mistake_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A mistake in the program is said once, another one too, and made-up names do not fill the memory."""
    told = failures()
    with caplog.at_level(logging.WARNING, "foreword.client"):
        for number in (5, 6):
            told.handle(FieldError("user_id", str(number), "text", hint=f"write '{number}'"))
            told.handle(FieldError(f"attributes['{number}']", str(number), "text"))
        told.handle(FieldError("topics", "5", "a list of texts"))
        assert len(caplog.records) == 3
        for number in range(2 * MISTAKES_MAX):
            told.handle(FieldError(f"field{number}", "5", "text"))
    assert len(caplog.records) == MISTAKES_MAX


def test_failures_are_raised_when_asked_for() -> None:
    """With `raises` a failing call is a ServiceError with its cause, a mistake a FieldError, and neither is logged."""
    cause = Refused(grpc.StatusCode.UNAVAILABLE, "refused", None)
    with pytest.raises(ServiceError) as caught:
        failures(raises=True).handle(cause)
    assert caught.value.__cause__ is cause
    with pytest.raises(FieldError):
        failures(raises=True).handle(FieldError("user_id", "5", "text"))
