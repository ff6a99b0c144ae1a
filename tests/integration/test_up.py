"""`foreword up`: both daemons as one."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from conftest import Installation

Until = Callable[[Callable[[], Any], str], Any]
ServingUp = tuple["Installation", subprocess.Popen[str]]


NAMES = {"sidecar", "scheduler"}


def _children(up: subprocess.Popen[str]) -> dict[str, psutil.Process]:
    """Return the running daemons by name; one that has just been forked or is ending has none yet or no more."""
    found = {}
    for child in psutil.Process(up.pid).children():
        with suppress(psutil.NoSuchProcess):
            found |= dict.fromkeys(NAMES.intersection(child.cmdline()), child)
    return found


def _both(up: subprocess.Popen[str], until: Until) -> dict[str, psutil.Process]:
    """Return both daemons by name, once both run: `up` is ready when the sidecar answers."""
    return until(lambda: (found := _children(up)).keys() == NAMES and found, "not both daemons run")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both_in_order(
    installation: Installation, up: subprocess.Popen[str], until: Until, number: signal.Signals
) -> None:
    """SIGTERM and Ctrl-C drain both daemons, and `up` ends with 0."""
    daemons = _both(up, until)
    up.send_signal(number)
    assert up.wait(timeout=30) == 0
    assert not any(daemon.is_running() for daemon in daemons.values())
    assert "draining" in installation.log()
    assert "Traceback" not in installation.log()


@pytest.mark.parametrize("name", ["sidecar", "scheduler"])
def test_a_killed_daemon_comes_back(serving_up: ServingUp, until: Until, name: str) -> None:
    """kill -9 of one daemon is followed by a new one while the other goes on, and profiles are written again."""
    installation, up = serving_up
    before = _both(up, until)
    before[name].kill()
    after = until(
        lambda: (now := _children(up)).keys() == NAMES and now[name].pid != before[name].pid and now,
        f"the {name} did not come back",
    )
    other = (NAMES - {name}).pop()
    assert after[other].pid == before[other].pid
    assert f"the {name} was ended by SIGKILL; starting it again in 0.5 s" in installation.log()
    until(lambda: installation.run("status").returncode == 0, "no sidecar")
    lines = [f'{{"event_id":"{n}","user_id":"{name}","type":"read","topics":["a"]}}' for n in range(5)]
    (installation.folder / "events.jsonl").write_text(
        "\n".join([*lines, f'{{"user_id":"{name}","type":"session.end"}}'])
    )
    assert installation.json("import", "events", "events.jsonl")[0]["accepted"] == 6
    until(lambda: installation.run("text", name).stdout, "no foreword")


def test_killing_up_takes_the_daemons_along(up: subprocess.Popen[str], until: Until) -> None:
    """kill -9 of `up` leaves no daemon behind: both drain and end."""
    daemons = _both(up, until)
    up.kill()
    up.wait()
    gone, alive = psutil.wait_procs(daemons.values(), timeout=30)
    assert len(gone) == 2
    assert not alive


def test_a_second_up_says_who_runs(serving_up: ServingUp, until: Until) -> None:
    """A second `up` on a served store starts nothing: it names store and process in a sentence; the first goes on."""
    installation, up = serving_up
    sidecar = _both(up, until)["sidecar"]
    done = installation.spawn("up")
    assert (done.returncode, done.stdout) == (1, "")
    (error,) = done.stderr.splitlines()
    assert f"runs on the store {installation.store}: process {sidecar.pid} holds" in error
    assert "foreword status" in error
    assert up.poll() is None
    assert installation.run("status").returncode == 0


def test_both_daemons_share_a_replayed_time(installation: Installation, until: Until) -> None:
    """With --as-of, both daemons go by the same other time."""
    process = installation.start("up", "--as-of", "2020-02-29T12:00:00Z")
    try:
        until(lambda: "Foreword is ready" in installation.log(), "no readiness")
        status = until(
            lambda: (s := installation.json("status")) and s.get("scheduler_seen_at") and s, "no scheduler"
        )
        assert status["now"].startswith("2020-02-29T12:0")
        assert status["scheduler_seen_at"].startswith("2020-02-29T12:0")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("name", ["up", "sidecar", "scheduler"])
def test_sigterm_during_the_start_is_no_failure(installation: Installation, until: Until, name: str) -> None:
    """SIGTERM that comes before a daemon is up ends it with exit code 0, as it does later."""
    pipe = installation.folder / "slow.toml"
    os.mkfifo(pipe)
    process = installation.start(name, "--config", str(pipe))

    def opened() -> int:
        with suppress(OSError):
            # Fails until somebody is reading; the process then waits for a configuration that never comes.
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        return 0

    writer = until(opened, "the configuration is not read")
    try:
        process.send_signal(signal.SIGTERM)
    finally:
        # A signal that comes between the interpreter's last look and the read is noticed when the read ends.
        os.close(writer)
    try:
        assert process.wait(timeout=30) == 0, installation.log()
        assert installation.log() == ""
    finally:
        process.kill()
        process.wait()
