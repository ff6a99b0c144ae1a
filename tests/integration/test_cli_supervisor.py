"""Supervising real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from waiting import until, until_async

from foreword.cli import supervisor as module
from foreword.cli.supervisor import Daemon, DaemonError, Supervisor

_FOREVER = (
    "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(0)); "
    "print('up', flush=True); time.sleep(60)"
)


def _daemon(name: str, code: str) -> Daemon:
    return Daemon(name, [sys.executable, "-c", code])


def _run(
    daemons: list[Daemon],
    steps: Callable[[Supervisor, list[tuple[str, str]]], object],
    stop_seconds: float = 10.0,
) -> list[tuple[str, str]]:
    """Run daemons under a supervisor beside `steps`; return what was said."""
    said: list[tuple[str, str]] = []

    async def both() -> None:
        supervisor = Supervisor(daemons, lambda name, line: said.append((name, line)), stop_seconds)
        running = asyncio.create_task(supervisor.run())
        stepping = asyncio.ensure_future(steps(supervisor, said))  # type: ignore[arg-type]
        await asyncio.wait([running, stepping], return_when=asyncio.FIRST_COMPLETED)
        if stepping.done():
            stepping.result()
        await running

    asyncio.run(both())
    return said


def test_lines_are_forwarded_and_all_end_together() -> None:
    """Each daemon's lines come with its name, and a stop ends every daemon."""
    daemons = [_daemon("one", _FOREVER), _daemon("two", _FOREVER)]

    async def steps(supervisor: Supervisor, said: list[tuple[str, str]]) -> None:
        await until_async(lambda: {("one", "up"), ("two", "up")} <= set(said))
        supervisor.stop()

    _run(daemons, steps)
    assert all(daemon.process is None for daemon in daemons)


def test_a_daemon_itself_says_that_it_is_ready() -> None:
    """What a daemon says through its pipe is handed on with its addresses, after each start; silence is nothing."""
    code = (
        "import sys; from foreword.cli.readiness import teller; "
        "teller(int(sys.argv[1]))(['unix:/a b', '127.0.0.1:1']); " + _FOREVER
    )
    heard: list[list[str]] = []
    talking = Daemon("one", [sys.executable, "-c", code, "{ready}"], ready=heard.append)
    silent = Daemon("two", [sys.executable, "-c", _FOREVER], ready=heard.append)

    async def steps(supervisor: Supervisor, said: list[tuple[str, str]]) -> None:
        await until_async(lambda: len(heard) == 1 and ("two", "up") in said)
        assert talking.process is not None
        talking.process.kill()
        await until_async(lambda: len(heard) == 2)
        supervisor.stop()

    _run([talking, silent], steps)
    assert heard == [["unix:/a b", "127.0.0.1:1"]] * 2


def test_a_killed_daemon_is_started_again() -> None:
    """A daemon that is killed runs again after the backoff, and the supervisor says so."""
    daemon = _daemon("one", _FOREVER)

    async def steps(supervisor: Supervisor, said: list[tuple[str, str]]) -> None:
        await until_async(lambda: ("one", "up") in said)
        assert daemon.process is not None
        first = daemon.process.pid
        os.kill(first, signal.SIGKILL)
        await until_async(lambda: said.count(("one", "up")) == 2)
        assert daemon.process.pid != first
        supervisor.stop()

    assert ("", "the one was ended by SIGKILL; starting it again in 0.5 s") in _run([daemon], steps)


@pytest.mark.parametrize(
    "said",
    [
        "Error: the port is taken (free it)",
        '{"error": {"message": "the port is taken", "hint": "free it"}}',
    ],
)
def test_a_daemon_that_cannot_start_stops_the_others(said: str) -> None:
    """A failure at the start is not tried again: it is reported in the daemon's own words, in both their forms."""
    failing = _daemon("two", f"import sys; sys.exit({said!r})")

    async def steps(*_: object) -> None:
        await asyncio.Event().wait()

    other = _daemon("one", _FOREVER)
    with pytest.raises(DaemonError, match="the two did not start") as caught:
        _run([other, failing], steps)
    assert str(caught.value) == "the two did not start: the port is taken (free it)"
    assert other.process is None


def test_restarts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that dies again and again is given up after the limit."""
    monkeypatch.setattr(module, "BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr(module, "STARTUP_SECONDS", 0.0)
    monkeypatch.setattr(module, "DEATHS_MAX", 3)

    async def steps(*_: object) -> None:
        await asyncio.Event().wait()

    with pytest.raises(DaemonError, match="died 4 times"):
        _run([_daemon("one", "raise SystemExit(3)")], steps)


def test_a_daemon_that_does_not_end_is_killed() -> None:
    """A daemon deaf to SIGTERM is killed after the limit, and that counts as a failure."""
    deaf = _daemon(
        "one",
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
    )

    async def steps(supervisor: Supervisor, said: list[tuple[str, str]]) -> None:
        await until_async(lambda: ("one", "up") in said)
        supervisor.stop()

    with pytest.raises(DaemonError, match="had to be killed"):
        _run([deaf], steps, stop_seconds=0.2)


def test_long_lines_are_cut_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line beyond the limit arrives in pieces."""
    monkeypatch.setattr(module, "LINE_BYTES_MAX", 1000)
    noisy = _daemon("one", "print('x' * 5000, flush=True); " + _FOREVER)

    async def steps(supervisor: Supervisor, said: list[tuple[str, str]]) -> None:
        await until_async(lambda: ("one", "up") in said)
        supervisor.stop()

    assert sum(line.count("x") for _, line in _run([noisy], steps)) == 5000


def test_a_daemon_follows_its_supervisor_into_death(tmp_path: Path) -> None:
    """kill -9 of the process at the other end of the lifeline ends the daemon."""
    pid_file = tmp_path / "pid"
    daemon = (
        "import os, sys, time; from foreword.cli import lifeline; lifeline.follow(int(sys.argv[1])); "
        f"open({str(pid_file)!r}, 'w').write(str(os.getpid()) + '\\n'); time.sleep(60)"
    )
    parent = (
        "import os, subprocess, sys, time; r, w = os.pipe(); "
        f"subprocess.Popen([sys.executable, '-c', {daemon!r}, str(r)], pass_fds=[r]); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", parent])
    until(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"), "the daemon's process id")
    child = psutil.Process(int(pid_file.read_text()))
    process.kill()
    process.wait()
    child.wait(timeout=20)


def test_a_page_that_dies_again_and_again_takes_nobody_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not vital is given up with its last words, and the others go on until they are told to stop."""
    monkeypatch.setattr(module, "DEATHS_MAX", 1)
    monkeypatch.setattr(module, "BACKOFF_SECONDS", 0.01)
    dying = "import os; print('the port is gone', flush=True); os.kill(os.getpid(), 9)"
    daemons = [_daemon("one", _FOREVER), _daemon("page", dying)]
    daemons[1].is_vital = False

    async def steps(supervisor: Supervisor, said: list[tuple[str, str]]) -> None:
        await until_async(
            lambda: any("the others go on" in line for _, line in said) and ("one", "up") in said
        )
        assert daemons[0].process is not None
        supervisor.stop()

    said = _run(daemons, steps)
    assert (
        "",
        "the page died 2 times: the port is gone; it is not started again, and the others go on",
    ) in said
