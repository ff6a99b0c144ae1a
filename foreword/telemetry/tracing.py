"""Traces by OpenTelemetry: spans of calls and refreshes, sent behind the work."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

import foreword
from foreword.config_telemetry import Telemetry
from foreword.errors import MissingExtraError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

PARENT, STATE = "traceparent", "tracestate"
_NOTHING: Mapping[str, str] = MappingProxyType({})
# How long the receiver may take. What ends meanwhile waits, 2,048 spans at most as OpenTelemetry has it, or is dropped.
_SEND_SECONDS_MAX = 5.0

Attributes = Mapping[str, str | int]


class Tracing:
    """Records spans of work that has ended, if it is drawn.

    Nothing is traced within a call or a refresh, so no span is begun before its end is known. Drawn here rather than by
    OpenTelemetry's sampler, which makes ids and a span that records nothing before it says no: 15 microseconds a call.

    Args:
        provider: Sends what is recorded.
        share: Of what no caller decides on, how much is drawn; 0 to 1.
        draw: Returns a number from 0 to below 1.
    """

    def __init__(
        self, provider: TracerProvider, share: float, draw: Callable[[], float] = random.random
    ) -> None:
        from opentelemetry import trace
        from opentelemetry.context import Context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._tracer = provider.get_tracer("foreword", foreword.__version__)
        self._extract = TraceContextTextMapPropagator().extract
        self._span_of, self._nobody = trace.get_current_span, Context()
        self._kinds, self._error = trace.SpanKind, trace.StatusCode.ERROR
        self.share = share
        self._draw = draw

    def drawn(self, headers: Mapping[str, str] = _NOTHING) -> Context | None:
        """Return what a span is recorded within; None when none is to be.

        Args:
            headers: What came with a call. A caller who is traced decides, by W3C's `traceparent`.
        """
        if PARENT in headers:
            # And no more than these two: baggage may hold anything.
            context = self._extract({key: headers[key] for key in (PARENT, STATE) if key in headers})
            caller = self._span_of(context).get_span_context()
            if caller.is_valid:
                return context if caller.trace_flags.sampled else None
        return self._nobody if self._draw() < self.share else None

    def drawn_elsewhere(self, headers: Mapping[str, str]) -> Context | None:
        """Return what the span of a call is recorded within that was drawn elsewhere; as `drawn` where it is traced.

        Args:
            headers: What came with it of W3C's two.
        """
        return self.drawn(headers) if PARENT in headers else self._nobody

    def record(
        self,
        name: str,
        seconds: float,
        attributes: Attributes,
        *,
        within: Context,
        is_call: bool = False,
        is_error: bool = False,
        ended_ns: int | None = None,
    ) -> None:
        """Record what has ended.

        Args:
            name: What it was.
            seconds: How long it took.
            attributes: What else is known of it; never a user, a namespace or a text.
            within: What `drawn` returned.
            is_call: Whether somebody called for it, and waited.
            is_error: Whether it failed.
            ended_ns: When it ended, in nanoseconds since 1970; None for just now.
        """
        ended_ns = time.time_ns() if ended_ns is None else ended_ns
        span = self._tracer.start_span(
            name,
            context=within,
            kind=self._kinds.SERVER if is_call else self._kinds.INTERNAL,
            attributes=attributes,
            start_time=ended_ns - int(seconds * 1e9),
        )
        if is_error:
            span.set_status(self._error)
        span.end(ended_ns)


@asynccontextmanager
async def traced(service: str, telemetry: Telemetry) -> AsyncIterator[Tracing | None]:
    """Give what records spans, None where none are wanted; at the end what waits is sent.

    Args:
        service: What the spans are of, such as `foreword-sidecar`.
        telemetry: Where they are sent to, and how many are drawn.

    Raises:
        MissingExtraError: They are wanted, and OpenTelemetry is not installed.
    """
    if not telemetry.traces_url:
        yield None
        return
    provider = _provider(service, telemetry)
    try:
        yield Tracing(provider, telemetry.traces_share)
    finally:
        # Sends what waits, for as long as a receiver may take; in a thread, since calls may still be ending.
        await asyncio.to_thread(provider.shutdown)


def _provider(service: str, telemetry: Telemetry) -> TracerProvider:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON
    except ModuleNotFoundError as exc:
        raise MissingExtraError("telemetry.traces_url", "tracing") from exc
    provider = TracerProvider(
        sampler=ALWAYS_ON,
        resource=Resource.create({"service.name": service, "service.version": foreword.__version__}),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(endpoint=telemetry.traces_url, timeout=_SEND_SECONDS_MAX)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
