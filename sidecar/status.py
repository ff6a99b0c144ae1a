"""Which gRPC status, reason and details each error becomes."""

from __future__ import annotations

from typing import Any, Never

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from foreword import request_id
from foreword.errors import (
    FieldError,
    ForewordError,
    MissingExtraError,
    StoreCorruptError,
    StoreFullError,
    StoreNotWritableError,
)
from foreword.keys import NAMESPACE_BYTES_MAX
from foreword.store.translation import MAP_SETTING
from foreword.v1.answer_pb2 import PrivateReason
from foreword.v1.error_reason_pb2 import ErrorReason
from sidecar.errors import (
    AccessError,
    BackfillStateError,
    BatchTooLargeError,
    ConnectionsExhaustedError,
    DeadlineError,
    DecisionUnknownError,
    DrainingError,
    FeedError,
    NamespaceForbiddenError,
    QueueFullError,
    RankingOffError,
    ResyncRequiredError,
    RightMissingError,
    StreamsExhaustedError,
    UnauthenticatedError,
)
from tiering.errors import CacheError, CoreExistsError, NoAnswerError

DOMAIN = "foreword"
# The name of a call, in what a caller sends and in what it gets back.
REQUEST_ID = "x-request-id"
_PREFIX = "ERROR_REASON_"

# The first that fits decides, so special errors stand before their bases.
_MAPPING: tuple[tuple[type[ForewordError], grpc.StatusCode, ErrorReason], ...] = (
    (BatchTooLargeError, grpc.StatusCode.INVALID_ARGUMENT, ErrorReason.ERROR_REASON_BATCH_TOO_LARGE),
    (FieldError, grpc.StatusCode.INVALID_ARGUMENT, ErrorReason.ERROR_REASON_FIELD_INVALID),
    (QueueFullError, grpc.StatusCode.RESOURCE_EXHAUSTED, ErrorReason.ERROR_REASON_QUEUE_FULL),
    (StoreFullError, grpc.StatusCode.RESOURCE_EXHAUSTED, ErrorReason.ERROR_REASON_STORE_FULL),
    (StoreNotWritableError, grpc.StatusCode.UNAVAILABLE, ErrorReason.ERROR_REASON_STORE_NOT_WRITABLE),
    (StoreCorruptError, grpc.StatusCode.DATA_LOSS, ErrorReason.ERROR_REASON_STORE_CORRUPT),
    (DrainingError, grpc.StatusCode.UNAVAILABLE, ErrorReason.ERROR_REASON_DRAINING),
    (DeadlineError, grpc.StatusCode.DEADLINE_EXCEEDED, ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED),
    (NoAnswerError, grpc.StatusCode.UNAVAILABLE, ErrorReason.ERROR_REASON_NO_ANSWER),
    (CoreExistsError, grpc.StatusCode.ALREADY_EXISTS, ErrorReason.ERROR_REASON_CORE_EXISTS),
    (BackfillStateError, grpc.StatusCode.FAILED_PRECONDITION, ErrorReason.ERROR_REASON_BACKFILL_STATE),
    (CacheError, grpc.StatusCode.UNAVAILABLE, ErrorReason.ERROR_REASON_CACHE_UNAVAILABLE),
    (DecisionUnknownError, grpc.StatusCode.NOT_FOUND, ErrorReason.ERROR_REASON_DECISION_UNKNOWN),
    (RankingOffError, grpc.StatusCode.UNIMPLEMENTED, ErrorReason.ERROR_REASON_EXTRA_MISSING),
    (MissingExtraError, grpc.StatusCode.UNIMPLEMENTED, ErrorReason.ERROR_REASON_EXTRA_MISSING),
    (ResyncRequiredError, grpc.StatusCode.OUT_OF_RANGE, ErrorReason.ERROR_REASON_RESYNC_REQUIRED),
    (StreamsExhaustedError, grpc.StatusCode.RESOURCE_EXHAUSTED, ErrorReason.ERROR_REASON_STREAMS_EXHAUSTED),
    (
        ConnectionsExhaustedError,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        ErrorReason.ERROR_REASON_CONNECTIONS_EXHAUSTED,
    ),
    (UnauthenticatedError, grpc.StatusCode.UNAUTHENTICATED, ErrorReason.ERROR_REASON_UNAUTHENTICATED),
    (RightMissingError, grpc.StatusCode.PERMISSION_DENIED, ErrorReason.ERROR_REASON_RIGHT_MISSING),
    (
        NamespaceForbiddenError,
        grpc.StatusCode.PERMISSION_DENIED,
        ErrorReason.ERROR_REASON_NAMESPACE_FORBIDDEN,
    ),
)
# Whose metadata is what to do alone.
_HINTED = (
    BackfillStateError,
    CoreExistsError,
    CacheError,
    DecisionUnknownError,
    MissingExtraError,
    RankingOffError,
)
_INTERNAL = (grpc.StatusCode.INTERNAL, ErrorReason.ERROR_REASON_INTERNAL)


def classify(error: ForewordError) -> tuple[grpc.StatusCode, ErrorReason]:
    """Return the status code and the documented reason of an error."""
    if isinstance(error, FeedError):
        return classify(error.error)
    for kind, code, reason in _MAPPING:
        if isinstance(error, kind):
            return code, reason
    return _INTERNAL


def metadata(error: ForewordError) -> dict[str, str]:
    """Return what docs/errors.md promises beside the reason of an error."""
    if isinstance(error, FeedError):
        return {**metadata(error.error), "settled_count": str(error.settled_count)}
    if isinstance(error, ResyncRequiredError):
        return {"cause": error.cause, "hint": error.hint}
    return _access(error) if isinstance(error, AccessError) else _metadata(error)


def _access(error: AccessError) -> dict[str, str]:
    if isinstance(error, RightMissingError):
        return {"caller": error.caller, "right": error.right, "hint": error.hint}
    if isinstance(error, NamespaceForbiddenError):
        # Cut: an answer has no room for whatever was sent as a namespace. Absent where all are meant.
        place = {} if error.namespace is None else {"namespace": error.namespace[:NAMESPACE_BYTES_MAX]}
        return {"caller": error.caller, "right": error.right, **place, "hint": error.hint}
    return {"cause": error.cause, "right": error.right, "hint": error.hint}


def _metadata(error: ForewordError) -> dict[str, str]:
    if isinstance(error, FieldError):
        return {"field": error.field, "found": error.found, "allowed": error.allowed}
    if isinstance(error, (QueueFullError, StreamsExhaustedError, ConnectionsExhaustedError)):
        return {"setting": error.setting, "hint": error.hint}
    if isinstance(error, StoreFullError):
        return {"store": error.store, "setting": MAP_SETTING.get(error.store, ""), "hint": error.hint}
    if isinstance(error, (StoreNotWritableError, StoreCorruptError)):
        return {"store": error.store, "hint": error.hint}
    if isinstance(error, NoAnswerError):
        reason = PrivateReason.Name(error.private_reason)
        return {"tried": "; ".join(error.tried), "private_reason": reason, "hint": error.hint}
    return {"hint": error.hint} if isinstance(error, _HINTED) else {}


def rich_status(error: ForewordError) -> status_pb2.Status:
    """Return the google.rpc.Status of an error."""
    code, reason = classify(error)
    number: int = code.value[0]
    status = status_pb2.Status(code=number, message=error.message)
    info = error_details_pb2.ErrorInfo(
        reason=ErrorReason.Name(reason).removeprefix(_PREFIX), domain=DOMAIN, metadata=metadata(error)
    )
    _add_detail(status, info)
    if isinstance(error, FieldError):
        violation = {"field": error.field, "description": f"found {error.found}; allowed: {error.allowed}"}
        _add_detail(status, error_details_pb2.BadRequest(field_violations=[violation]))
    return status


async def refuse(context: grpc.aio.ServicerContext[Any, Any], error: ForewordError) -> Never:
    """End a call with the status of an error, and with its id, by which the log knows it."""
    status = rpc_status.to_status(rich_status(error))
    this = request_id.current.get()
    named = ((REQUEST_ID, this.id),) if this is not None else ()
    await context.abort(status.code, status.details, (*status.trailing_metadata, *named))


def _add_detail(status: status_pb2.Status, detail: Any) -> None:
    packed = AnyMessage()
    packed.Pack(detail)
    status.details.append(packed)
