"""What `foreword up` says of itself."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE_SECONDS

from foreword.cli import main
from foreword.cli.readiness import Readiness, teller
from foreword.cli.up import _Announcement
from foreword.store.lock import hold_activity, hold_profiles


@pytest.mark.parametrize("hold", [hold_activity, hold_profiles])
def test_a_store_in_use_is_refused_before_anything_starts(
    hold: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With either daemon on the store, `up` names store and process, and says nothing of being ready."""
    assert callable(hold)
    config, store = tmp_path / "foreword.toml", tmp_path / "store"
    config.write_text(f'[store]\ndirectory = "{store}"\n')
    with hold(store):
        assert main(["up", "--config", str(config)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    (error,) = printed.err.splitlines()
    assert f"runs on the store {store}: process {os.getpid()} holds" in error
    assert not list(store.glob("*.lmdb"))


def test_grpc_keeps_out_of_the_sidecars_forks() -> None:
    """The scrub starts processes: gRPC, which logs a line at each, is told beforehand that they do not concern it."""
    code = (
        "import os, sys, types\n"
        "server = types.ModuleType('sidecar.server')\n"
        "server.run = lambda *_, **__: print(os.environ['GRPC_ENABLE_FORK_SUPPORT'], 'grpc' in sys.modules)\n"
        "sys.modules['sidecar.server'] = server\n"
        "from foreword.cli import main\n"
        "main(['sidecar'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0 False\n"


def test_ready_is_said_once_both_daemons_work(capsys: pytest.CaptureFixture[str]) -> None:
    """One daemon alone is not enough, and a daemon that was started again is no news."""
    announcement = _Announcement(as_json=False)
    announcement.ready("sidecar", ["unix:/s.sock", "127.0.0.1:7464"])
    announcement.ready("sidecar", ["unix:/s.sock", "127.0.0.1:7464"])
    assert capsys.readouterr().out == ""
    announcement.ready("scheduler", [])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Foreword is ready at unix:/s.sock and 127.0.0.1:7464"
    announcement.ready("scheduler", [])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("addresses", [[], ["unix:/s.sock"], ["unix:/a b/s.sock", "127.0.0.1:7464"]])
def test_what_a_daemon_tells_is_heard(addresses: list[str]) -> None:
    """Addresses come through the pipe as they are; one who serves nowhere names none, and is ready all the same."""

    async def heard() -> list[str]:
        said: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        readiness = Readiness(said.set_result)
        teller(readiness.descriptor)(addresses)
        return await asyncio.wait_for(said, timeout=PATIENCE_SECONDS)

    assert asyncio.run(heard()) == addresses


def test_ready_says_where_the_page_is(capsys: pytest.CaptureFixture[str]) -> None:
    """With the page, all three are waited for, and its address stands apart from the sidecar's."""
    announcement = _Announcement(as_json=True, has_page=True)
    announcement.ready("sidecar", ["unix:/s"])
    announcement.ready("scheduler", [])
    assert capsys.readouterr().out == ""
    announcement.ready("ui", ["http://127.0.0.1:7465/"])
    said = json.loads(capsys.readouterr().out)
    assert (said["addresses"], said["page"]) == (["unix:/s"], "http://127.0.0.1:7465/")


@pytest.mark.parametrize("is_file", [True, False])
@pytest.mark.parametrize(
    ("addresses", "said"),
    [([], ""), (["unix:/s.sock", "127.0.0.1:7464"], "\nSTATUS=serving on unix:/s.sock and 127.0.0.1:7464")],
)
def test_systemd_is_told_where_it_asks(
    addresses: list[str], said: str, is_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a supervisor of ours, the socket of `Type=notify` hears when the daemon works and where."""
    monkeypatch.chdir(tmp_path)
    name = f"fw-{os.getpid()}-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(PATIENCE_SECONDS)
        manager.bind(name if is_file else f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", name if is_file else f"@{name}")
        teller(None)(addresses)
        assert manager.recv(1000).decode() == f"READY=1{said}"


def test_a_manager_that_is_gone_stops_no_daemon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where nobody listens any more, telling that the daemon works does nothing."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    teller(None)(["unix:/s.sock"])
