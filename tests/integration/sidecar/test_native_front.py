"""The native front as a process: it dies and comes back, outlives its sidecar, and is handed on to the next."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from waiting import PATIENCE_SECONDS, until

from foreword.client import Foreword
from foreword.errors import ServiceError
from foreword.store.check import check_store
from foreword.v1.event_pb2 import Event
from foreword.v1.freshness_pb2 import Freshness
from sidecar import front, fronting
from sidecar.answering import Answering
from sidecar.errors import FrontError
from sidecar.front_door import find_former, front_folder
from sidecar.front_sockets import FrontSockets

pytestmark = pytest.mark.parametrize("path", ["native"], indirect=True)


class Daemon:
    """`foreword sidecar` as a process, which can be killed."""

    def __init__(self, start: Any) -> None:
        self.address = f"unix:{start.sockets}/s.sock"
        self._start = start
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, native: str = "auto", hold_seconds: float = 5.0) -> None:
        """Start it."""
        environment = {
            **os.environ,
            "FOREWORD_STORE__DIRECTORY": str(self._start.store),
            "FOREWORD_SIDECAR__LISTEN": f'["{self.address}"]',
            "FOREWORD_SIDECAR__NATIVE": native,
            "FOREWORD_SIDECAR__FRONT_HOLD_SECONDS": f"{hold_seconds}",
        }
        self._process = subprocess.Popen([sys.executable, "-m", "foreword", "sidecar"], env=environment)

    def run(self, native: str = "auto", hold_seconds: float = 0.0) -> None:
        """Start it, and return once it answers a call that is its own."""
        self.begin(native, hold_seconds)
        until(self._answers, "the sidecar")

    def _answers(self) -> bool:
        with suppress(ServiceError), self.client() as client:
            return client.record([Event(event_id="1", user_id="bob", type="view")]) is not None
        return False

    def client(self) -> Foreword:
        """Return a client of its own."""
        return Foreword(self.address, raises=True, timeout_seconds=PATIENCE_SECONDS)

    def end(self, number: signal.Signals) -> None:
        """End the sidecar, and not its front."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE_SECONDS)


@pytest.fixture
def daemon(start: Any) -> Iterator[Daemon]:
    """A sidecar in a process of its own, on a store with the profile of `ann`."""
    running = start()
    running.put("ann", with_state=True)
    running.stop()
    made = Daemon(start)
    made.run()
    yield made
    made.end(signal.SIGTERM)
    former = find_former(front_folder(start.store))
    if former is not None:
        former.replace()
        former.close()
    assert not list(check_store(start.store))


def front_process(client: Foreword) -> int:
    """Return the process of the front."""
    found: int = client.status().front.process_id
    return found


def test_its_first_answer_goes_by_the_sidecars_clock(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started with the time it is to go by: a read that comes before any line is said is no exception."""
    monkeypatch.setattr(front.FrontLines, "said", lambda _lines: iter(()))
    running = start()
    running.put("ann")
    # By this machine's clock it expired years ago.
    assert running.client.profile("ann").freshness == Freshness.FRESHNESS_FRESH
    running.eventually(lambda: running.client.status().front.answered == 1)


def test_reads_are_answered_before_the_rest_of_the_sidecar_is_up(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the cache of cores is being opened the front answers reads, and other calls wait and do not fail."""
    running = start()
    running.put("ann")
    running.stop()
    may_open, opens = threading.Event(), Answering.open

    async def open_late(answering: Answering) -> None:
        await asyncio.to_thread(may_open.wait, PATIENCE_SECONDS)
        await opens(answering)

    monkeypatch.setattr(Answering, "open", open_late)
    with ThreadPoolExecutor() as threads, ExitStack() as always:
        always.callback(may_open.set)
        starting = threads.submit(start)
        until((start.sockets / "s.sock").exists, "the address")
        with Foreword(running.address, raises=True, timeout_seconds=PATIENCE_SECONDS) as client:
            # Fresh by the test's clock, which the front is told as soon as it is up.
            until(lambda: client.profile("ann").freshness == Freshness.FRESHNESS_FRESH, "a read")
            asked = threads.submit(client.status)
            assert not starting.done()
            assert not asked.done()
            may_open.set()
            assert asked.result(PATIENCE_SECONDS).front.is_native
        starting.result(PATIENCE_SECONDS)


def test_a_front_that_dies_comes_back(running: Any) -> None:
    """kill -9 of the front costs running calls; another takes its place on the same address, and status says so."""
    running.put("ann")
    pid = front_process(running.client)
    os.kill(pid, signal.SIGKILL)
    running.eventually(lambda: _answer(running.client) == Freshness.FRESHNESS_FRESH, "the next front")
    status = running.client.status().front
    assert status.is_native
    assert status.restarts == 1
    assert status.process_id != pid


def test_a_front_that_hangs_is_replaced(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A front that says nothing for long is ended, and another serves."""
    monkeypatch.setattr(front, "_SILENCE_SECONDS_MAX", 0.1)
    running.put("ann")
    pid = front_process(running.client)
    os.kill(pid, signal.SIGSTOP)
    until(lambda: not psutil.pid_exists(pid), "the end of the front")
    running.eventually(lambda: _answer(running.client) == Freshness.FRESHNESS_FRESH, "the next front")


def test_reads_go_on_without_the_sidecar(daemon: Daemon) -> None:
    """While the sidecar is dead profiles are read, health says so of that alone, and other calls say why not."""
    daemon.end(signal.SIGKILL)
    with daemon.client() as client, closing(grpc.insecure_channel(daemon.address)) as channel:
        assert client.profile("ann").freshness == Freshness.FRESHNESS_EXPIRED
        assert client.foreword("ann", session_id="s").revision == 1
        with pytest.raises(ServiceError, match="does not run"):
            client.record([Event(event_id="2", user_id="bob", type="view")])
        health = health_pb2_grpc.HealthStub(channel)

        def of(service: str) -> int:
            status: int = health.Check(health_pb2.HealthCheckRequest(service=service)).status
            return status

        assert [of(name) for name in ("", "foreword.v1.ProfileService", "foreword.v1.ActivityService")] == [
            1,
            1,
            2,
        ]
        watch = health.Watch(health_pb2.HealthCheckRequest(service="foreword.v1.ActivityService"))
        assert next(watch).status == 2
        daemon.run()
        assert list(watch) == []


def test_calls_wait_for_a_sidecar_that_is_started_again(daemon: Daemon) -> None:
    """Calls made between kill -9 of the sidecar and its next start are answered, not refused."""
    daemon.end(signal.SIGTERM)
    daemon.run(hold_seconds=20.0)
    with daemon.client() as client, ThreadPoolExecutor(8) as pool:
        daemon.end(signal.SIGKILL)
        calls = [
            pool.submit(client.record, [Event(event_id=f"held-{number}", user_id="bob", type="view")])
            for number in range(8)
        ]
        assert client.profile("ann").profile.user_id == "ann"
        assert not any(call.done() for call in calls)
        daemon.begin()
        assert all(call.result(PATIENCE_SECONDS).accepted_count == 1 for call in calls)


def test_calls_are_not_held_for_long(daemon: Daemon) -> None:
    """Once the time for it has passed, a call for a sidecar that does not come back is refused at once."""
    daemon.end(signal.SIGTERM)
    daemon.run(hold_seconds=0.3)
    daemon.end(signal.SIGKILL)
    with daemon.client() as client:
        until(lambda: _is_refused_at_once(client), "the end of holding")


def _is_refused_at_once(client: Foreword) -> bool:
    began = time.monotonic()
    with pytest.raises(ServiceError, match="does not run"):
        client.status()
    return time.monotonic() - began < 0.2


def test_the_next_sidecar_takes_the_front_over(daemon: Daemon) -> None:
    """Started again after kill -9, a sidecar serves on the same socket, and the former front ends."""
    with daemon.client() as client:
        former = psutil.Process(front_process(client))
        daemon.end(signal.SIGKILL)
        socket = Path(daemon.address.removeprefix("unix:")).stat().st_ino
        daemon.run()
        until(lambda: not former.is_running(), "the end of the former front")
        assert Path(daemon.address.removeprefix("unix:")).stat().st_ino == socket
        assert client.status().front.is_native
        assert client.profile("ann").profile.user_id == "ann"


def test_without_its_front_the_sidecar_takes_the_addresses_itself(daemon: Daemon) -> None:
    """Turned off after a crash, the front that is left ends, and the sidecar answers reads."""
    with daemon.client() as client:
        former = psutil.Process(front_process(client))
        daemon.end(signal.SIGKILL)
        daemon.run(native="off")
        until(lambda: not former.is_running(), "the end of the former front")
        status = client.status().front
        assert (status.is_native, status.reason) == (False, 'sidecar.native is "off"')
        assert client.profile("ann").profile.user_id == "ann"


def test_a_sidecar_that_ends_takes_its_front_along(daemon: Daemon) -> None:
    """SIGTERM lets calls end, and leaves neither a front nor a socket."""
    with daemon.client() as client:
        process = psutil.Process(front_process(client))
    daemon.end(signal.SIGTERM)
    assert not process.is_running()
    assert not Path(daemon.address.removeprefix("unix:")).exists()


def test_a_front_alone_ends_with_its_store(daemon: Daemon, start: Any) -> None:
    """A front whose sidecar is dead ends when the store's folder is gone."""
    with daemon.client() as client:
        process = psutil.Process(front_process(client))
    daemon.end(signal.SIGKILL)
    aside = start.store.rename(start.store.with_name("aside"))
    until(lambda: not process.is_running(), "the end of the front")
    aside.rename(start.store)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda patch, _folder: patch.setattr(fronting, "find_binary", _fails),
        lambda _patch, folder: folder.chmod(0o755),
    ],
    ids=["a binary that does not run", "a folder open to others"],
)
def test_a_front_that_cannot_be_had_is_a_problem(
    start: Any, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[pytest.MonkeyPatch, Path], None]
) -> None:
    """The sidecar then answers reads itself, and says why."""
    folder = front_folder(start.store)
    spoil(monkeypatch, folder)
    running = start()
    running.put("ann")
    assert running.client.profile("ann").profile.user_id == "ann"
    assert not running.client.status().front.is_native
    assert "answers reads itself" in running.problems()["sidecar.front"]
    folder.chmod(0o700)


def test_a_folder_with_its_parents_group_is_for_this_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Where new folders take the group of the one above, as in a volume with fsGroup, the front has its folder too."""
    tmp_path.chmod(0o2777)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = front_folder(tmp_path / "store")
    assert folder.stat().st_mode & 0o7777 == 0o2700
    assert front_folder(tmp_path / "store") == folder


def test_every_address_of_a_host_is_bound_to_one_port(path: str) -> None:
    """Where the system chooses the port of a host with several addresses, it is the same on all."""
    sockets = FrontSockets(None)
    port = sockets.add_insecure_port("localhost:0")
    assert {one.socket.getsockname()[1] for one in sockets.listening} == {port}
    sockets.close()


def _fails() -> Path:
    raise FrontError("it does not run")


def _answer(client: Foreword) -> int | None:
    with suppress(ServiceError):
        return client.profile("ann").freshness
    return None
