"""Spans of calls, as a collector receives them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from paths import BOTH_PATHS
from trace_receiver import TraceReceiver, attributes, trace_receiver

from foreword.errors import ForewordError
from foreword.v1.profile_service_pb2 import GetProfileRequest

pytestmark = BOTH_PATHS

METHOD = "foreword.v1.ProfileService/GetProfile"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def receiver() -> Iterator[TraceReceiver]:
    """Takes spans."""
    with trace_receiver() as receiver:
        yield receiver


@pytest.fixture
def traced(start, receiver):
    """Starts a sidecar that traces a share of its calls."""

    def begin(share: float):
        return start(start.config(telemetry={"traces_url": receiver.url, "traces_share": share}))

    return begin


def call(running, *metadata: tuple[str, str]) -> None:
    method = running.channel.unary_unary(f"/{METHOD}")
    method(GetProfileRequest(user_id="ann-marie").SerializeToString(), timeout=10, metadata=metadata)


def test_a_call_is_a_span_with_its_method_and_outcome(traced, receiver) -> None:
    """Both an answered and a refused call are spans; nothing in them says whose they were."""
    running = traced(1.0)
    call(running)
    with pytest.raises(ForewordError):
        running.client.profile("")
    running.stop()
    answered, refused = sorted(receiver.named(METHOD), key=lambda span: span.start_time_unix_nano)
    assert attributes(answered.attributes) == {
        "rpc.system.name": "grpc",
        "rpc.method": METHOD,
        "rpc.response.status_code": "OK",
    }
    assert answered.kind == answered.SPAN_KIND_SERVER
    assert 0 < answered.end_time_unix_nano - answered.start_time_unix_nano < 10**10
    assert attributes(refused.attributes)["rpc.response.status_code"] == "INVALID_ARGUMENT"
    # The caller's mistake is none of the server's.
    assert refused.status.code == refused.status.STATUS_CODE_UNSET
    assert receiver.services == {"foreword-sidecar"}
    assert "ann-marie" not in str(receiver.spans)


def test_a_traced_callers_span_is_the_parent(traced, receiver) -> None:
    """A call that comes with a traceparent goes on with that trace, whatever the share."""
    running = traced(0.0)
    call(running, ("traceparent", f"00-{TRACE}-{PARENT}-01"), ("x-request-id", "order-7"))
    running.stop()
    (span,) = receiver.named(METHOD)
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(span.attributes)["foreword.request_id"] == "order-7"


@pytest.mark.parametrize(
    ("share", "header"),
    [(0.0, "rubbish"), (0.0, f"00-{'0' * 32}-{PARENT}-01"), (1.0, f"00-{TRACE}-{PARENT}-00")],
)
def test_what_is_not_drawn_is_not_sent(traced, receiver, share: float, header: str) -> None:
    """A caller who says that it is not traced is obeyed; what is no traceparent says nothing."""
    running = traced(share)
    call(running, ("traceparent", header))
    running.stop()
    assert receiver.spans == []


def test_calls_go_on_where_nobody_receives_spans(start) -> None:
    """A receiver that is not there costs no call, and no more than seconds at the end."""
    running = start(
        start.config(telemetry={"traces_url": "http://127.0.0.1:9/v1/traces", "traces_share": 1.0})
    )
    for _ in range(50):
        call(running)
    assert running.health() == 1
    running.stop()
    assert running.server.is_stopped
