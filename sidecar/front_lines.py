"""What the native front is told, and what it tells, line by line; native/src/control.rs has the same words."""

from __future__ import annotations

import logging
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from grpc_status import rpc_status

from foreword.clock import Clock, ReplayClock, SystemClock
from foreword.errors import ForewordError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.telemetry.tracing import PARENT, STATE
from foreword.v1.operator_service_pb2 import FrontStatus
from sidecar import profile_service
from sidecar.calls import Calls, ToldCall
from sidecar.errors import ConnectionsExhaustedError, StreamsExhaustedError
from sidecar.open_triggers import OpenTriggers
from sidecar.reads import Reads
from sidecar.status import rich_status
from sidecar.streams import draining

logger = logging.getLogger("sidecar")

_SERVICE = "ProfileService"
# Lines of the log about clients who are refused: one that tries for ever is not to fill it.
_LIMITED_SECONDS = 10.0
# gRPC's own form of a message: what is not printable, and the sign of the form itself, in percent-encoding.
_PLAIN = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


class FrontLines:
    """Turns what a front must know into lines, and its lines into what they are about.

    Attributes:
        status: Who answers reads, and how many.
        connection_count: Connections that it serves.
        refused_count: Connections it refused since the sidecar started.
        ended_count: Connections it ended because their clients took nothing.
    """

    def __init__(
        self, live: FollowedConfig, clock: Clock, triggers: OpenTriggers, reads: Reads, calls: Calls
    ) -> None:
        self.status = FrontStatus(is_native=True)
        self.connection_count = self.refused_count = self.ended_count = 0
        self._live = live
        self._clock = clock
        self._triggers = triggers
        self._reads = reads
        self._calls = calls
        self._logged_at = -_LIMITED_SECONDS
        self._unlogged = [0, 0]

    def said(self) -> Iterator[tuple[str, str]]:
        """Yield what holds now: the name of each line, and the rest of it."""
        sidecar = self._live.current.sidecar
        yield "clock", self.clock
        yield "tell-all", str(int(self._triggers.notes_reads))
        yield "tell-calls", self._calls.telling
        yield "hold", f"{1000 * sidecar.front_hold_seconds:.0f}"
        yield "refusal draining", _refusal(draining())
        yield (
            "refusal streams",
            _refusal(StreamsExhaustedError("sidecar.streams_max", sidecar.streams_max)),
        )
        yield "refusal connections", _refusal(ConnectionsExhaustedError(sidecar.connections_max))
        yield "limits", f"{sidecar.streams_max} {sidecar.connections_max} {sidecar.unsent_bytes_max}"

    @property
    def clock(self) -> str:
        """How a front tells the time, `offset MS` beside the machine's or `at MS`; it is started with this as well."""
        match self._clock:
            case SystemClock():
                return "offset 0"
            case ReplayClock():
                return f"offset {self._clock.offset_ms}"
            case _:
                return f"at {self._clock.now_ms()}"

    def hear(self, words: list[str]) -> None:
        """Take a line."""
        match words:
            case ["asks", user]:
                self._triggers.ask(UserKey(bytes.fromhex(user)))
            case ["reads", segment, freshness, count]:
                self._reads.add(int(segment), int(freshness), int(count))
            case ["calls", answered, forwarded]:
                self.status.answered += int(answered)
                self.status.forwarded += int(forwarded)
            case ["ended", method, code, count]:
                self._calls.ended_elsewhere(f"{_SERVICE}.{method}", code, int(count))
            case ["took", method, nanoseconds, *counts]:
                seconds = int(nanoseconds) / 1e9
                self._calls.took_elsewhere(f"{_SERVICE}.{method}", seconds, [int(count) for count in counts])
            case ["call", method, code, nanoseconds, ended_ms, *texts]:
                self._calls.told_elsewhere(
                    _told(method, code, int(nanoseconds) / 1e9, int(ended_ms) * 1_000_000, texts)
                )
            case ["open", connections, streams]:
                self.connection_count = int(connections)
                self._calls.running_elsewhere = int(streams)
            case ["limited", refused, ended]:
                self._limited(int(refused), int(ended))

    def gone(self) -> None:
        """Forget what a front held that has ended."""
        self.connection_count = self._calls.running_elsewhere = 0

    def _limited(self, refused: int, ended: int) -> None:
        self.refused_count += refused
        self.ended_count += ended
        self._unlogged[0] += refused
        self._unlogged[1] += ended
        if time.monotonic() - self._logged_at < _LIMITED_SECONDS:
            return
        self._logged_at = time.monotonic()
        sidecar = self._live.current.sidecar
        if self._unlogged[0]:
            logger.warning(
                "%d connections were refused: %d are open (sidecar.connections_max)",
                self._unlogged[0],
                sidecar.connections_max,
            )
        if self._unlogged[1]:
            logger.warning(
                "%d connections were ended that took nothing while %d bytes waited (sidecar.unsent_bytes_max)",
                self._unlogged[1],
                sidecar.unsent_bytes_max,
            )
        self._unlogged = [0, 0]


def _told(method: str, code: str, seconds: float, ended_ns: int, texts: Sequence[str]) -> ToldCall:
    given, parent, state = ("" if text == "-" else bytes.fromhex(text).decode("latin-1") for text in texts)
    headers = {name: text for name, text in ((PARENT, parent), (STATE, state)) if text}
    return ToldCall(profile_service.NAME, method, code, seconds, ended_ns, given, headers)


def _refusal(error: ForewordError) -> str:
    """Return code, message and details of a refusal as they go out."""
    status = rpc_status.to_status(rich_status(error))
    number: int = status.code.value[0]
    ((_, details),) = status.trailing_metadata
    assert isinstance(details, bytes)
    message = quote(status.details, safe=_PLAIN).encode("ascii")
    return f"{number} {message.hex()} {b64encode(details).decode().rstrip('=')}"
