"""A sidecar on real sockets, in a thread of its own, on a store of its own."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from waiting import PATIENCE_SECONDS, until

from foreword import keys
from foreword.client import Foreword
from foreword.clock import ManualClock
from foreword.config import Config
from foreword.config_file import ConfigFile
from foreword.store import ActivityReader, ProfileWriter
from foreword.store.v1.store_pb2 import ErasureReceipt
from foreword.tokens import count_line_tokens
from foreword.v1.activity_pb2 import Trigger
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_pb2 import Foreword as ForewordText
from foreword.v1.profile_pb2 import Profile, Segment
from foreword.v1.refresh_pb2 import RefreshState
from sidecar.front import find_binary
from sidecar.server import SidecarServer

NOW_MS = 1_700_000_000_000
DAY_MS = 86_400_000


def put_profile(
    writer: ProfileWriter,
    user_id: str,
    *,
    text: str = "",
    cuts: tuple[tuple[int, int], ...] = (),
    parts: tuple[tuple[str, str], ...] = (),
    stale_after_ms: int = NOW_MS + DAY_MS,
    expired_after_ms: int = NOW_MS + 2 * DAY_MS,
    refresh_on_open: bool = False,
    is_default: bool = False,
    segment: Segment = Segment.SEGMENT_ACTIVE,
    with_state: bool = False,
    is_rollback: bool = False,
    **fields: Any,
) -> int:
    """Write a profile as the scheduler does; return its revision."""
    foreword = ForewordText(text=text, tokenizer="t", token_count=cuts[-1][1] if cuts else 0)
    for byte_end, token_count in cuts:
        foreword.cuts.add(byte_end=byte_end, token_count=token_count)
    for kind, said in parts:
        foreword.parts.add(kind=kind, text=said, token_count=count_line_tokens(said))
    profile = Profile(user_id=user_id, segment=segment, foreword=foreword, is_default=is_default, **fields)
    with writer.begin() as txn:
        revision = txn.put_profile(
            keys.user_key(user_id),
            profile,
            foreword,
            computed_at_ms=NOW_MS,
            stale_after_ms=stale_after_ms,
            expired_after_ms=expired_after_ms,
            refresh_on_open=refresh_on_open,
            is_rollback=is_rollback,
        )
        if with_state:
            txn.schedule(keys.user_key(user_id), RefreshState(revision=revision))
        return revision


def event(event_id: str, user_id: str = "ann", **fields: Any) -> Event:
    """Return an event that is in order."""
    return Event(event_id=event_id, user_id=user_id, **{"type": "view", **fields})


def error_info(exc: grpc.RpcError) -> error_details_pb2.ErrorInfo:
    """Return the ErrorInfo of a refused call."""
    return _detail(exc, error_details_pb2.ErrorInfo())


def bad_request(exc: grpc.RpcError) -> error_details_pb2.BadRequest:
    """Return the BadRequest of a refused call."""
    return _detail(exc, error_details_pb2.BadRequest())


def _detail(exc: grpc.RpcError, message: Any) -> Any:
    status: status_pb2.Status = rpc_status.from_call(exc)
    assert any(detail.Unpack(message) for detail in status.details), f"no {type(message)} in {status}"
    return message


@dataclass
class Running:
    """A sidecar that serves."""

    server: SidecarServer
    store: Path
    clock: ManualClock
    client: Foreword
    channel: grpc.Channel
    loop: asyncio.AbstractEventLoop
    profiles: ProfileWriter | None = None
    address: str = ""
    _stop: Callable[[], None] = field(default=lambda: None)

    def stop(self) -> None:
        """Drain and wait for the end."""
        self._stop()

    def server_stop(self) -> None:
        """Drain while clients stay connected; calls under way have as long as a test waits."""
        stopping = self.server.stop(PATIENCE_SECONDS)
        asyncio.run_coroutine_threadsafe(stopping, self.loop).result(2 * PATIENCE_SECONDS)

    def call(self, method: str, request: bytes, timeout: float = PATIENCE_SECONDS) -> bytes:
        """Call a method with bytes, as a client in any language would."""
        answer: bytes = self.channel.unary_unary(f"/foreword.v1.{method}")(request, timeout=timeout)
        return answer

    def activity(self) -> ActivityReader:
        """Return a reader of what the sidecar wrote."""
        return ActivityReader(self.store)

    def problems(self) -> dict[str, str]:
        """Return the messages of GetStatus by component."""
        return {problem.component: problem.message for problem in self.client.status().problems}

    def put(self, user_id: str, **changes: Any) -> int:
        """Write a profile as the scheduler does; return its revision."""
        assert self.profiles is not None
        return put_profile(self.profiles, user_id, **changes)

    def take_triggers(self) -> list[Trigger]:
        """Do what the scheduler does with triggers: take all, erase where asked, write receipts and the cursor."""
        assert self.profiles is not None
        activity = self.activity()
        with self.profiles.begin() as txn:
            taken = activity.triggers(txn.trigger_cursor(activity.environment.id), 1000)
            for _, trigger in taken:
                if trigger.erase_ms:
                    counts = txn.erase(trigger.user_key)
                    txn.put_receipt(trigger.erase_id, ErasureReceipt(erased_ms=NOW_MS, counts=counts))
            if taken:
                txn.put_trigger_cursor(activity.environment.id, taken[-1][0])
        activity.close()
        return [trigger for _, trigger in taken]

    def triggers(self) -> list[Trigger]:
        """Return the triggers in the log."""
        activity = self.activity()
        found = [trigger for _, trigger in activity.triggers(0, 1000)]
        activity.close()
        return found

    def health(self, service: str = "") -> int:
        """Return the status of a service."""
        stub = health_pb2_grpc.HealthStub(self.channel)
        status: int = stub.Check(
            health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE_SECONDS
        ).status
        return status

    # Helpers of every test; a test file cannot import them from here.
    event = staticmethod(event)
    eventually = staticmethod(until)
    error_info = staticmethod(error_info)
    bad_request = staticmethod(bad_request)
    now_ms = NOW_MS


class Starter:
    """Starts sidecars and ends them with the test."""

    def __init__(self, store: Path, stack: ExitStack, *, is_native: bool = False) -> None:
        self.store = store
        self.is_native = is_native
        self._stack = stack
        self._profiles: ProfileWriter | None = None
        # Not tmp_path: a unix socket's path may have 107 bytes, and pytest's folders are long.
        self.sockets = Path(tempfile.mkdtemp(prefix="fw-"))
        stack.callback(shutil.rmtree, self.sockets, ignore_errors=True)

    def config(self, **sections: dict[str, Any]) -> Config:
        """Return a configuration for the test's store, on a socket of its own."""
        sidecar = sections.setdefault("sidecar", {})
        sidecar.setdefault("listen", [f"unix:{self.sockets}/s.sock"])
        sidecar.setdefault("native", "auto" if self.is_native else "off")
        sections.setdefault("store", {}).setdefault("directory", str(self.store))
        for name in ("profiles_map_size_bytes", "activity_map_size_bytes"):
            sections["store"].setdefault(name, 1 << 28)
        return Config.model_validate(sections)

    def profiles(self) -> ProfileWriter:
        """Open the store's profiles for writing, as the scheduler does; a sidecar started anew finds it still open."""
        if self._profiles is None:
            self._profiles = ProfileWriter(self.store, map_size_bytes=1 << 28)
            self._stack.callback(self._profiles.close)
        return self._profiles

    def close_profiles(self) -> None:
        """Let go of the store's profiles, as a scheduler that stops; the next sidecar opens them anew."""
        if self._profiles is not None:
            self._profiles.close()
            self._profiles = None

    def __call__(
        self,
        config: Config | None = None,
        *,
        with_profiles: bool = True,
        config_file: ConfigFile | None = None,
    ) -> Running:
        """Start a sidecar; raises what its start raises."""
        profiles = self.profiles() if with_profiles else None
        loop = asyncio.new_event_loop()
        clock = _AgreedClock(NOW_MS)
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        server = SidecarServer(config or self.config(), clock, config_file=config_file, tick_seconds=0.02)

        def finish() -> None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(PATIENCE_SECONDS)
            loop.close()

        try:
            asyncio.run_coroutine_threadsafe(server.start(), loop).result(PATIENCE_SECONDS)
        except BaseException:
            finish()
            raise
        ended = threading.Event()

        def stop() -> None:
            if not ended.is_set():
                ended.set()
                running.client.close()
                running.channel.close()
                if not server.is_stopped:
                    asyncio.run_coroutine_threadsafe(server.stop(1), loop).result(PATIENCE_SECONDS)
                finish()

        clock.agree = lambda: asyncio.run_coroutine_threadsafe(server.agree(), loop).result(PATIENCE_SECONDS)
        address = server.addresses[0]
        running = Running(
            server=server,
            store=self.store,
            clock=clock,
            client=Foreword(address, raises=True, timeout_seconds=PATIENCE_SECONDS),
            channel=grpc.insecure_channel(address),
            loop=loop,
            profiles=profiles,
            address=address,
            _stop=stop,
        )
        self._stack.callback(stop)
        return running


class _AgreedClock(ManualClock):
    """A clock that has moved for a native front, too, when `advance` returns."""

    agree: Callable[[], None] = staticmethod(lambda: None)

    def advance(self, milliseconds: int) -> None:
        super().advance(milliseconds)
        self.agree()


@pytest.fixture
def path(request: pytest.FixtureRequest) -> str:
    """Who answers reads: `python`, the sidecar itself, unless a test is marked with BOTH_PATHS."""
    chosen: str = getattr(request, "param", "python")
    if chosen == "native" and find_binary() is None:
        pytest.skip("foreword-native is not installed; `make native` builds it")
    return chosen


@pytest.fixture
def start(tmp_path: Path, path: str) -> Iterator[Starter]:
    """Starts sidecars on the test's store."""
    with ExitStack() as stack:
        yield Starter(tmp_path / "store", stack, is_native=path == "native")


@pytest.fixture
def running(start: Starter) -> Running:
    """A sidecar with a scheduler's store beside it."""
    return start()
