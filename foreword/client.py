"""The Python client: what the sidecar knows of a user, in one line, and never an exception unless asked for."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import os
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, cast

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from foreword.clock import parse_time_ms
from foreword.defaults import default_profile
from foreword.errors import FieldError, ForewordError, ServiceError
from foreword.v1.activity_service_pb2 import RecordEventsRequest, RecordEventsResponse, RefusedEvent
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.event_pb2 import Event
from foreword.v1.operator_service_pb2 import (
    GetStatusRequest,
    GetStatusResponse,
    RefreshUserRequest,
    RefreshUserResponse,
    StatusProblem,
)
from foreword.v1.profile_service_pb2 import (
    BatchGetProfilesRequest,
    BatchGetProfilesResponse,
    GetForewordRequest,
    GetForewordResponse,
    GetProfileRequest,
    GetProfileResponse,
)
from foreword.v1.user_data_service_pb2 import (
    EraseUserRequest,
    EraseUserResponse,
    ExportUserRequest,
    ExportUserResponse,
)

logger = logging.getLogger("foreword.client")

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)

EventLike: TypeAlias = Event | Mapping[str, Any]
"""An Event, or its fields by name; `time` may be a datetime or RFC 3339, `dwell` a timedelta or seconds."""

DEFAULT_TARGET = "unix:./var/foreword/foreword.sock"
TIMEOUT_SECONDS = 2.0
BATCH_MAX = 1000
# A thousand events at all their limits exceed what the sidecar takes in one message, 16 MiB by default.
BATCH_BYTES_MAX = 4 << 20
# What the sidecar waits for the scheduler's part of an erasure when no time is named.
ERASE_WAIT_SECONDS = 10.0
WARN_SECONDS = 60.0

# A sidecar that restarts is back within a second. Each call may be repeated: reads change nothing, events count once
# by their id, and a second refresh or erasure finds nothing left to do.
_RETRIES = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.05s",
                "maxBackoff": "0.5s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
_OPTIONS = (
    ("grpc.service_config", json.dumps(_RETRIES)),
    # 1,000 profiles of 20 KB are larger than gRPC's own limit of 4 MB; the sidecar is trusted.
    ("grpc.max_receive_message_length", -1),
    # gRPC's own first wait of a second is made for the internet, not for a process next door.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A proxy set for the internet must not be asked for loopback.
    ("grpc.enable_http_proxy", 0),
)


class _Method(NamedTuple, Generic[RequestT, ResponseT]):
    path: str
    request: type[RequestT]
    response: type[ResponseT]


_GET_PROFILE = _Method("/foreword.v1.ProfileService/GetProfile", GetProfileRequest, GetProfileResponse)
_BATCH_GET_PROFILES = _Method(
    "/foreword.v1.ProfileService/BatchGetProfiles", BatchGetProfilesRequest, BatchGetProfilesResponse
)
_GET_FOREWORD = _Method("/foreword.v1.ProfileService/GetForeword", GetForewordRequest, GetForewordResponse)
_RECORD_EVENTS = _Method(
    "/foreword.v1.ActivityService/RecordEvents", RecordEventsRequest, RecordEventsResponse
)
_GET_STATUS = _Method("/foreword.v1.OperatorService/GetStatus", GetStatusRequest, GetStatusResponse)
_REFRESH_USER = _Method("/foreword.v1.OperatorService/RefreshUser", RefreshUserRequest, RefreshUserResponse)
_ERASE_USER = _Method("/foreword.v1.UserDataService/EraseUser", EraseUserRequest, EraseUserResponse)
_EXPORT_USER = _Method("/foreword.v1.UserDataService/ExportUser", ExportUserRequest, ExportUserResponse)
_UNARY: tuple[_Method[Any, Any], ...] = (
    _GET_PROFILE,
    _BATCH_GET_PROFILES,
    _GET_FOREWORD,
    _RECORD_EVENTS,
    _GET_STATUS,
    _REFRESH_USER,
    _ERASE_USER,
)


class _Client:
    """What both clients share: where to call, and what is the same in each request."""

    def __init__(
        self,
        target: str = DEFAULT_TARGET,
        *,
        namespace: str = "",
        timeout_seconds: float = TIMEOUT_SECONDS,
        raises: bool = False,
        certificate_file: Path | str | None = None,
    ) -> None:
        self._target = target
        self._namespace = namespace
        self._timeout_seconds = timeout_seconds
        self._certificate_file = certificate_file
        self._failures = _Failures(target, timeout_seconds, raises=raises)
        self._calls: dict[str, Any] = {}
        self._closed = False
        self._prepare()

    def _prepare(self) -> None:
        """Set up what is the client's own; nothing connects before the first call."""
        raise NotImplementedError

    def _of(self, user_id: str, namespace: str | None, **more: Any) -> dict[str, Any]:
        return {"user_id": user_id, "namespace": self._space(namespace), **more}

    def _space(self, namespace: str | None) -> str:
        return self._namespace if namespace is None else namespace


class Foreword(_Client):
    """Talks to a sidecar. One client serves all threads of a process; it connects at the first call.

    A process forked before that connects by itself. One forked later connects anew, but gRPC does not promise to
    survive such a fork: start workers first, or make the client in each.

    Unless `raises`, a call that fails answers as if nothing were known, and a warning is logged at most once a
    minute: `text` is empty, a profile is the default one with FRESHNESS_UNSPECIFIED, which no sidecar sends, and of
    `record` every event is refused with the cause.

    Args:
        target: Where the sidecar serves: `unix:PATH` or `HOST:PORT`.
        namespace: The tenant's space of users where a call names none, and of events that name none.
        timeout_seconds: Longest time of one call, retries included.
        raises: Whether a failing call raises ServiceError.
        certificate_file: PEM roots to trust, for a sidecar that serves with TLS.
    """

    def _prepare(self) -> None:
        self._opening = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._process_id = 0

    def text(
        self, user_id: str, max_tokens: int = 200, session_id: str = "", *, namespace: str | None = None
    ) -> str:
        """Return the prompt-ready text about a user; empty when nothing is known.

        Args:
            user_id: The user.
            max_tokens: Budget, 1 to 200.
            session_id: The running session, whose newest events are to be named within the budget.
            namespace: The tenant's space; None takes the client's. So in every method.
        """
        return self.foreword(user_id, max_tokens, session_id, namespace=namespace).text

    def foreword(
        self, user_id: str, max_tokens: int = 200, session_id: str = "", *, namespace: str | None = None
    ) -> GetForewordResponse:
        """Return the text with its revision, etag, freshness and cuts; arguments as for `text`."""
        fields = self._of(user_id, namespace, max_tokens=max_tokens, session_id=session_id)
        return self._ask(_GET_FOREWORD, fields, lambda _: GetForewordResponse())

    def profile(self, user_id: str, *, namespace: str | None = None) -> GetProfileResponse:
        """Return the profile of a user and how current it is."""
        fields = self._of(user_id, namespace)
        return self._ask(_GET_PROFILE, fields, lambda _: _no_profile(fields))

    def profiles(self, user_ids: Iterable[str], *, namespace: str | None = None) -> list[GetProfileResponse]:
        """Return the profiles of any number of users, in order, by calls of 1,000."""
        found: list[GetProfileResponse] = []
        for ids in _batches(list(user_ids)):
            fields = {"user_ids": ids, "namespace": self._space(namespace)}
            found += self._ask(_BATCH_GET_PROFILES, fields, functools.partial(_no_profiles, fields)).results
        return found

    def record(self, events: EventLike | Iterable[EventLike] = (), /, **fields: Any) -> RecordEventsResponse:
        """Record any number of events, by calls of up to 1,000; returns once the kept ones are on disk.

        An event without `event_id` gets one. Give ids of your own where the same event may be sent again later.

        Args:
            events: One event or several: `Event`, or mappings of its fields.
            fields: Fields of a single event, instead: `record(user_id="ada", type="view", topics=["tests"])`.
        """
        checked = _Checked(events, fields, self._namespace)
        for batch in _event_batches(checked.kept):
            sent = [event for _, event in batch]
            answer = self._ask(_RECORD_EVENTS, {"events": sent}, functools.partial(_all_refused, sent))
            checked.add(batch, answer)
        return checked.response

    def refresh(
        self, user_id: str, wait_seconds: float = 0, *, namespace: str | None = None
    ) -> RefreshUserResponse:
        """Ask for a refresh of a user and wait up to `wait_seconds`, at most 60, for its end."""
        fields = self._of(user_id, namespace, wait=_seconds(wait_seconds))
        return self._ask(_REFRESH_USER, fields, _not_refreshed, wait_seconds)

    def status(self) -> GetStatusResponse:
        """Return counts, freshness and what is wrong now."""
        return self._ask(_GET_STATUS, {}, _no_status)

    def erase(
        self, user_id: str, wait_seconds: float = ERASE_WAIT_SECONDS, *, namespace: str | None = None
    ) -> EraseUserResponse:
        """Remove everything kept of a user and wait up to `wait_seconds`, at most 60, until nothing is left."""
        fields = self._of(user_id, namespace, wait=_seconds(wait_seconds))
        return self._ask(_ERASE_USER, fields, _not_erased, wait_seconds)

    def export(self, user_id: str, *, namespace: str | None = None) -> Iterator[ExportUserResponse]:
        """Yield everything kept of a user, one record at a time; takes as long as it takes.

        Raises:
            ServiceError: Always when it fails, whatever `raises` says: part of an export must not pass for the whole.
        """
        try:
            call = self._call(_EXPORT_USER.path)
            yield from call(ExportUserRequest(**self._of(user_id, namespace)))
        except (grpc.RpcError, TypeError, ValueError) as exc:
            raise self._failures.translate(exc) from exc

    def close(self) -> None:
        """Disconnect."""
        with self._opening:
            self._closed = True
            channel, self._channel, self._calls = self._channel, None, {}
        if channel is not None:
            channel.close()

    def __enter__(self) -> Foreword:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(
        self,
        method: _Method[RequestT, ResponseT],
        fields: dict[str, Any],
        otherwise: Callable[[ServiceError], ResponseT],
        wait_seconds: float = 0,
    ) -> ResponseT:
        try:
            response: ResponseT = self._call(method.path)(
                method.request(**fields), timeout=self._timeout_seconds + wait_seconds
            )
        except (grpc.RpcError, ForewordError, TypeError, ValueError) as exc:
            return otherwise(self._failures.handle(exc))
        return response

    def _call(self, path: str) -> Any:
        if self._process_id != os.getpid() or self._channel is None:
            self._open()
        return self._calls[path]

    def _open(self) -> None:
        with self._opening:
            if self._closed:
                raise _closed()
            if self._process_id == os.getpid() and self._channel is not None:
                return
            credentials = _credentials(self._certificate_file)
            self._channel = (
                grpc.secure_channel(self._target, credentials, _OPTIONS)
                if credentials
                else grpc.insecure_channel(self._target, _OPTIONS)
            )
            self._calls = _calls(self._channel)
            self._process_id = os.getpid()


class AsyncForeword(_Client):
    """Talks to a sidecar from asyncio; otherwise as `Foreword`. It connects at the first call, in the loop of that."""

    def _prepare(self) -> None:
        self._channel: grpc.aio.Channel | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def text(
        self, user_id: str, max_tokens: int = 200, session_id: str = "", *, namespace: str | None = None
    ) -> str:
        """Return the prompt-ready text about a user; see `Foreword.text`."""
        return (await self.foreword(user_id, max_tokens, session_id, namespace=namespace)).text

    async def foreword(
        self, user_id: str, max_tokens: int = 200, session_id: str = "", *, namespace: str | None = None
    ) -> GetForewordResponse:
        """Return the text with its revision, etag, freshness and cuts; see `Foreword.foreword`."""
        fields = self._of(user_id, namespace, max_tokens=max_tokens, session_id=session_id)
        return await self._ask(_GET_FOREWORD, fields, lambda _: GetForewordResponse())

    async def profile(self, user_id: str, *, namespace: str | None = None) -> GetProfileResponse:
        """Return the profile of a user and how current it is; see `Foreword.profile`."""
        fields = self._of(user_id, namespace)
        return await self._ask(_GET_PROFILE, fields, lambda _: _no_profile(fields))

    async def profiles(
        self, user_ids: Iterable[str], *, namespace: str | None = None
    ) -> list[GetProfileResponse]:
        """Return the profiles of any number of users, in order; see `Foreword.profiles`."""
        found: list[GetProfileResponse] = []
        for ids in _batches(list(user_ids)):
            fields = {"user_ids": ids, "namespace": self._space(namespace)}
            answer = await self._ask(_BATCH_GET_PROFILES, fields, functools.partial(_no_profiles, fields))
            found += answer.results
        return found

    async def record(
        self, events: EventLike | Iterable[EventLike] = (), /, **fields: Any
    ) -> RecordEventsResponse:
        """Record any number of events; see `Foreword.record`."""
        checked = _Checked(events, fields, self._namespace)
        for batch in _event_batches(checked.kept):
            sent = [event for _, event in batch]
            answer = await self._ask(_RECORD_EVENTS, {"events": sent}, functools.partial(_all_refused, sent))
            checked.add(batch, answer)
        return checked.response

    async def refresh(
        self, user_id: str, wait_seconds: float = 0, *, namespace: str | None = None
    ) -> RefreshUserResponse:
        """Ask for a refresh of a user; see `Foreword.refresh`."""
        fields = self._of(user_id, namespace, wait=_seconds(wait_seconds))
        return await self._ask(_REFRESH_USER, fields, _not_refreshed, wait_seconds)

    async def status(self) -> GetStatusResponse:
        """Return counts, freshness and what is wrong now."""
        return await self._ask(_GET_STATUS, {}, _no_status)

    async def erase(
        self, user_id: str, wait_seconds: float = ERASE_WAIT_SECONDS, *, namespace: str | None = None
    ) -> EraseUserResponse:
        """Remove everything kept of a user; see `Foreword.erase`."""
        fields = self._of(user_id, namespace, wait=_seconds(wait_seconds))
        return await self._ask(_ERASE_USER, fields, _not_erased, wait_seconds)

    async def export(
        self, user_id: str, *, namespace: str | None = None
    ) -> AsyncIterator[ExportUserResponse]:
        """Yield everything kept of a user; see `Foreword.export`.

        Raises:
            ServiceError: Always when it fails, whatever `raises` says: part of an export must not pass for the whole.
        """
        try:
            async for record in self._call(_EXPORT_USER.path)(
                ExportUserRequest(**self._of(user_id, namespace))
            ):
                yield record
        except (grpc.RpcError, grpc.aio.BaseError, TypeError, ValueError) as exc:
            raise self._failures.translate(exc) from exc

    async def close(self) -> None:
        """Disconnect."""
        self._closed = True
        channel, self._channel, self._calls = self._channel, None, {}
        if channel is not None:
            await channel.close()

    async def __aenter__(self) -> AsyncForeword:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _ask(
        self,
        method: _Method[RequestT, ResponseT],
        fields: dict[str, Any],
        otherwise: Callable[[ServiceError], ResponseT],
        wait_seconds: float = 0,
    ) -> ResponseT:
        try:
            response: ResponseT = await self._call(method.path)(
                method.request(**fields), timeout=self._timeout_seconds + wait_seconds
            )
        except (grpc.RpcError, grpc.aio.BaseError, ForewordError, TypeError, ValueError) as exc:
            return otherwise(self._failures.handle(exc))
        return response

    def _call(self, path: str) -> Any:
        if self._channel is None or self._loop is not asyncio.get_running_loop():
            self._open()
        return self._calls[path]

    def _open(self) -> None:
        if self._closed:
            raise _closed()
        credentials = _credentials(self._certificate_file)
        self._channel = (
            grpc.aio.secure_channel(self._target, credentials, _OPTIONS)
            if credentials
            else grpc.aio.insecure_channel(self._target, _OPTIONS)
        )
        self._calls = _calls(self._channel)
        self._loop = asyncio.get_running_loop()


# -- connecting -----------------------------------------------------------------------------------------------


def _calls(channel: grpc.Channel | grpc.aio.Channel) -> dict[str, Any]:
    """Return what calls each method. Made once: making it costs as much as a tenth of a call."""
    calls: dict[str, Any] = {
        method.path: channel.unary_unary(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        for method in _UNARY
    }
    calls[_EXPORT_USER.path] = channel.unary_stream(
        _EXPORT_USER.path,
        request_serializer=ExportUserRequest.SerializeToString,
        response_deserializer=ExportUserResponse.FromString,
    )
    return calls


def _credentials(certificate_file: Path | str | None) -> grpc.ChannelCredentials | None:
    if certificate_file is None:
        return None
    try:
        return grpc.ssl_channel_credentials(Path(certificate_file).read_bytes())
    except OSError as exc:
        raise ServiceError(f"the certificate file cannot be read: {exc}", reason="UNAUTHENTICATED") from exc


def _closed() -> ServiceError:
    return ServiceError("the client is closed", reason=grpc.StatusCode.CANCELLED.name)


# -- failing --------------------------------------------------------------------------------------------------


class _Failures:
    """Raises failures, or logs them sparingly."""

    def __init__(self, target: str, timeout_seconds: float, *, raises: bool) -> None:
        self._target = target
        self._timeout_seconds = timeout_seconds
        self._raises = raises
        self._warn_due = 0.0
        self._unsaid_count = 0

    def handle(self, exc: Exception) -> ServiceError:
        """Return what went wrong after logging it, or raise it."""
        error = self.translate(exc)
        if self._raises:
            raise error from exc
        self._unsaid_count += 1
        if time.monotonic() >= self._warn_due:
            self._warn_due = time.monotonic() + WARN_SECONDS
            logger.warning(
                "%s; answering as if nothing were known (failed calls: %d)", error, self._unsaid_count
            )
            self._unsaid_count = 0
        return error

    def translate(self, exc: Exception) -> ServiceError:
        """Return a failure in our words."""
        if isinstance(exc, ServiceError):
            return exc
        if isinstance(exc, grpc.RpcError):
            return self._translate_call(exc)
        return ServiceError(f"the call could not be made: {exc}", reason="FIELD_INVALID")

    def _translate_call(self, exc: grpc.RpcError) -> ServiceError:
        code, details = exc.code(), exc.details() or ""
        info = _error_info(exc)
        if info is not None:
            return ServiceError(details, reason=info[0], hint=info[1])
        if code is grpc.StatusCode.UNAVAILABLE:
            return ServiceError(
                f"no sidecar answers at {self._target}: {details}",
                reason=code.name,
                hint="start one with `foreword up`; it says where it serves",
            )
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return ServiceError(
                f"the sidecar at {self._target} did not answer within {self._timeout_seconds:g} s",
                reason=code.name,
                hint="allow more with timeout_seconds, or see what keeps the machine busy",
            )
        return ServiceError(f"{code.name}: {details}", reason=code.name)


def _error_info(exc: grpc.RpcError) -> tuple[str, str] | None:
    """Return reason and hint of the google.rpc.ErrorInfo that came with an error, or None.

    Read field by field: its generated code is in a package that a plain install does not need otherwise.
    """
    # Sync and asyncio name their metadata by different types; both yield pairs.
    trailing: Iterable[tuple[str, str | bytes]] = exc.trailing_metadata() or ()  # type: ignore[assignment]
    for key, value in trailing:
        if key != "grpc-status-details-bin" or not isinstance(value, bytes):
            continue
        # google.rpc.Status: 3 details. Any: 1 type_url, 2 value. ErrorInfo: 1 reason, 3 metadata (1 key, 2 value).
        for detail in _fields(value, 3):
            if b"".join(_fields(detail, 1)).endswith(b"google.rpc.ErrorInfo"):
                info = b"".join(_fields(detail, 2))
                hints = [_fields(entry, 2)[0] for entry in _fields(info, 3) if _fields(entry, 1) == [b"hint"]]
                return b"".join(_fields(info, 1)).decode(), b"".join(hints).decode()
    return None


def _fields(message: bytes, number: int) -> list[bytes]:
    """Return the values of a length-delimited field."""
    unknown: Any = UnknownFieldSet(Empty.FromString(message))
    return [field.data for field in unknown if field.field_number == number and isinstance(field.data, bytes)]


def _no_profile(fields: Mapping[str, Any]) -> GetProfileResponse:
    return GetProfileResponse(
        profile=default_profile(_sendable(fields["user_id"]), _sendable(fields["namespace"]))
    )


def _sendable(name: Any) -> str:
    """Return a name as a message takes it: a lone surrogate, which made the call fail, must not fail the answer."""
    return str(name).encode("utf-8", "replace").decode()


def _no_profiles(fields: Mapping[str, Any], _error: ServiceError) -> BatchGetProfilesResponse:
    space = fields["namespace"]
    return BatchGetProfilesResponse(
        results=[_no_profile({"user_id": user_id, "namespace": space}) for user_id in fields["user_ids"]]
    )


def _not_refreshed(error: ServiceError) -> RefreshUserResponse:
    return RefreshUserResponse(error=str(error))


def _no_status(error: ServiceError) -> GetStatusResponse:
    return GetStatusResponse(problems=[StatusProblem(component="client", message=str(error))])


def _not_erased(error: ServiceError) -> EraseUserResponse:
    return EraseUserResponse(complete=False, pending=str(error))


def _all_refused(events: Sequence[Event], error: ServiceError) -> RecordEventsResponse:
    reason = _reason_number(error.reason)
    refused = [
        RefusedEvent(index=index, event_id=event.event_id, message=str(error), reason=reason)
        for index, event in enumerate(events)
    ]
    return RecordEventsResponse(refused=refused)


def _reason_number(reason: str) -> ErrorReason:
    number = dict(ErrorReason.items()).get(f"ERROR_REASON_{reason}", ErrorReason.ERROR_REASON_UNSPECIFIED)
    return cast(ErrorReason, number)


# -- events ---------------------------------------------------------------------------------------------------


class _Checked:
    """Events made ready to be sent, and one answer for all the calls they take.

    Attributes:
        kept: Events with their places among all that were given.
        response: The sum of the answers; places count from the first event given.
    """

    def __init__(
        self, events: EventLike | Iterable[EventLike], fields: dict[str, Any], namespace: str
    ) -> None:
        self.kept: list[tuple[int, Event]] = []
        self.response = RecordEventsResponse()
        given = [events] if isinstance(events, (Event, Mapping)) else list(events)
        for index, source in enumerate([*given, fields] if fields else given):
            try:
                self.kept.append((index, _event(source, namespace)))
            except (ForewordError, ArithmeticError, AttributeError, TypeError, ValueError) as exc:
                # The last four are how protobuf and mappings say that a value is of no use.
                self.response.refused.add(
                    index=index,
                    field=f"events[{index}]",
                    message=str(exc),
                    reason=ErrorReason.ERROR_REASON_FIELD_INVALID,
                )

    def add(self, batch: Sequence[tuple[int, Event]], answer: RecordEventsResponse) -> None:
        """Add the answer to a call."""
        self.response.accepted_count += answer.accepted_count
        self.response.duplicate_count += answer.duplicate_count
        for refused in answer.refused:
            index = batch[refused.index][0]
            refused.field = refused.field.replace(f"events[{refused.index}]", f"events[{index}]", 1)
            refused.index = index
            self.response.refused.append(refused)


def _event(source: EventLike, namespace: str) -> Event:
    event = Event()
    if isinstance(source, Event):
        event.CopyFrom(source)
    else:
        event.MergeFrom(Event(**{name: _value(name, value) for name, value in source.items()}))
    event.event_id = event.event_id or uuid.uuid4().hex
    event.namespace = event.namespace or namespace
    return event


def _value(name: str, value: Any) -> Any:
    """Return a field's value as the Event takes it."""
    if name == "time" and isinstance(value, (str, datetime)):
        return _timestamp(value)
    if name == "dwell" and isinstance(value, (int, float, timedelta)):
        return _seconds(value.total_seconds() if isinstance(value, timedelta) else value)
    return value


def _timestamp(value: str | datetime) -> dict[str, int]:
    if isinstance(value, str):
        time_ms = parse_time_ms(value)
    else:
        time_ms = int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1000)
    return {"seconds": time_ms // 1000, "nanos": time_ms % 1000 * 1_000_000}


def _seconds(seconds: float) -> dict[str, int]:
    """Return the fields of a Duration."""
    if not -1e9 < seconds < 1e9:
        raise FieldError("seconds", f"{seconds}", "a number of seconds")
    whole = int(seconds)
    return {"seconds": whole, "nanos": int((seconds - whole) * 1e9)}


def _event_batches(events: Iterable[tuple[int, Event]]) -> Iterator[list[tuple[int, Event]]]:
    """Yield events in lists that one call takes, by number and by size."""
    batch: list[tuple[int, Event]] = []
    size_bytes = 0
    for place, event in events:
        event_bytes = event.ByteSize()
        if batch and (len(batch) >= BATCH_MAX or size_bytes + event_bytes > BATCH_BYTES_MAX):
            yield batch
            batch, size_bytes = [], 0
        batch.append((place, event))
        size_bytes += event_bytes
    if batch:
        yield batch


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), BATCH_MAX):
        yield items[start : start + BATCH_MAX]
