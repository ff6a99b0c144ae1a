"""What every call has in common: its id, how long it took, how it ended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, cast

import grpc

from foreword import request_id
from foreword.request_id import Request
from foreword.telemetry import Histogram, Metric, Page
from foreword.telemetry.tracing import Attributes, Tracing
from foreword.v1.operator_service_pb2 import CallStatus
from sidecar.rpc import SINGLE, Behaviour, Context, Handler, behaviour_of, kind_of, with_behaviour
from sidecar.status import REQUEST_ID

logger = logging.getLogger("sidecar.calls")

COUNT = Metric(
    "foreword_calls_total", "counter", "Calls that ended, by method and gRPC status code.", ("method", "code")
)
SECONDS = Metric(
    "foreword_call_duration_seconds",
    "histogram",
    "How long calls took in the sidecar's own code; what gRPC and the network take comes on top of it.",
    ("method",),
)
RUNNING = Metric("foreword_calls_running", "gauge", "Calls that have begun and not ended.")
METRICS = (COUNT, SECONDS, RUNNING)

# The codes that OpenTelemetry has a server answer for; of the others the caller is the cause.
_FAULTS = {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
_OK = grpc.StatusCode.OK.name

# What gRPC may take to send the last answer once it has it.
SENDING_SECONDS = 0.2


class _Method:
    """What was counted of one method."""

    __slots__ = ("codes", "durations")

    def __init__(self) -> None:
        self.codes: Counter[str] = Counter()
        self.durations = Histogram()


class ToldCall(NamedTuple):
    """A call that the native front answered and tells of by itself."""

    service: str
    method: str
    code: str
    seconds: float
    ended_ns: int
    request_id: str
    headers: Mapping[str, str]


class Calls:
    """Names, times and counts calls.

    A wrapper around each handler, made once, rather than an interceptor: gRPC asks interceptors anew at each call, and
    they learn only by wrapping the handler as well how it ended.

    Attributes:
        tracing: Records a span of each call that is drawn; None where none is.
    """

    def __init__(self) -> None:
        self.tracing: Tracing | None = None
        self._methods: dict[str, _Method] = {}
        self._running = 0
        # Streams that the native front answers; its other calls are over within microseconds.
        self.running_elsewhere = 0
        # Of them, those that answer once to one request; the others end with their caller, or are told to.
        self._single = 0
        self._none_single = asyncio.Event()
        self._none_single.set()

    def followed(self, service: str, handlers: Mapping[str, Handler]) -> dict[str, Handler]:
        """Return handlers that do the same, followed.

        Args:
            service: The full name of the service, of which the last part is shown.
            handlers: By method.
        """
        return {
            method: with_behaviour(handler, self._behaviour(service, method, handler))
            for method, handler in handlers.items()
        }

    async def ended(self, grace_seconds: float) -> None:
        """Wait until all calls that answer once have ended and were answered, at most for the grace."""
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_seconds):
                await self._none_single.wait()
                await asyncio.sleep(SENDING_SECONDS)

    def put(self, page: Page) -> None:
        """Add what was counted; a method nobody called is left out."""
        page.put(RUNNING, self._running + self.running_elsewhere)
        for name, method in self._methods.items():
            if method.codes:
                page.put(SECONDS, method.durations, name)
            for code, count in method.codes.items():
                page.put(COUNT, count, name, code)

    def listed(self) -> list[CallStatus]:
        """Return what the status says of each method that was called, the most called first."""
        called = [(name, method) for name, method in self._methods.items() if method.codes]
        return [
            _call_status(name, method)
            for name, method in sorted(called, key=lambda one: -one[1].codes.total())
        ]

    # -- calls that the native front answered -----------------------------------------------------------------

    def ended_elsewhere(self, name: str, code: str, count: int) -> None:
        """Count calls of a method that ended so."""
        self._methods[name].codes[code] += count

    def took_elsewhere(self, name: str, seconds: float, counts: Sequence[int]) -> None:
        """Count their durations: the sum of all, and how many are in each bucket."""
        self._methods[name].durations.merge(seconds, counts)

    def told_elsewhere(self, call: ToldCall) -> None:
        """Log and trace a call that was drawn."""
        this = Request(call.request_id)
        if logger.isEnabledFor(logging.DEBUG):
            name = f"{call.service.rpartition('.')[2]}.{call.method}"
            within = request_id.current.set(this)
            logger.debug("%s %s in %.3f ms", name, call.code, call.seconds * 1000)
            request_id.current.reset(within)
        if self.tracing is not None and (drawn := self.tracing.drawn_elsewhere(call.headers)) is not None:
            full_name = f"{call.service}/{call.method}"
            self.tracing.record(
                full_name,
                call.seconds,
                _attributes(full_name, call.code, this),
                within=drawn,
                is_call=True,
                is_error=call.code in _FAULTS,
                ended_ns=call.ended_ns,
            )

    @property
    def telling(self) -> str:
        """Of which calls the front is to tell one by one: all, none, or this share and those that are traced."""
        if logger.isEnabledFor(logging.DEBUG):
            return "all"
        return "none" if self.tracing is None else f"{self.tracing.share:g}"

    # -- calls of the sidecar's own -----------------------------------------------------------------------------

    def _behaviour(self, service: str, method: str, handler: Handler) -> Behaviour:
        behaviour, is_single = behaviour_of(handler), kind_of(handler) == SINGLE
        full_name, name = f"{service}/{method}", f"{service.rpartition('.')[2]}.{method}"
        # One for all addresses, whether it is asked there who calls or not.
        counted = self._methods.setdefault(name, _Method())
        codes, add = counted.codes, counted.durations.add

        async def call(request: Any, context: Context) -> Any:
            begun = time.perf_counter()
            # Texts: only keys that end with -bin have bytes.
            metadata = cast(Sequence[tuple[str, str]], context.invocation_metadata() or ())
            given = ""
            # A loop, since it is a third of what a dictionary of all takes.
            for key, value in metadata:
                if key == REQUEST_ID:
                    given = value
            this = Request(given)
            # gRPC runs each call in a task of its own, whose context ends with it: nothing to reset.
            request_id.current.set(this)
            self._running += 1
            if is_single:
                self._single += 1
                self._none_single.clear()
            code = _OK
            try:
                return await behaviour(request, context)
            except BaseException as exc:
                code = _code(exc, context)
                raise
            finally:
                seconds = time.perf_counter() - begun
                self._running -= 1
                if is_single:
                    self._single -= 1
                    if not self._single:
                        self._none_single.set()
                codes[code] += 1
                add(seconds)
                if logger.isEnabledFor(logging.DEBUG):
                    logger.debug("%s %s in %.3f ms", name, code, seconds * 1000)
                if self.tracing is not None and (within := self.tracing.drawn(dict(metadata))) is not None:
                    said, is_fault = _attributes(full_name, code, this), code in _FAULTS
                    self.tracing.record(
                        full_name, seconds, said, within=within, is_call=True, is_error=is_fault
                    )
                if this.is_named and code is _OK:
                    # A refused call has it already: see sidecar.status.
                    context.set_trailing_metadata(((REQUEST_ID, this.id),))

        return call


def _call_status(name: str, method: _Method) -> CallStatus:
    count = method.codes.total()
    status = CallStatus(method=name, count=count, failed_count=count - method.codes[_OK])
    for field, share in (("p50_max", 0.5), ("p99_max", 0.99)):
        seconds = method.durations.bound_of(share)
        if seconds is not None:
            getattr(status, field).FromNanoseconds(round(seconds * 1e9))
    return status


def _attributes(method: str, code: str, this: Request) -> Attributes:
    """Return what a span says of a call, in the names that OpenTelemetry has for it."""
    said = {"rpc.system.name": "grpc", "rpc.method": method, "rpc.response.status_code": code}
    return said | ({"foreword.request_id": this.id} if this.is_named else {})


def _code(exc: BaseException, context: Context) -> str:
    if isinstance(exc, asyncio.CancelledError):
        return grpc.StatusCode.CANCELLED.name
    code = context.code()
    return code.name if isinstance(code, grpc.StatusCode) else grpc.StatusCode.UNKNOWN.name
