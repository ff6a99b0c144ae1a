"""The daemon's life: start, lock, heartbeat, reload, replaced stores, and its end."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from waiting import until

from foreword import keys
from foreword.clock import HOUR_MS, SystemClock
from foreword.config_file import ConfigFile
from foreword.errors import StoreError
from foreword.store import FileLock, ProfileReader, lock_profiles
from foreword.store.profile_reader import open_when_present
from scheduler import daemon
from scheduler.daemon import run

SERVE = """
import sys
from pathlib import Path
from foreword.clock import ManualClock
from foreword.config import Config
from foreword.config_file import ConfigFile
from scheduler.daemon import run
config = Config.model_validate({"store": {"directory": sys.argv[1], "profiles_map_size_bytes": 1 << 26},
                                "scheduler": {"batch_users": 8}, "session": {"settle_seconds": 0}})
raise SystemExit(run(config, ManualClock(int(sys.argv[2]))))
"""


def serve(store) -> subprocess.Popen[str]:
    """Start a scheduler as a process of its own, with the real agent."""
    arguments = [sys.executable, "-c", SERVE, str(store.directory), str(store.clock.now_ms())]
    return subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)


def read(store, look: Callable[[ProfileReader], int]) -> int:
    """Return what a look into the profiles finds now; 0 while there are none."""
    reader = open_when_present(store.directory)
    if reader is None:
        return 0
    with closing(reader):
        return look(reader)


def attempts(store) -> int:
    return read(store, lambda reader: reader.ledger_totals().attempts)


def seen_ms(store) -> int:
    return read(store, ProfileReader.scheduler_seen_ms)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_second_scheduler_says_who_holds_the_store(store, as_json: bool) -> None:
    """A second scheduler on the store ends with exit code 1 and names the first, in a form that was asked for."""
    environment = {**os.environ, "FOREWORD_STORE__DIRECTORY": str(store.directory)}
    command = [sys.executable, "-m", "foreword", "scheduler", *(["--json"] if as_json else [])]
    with FileLock(store.directory / "scheduler.lock", "held"):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    message = json.loads(said)["error"]["message"] if as_json else said.removeprefix("Error: ")
    assert message.startswith("a scheduler runs on the store")
    assert str(os.getpid()) in message


@pytest.mark.parametrize("part", ["ProfileReader", "TriggerFeed"])
def test_a_part_that_cannot_be_made_lets_go_of_the_store(
    store, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """When a reader or another part fails at the start, the store's lock is free again."""

    def fail(*_: object, **__: object) -> None:
        raise StoreError("not today")

    monkeypatch.setattr(daemon, part, fail)
    with pytest.raises(StoreError, match="not today"):
        run(store.config, SystemClock())
    lock_profiles(store.directory).release()


def test_a_start_that_breaks_lets_go_of_the_store(store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong before the jobs run is what is reported, and the store's lock is free again."""
    monkeypatch.setattr(daemon.Defaults, "publish_common", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(store.config, SystemClock())
    lock_profiles(store.directory).release()


def test_it_waits_for_the_activity_store(store, caplog: pytest.LogCaptureFixture) -> None:
    """Started first, the scheduler serves defaults, shows life, complains of nothing, and begins when events come."""

    async def story() -> None:
        async with store.running() as daemon:
            await store.a_while()
            assert store.profiles.default_profile_row() is not None
            assert store.profiles.default_foreword_row() is not None
            assert store.profiles.scheduler_seen_ms() == store.clock.now_ms()
            store.record("ann", count=4, ends_session=True)
            await store.attempted(daemon, 1)

    asyncio.run(story())
    ours = [record for record in caplog.records if not record.name.startswith("apscheduler")]
    assert [record for record in ours if record.levelno >= logging.WARNING] == []


def test_whoever_came_due_meanwhile_does_not_wait_for_a_sweep(store) -> None:
    """After a restart users who are long due are refreshed at once, though the next sweep is an hour away."""
    store.settings["scheduler"]["sweep_seconds"] = 3600
    store.settings["scheduler"]["review_seconds"] = 86_400
    store.known("ann", days=28)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
        store.clock.advance(3 * 24 * HOUR_MS)
        async with store.running() as daemon:
            await store.attempted(daemon, 2)

    asyncio.run(story())


def test_it_follows_a_replaced_activity_store(store, tmp_path: Path) -> None:
    """Another activity store in the former's place is read from its start, for users known and new."""

    async def story() -> None:
        async with store.running() as daemon:
            store.record("ann", count=4, ends_session=True)
            await store.attempted(daemon, 1)
            store.close_activity()
            (store.directory / "activity.lmdb").rename(tmp_path / "former")
            store.clock.advance(1000)
            store.record("ann", "bob", count=2, ends_session=True)
            await store.attempted(daemon, 3)
            assert store.text("bob") == "bob did 2 things."
            assert store.text("ann") == "ann did 6 things."

    asyncio.run(story())


def test_drain_writes_what_is_finished_in_time(store) -> None:
    """On stop, refreshes that end within drain_seconds are written; later ones stay due."""
    store.settings["scheduler"]["drain_seconds"] = 0.2
    store.record("ann", "bob", count=4, ends_session=True)

    async def story() -> None:
        store.agent.held = {"ann": asyncio.Event(), "bob": asyncio.Event()}
        async with store.running() as daemon:
            await store.until(lambda: len(store.agent.calls) == 2)
            daemon.stop()
            store.agent.held["ann"].set()
        assert store.text("ann") == "ann did 4 things."
        assert store.text("bob") is None
        assert 0 < store.refresh_state("bob").due_ms <= store.clock.now_ms()
        store.agent.held.clear()
        async with store.running() as daemon:
            await store.attempted(daemon, 2)
        assert store.text("bob") == "bob did 4 things."

    asyncio.run(story())


def ended(store) -> subprocess.CompletedProcess[str]:
    """Run a scheduler as a process of its own until it has written that it lives, or has given up."""
    process = serve(store)
    try:
        until(lambda: process.poll() is not None or seen_ms(store) == store.clock.now_ms())
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
        return subprocess.CompletedProcess(process.args, process.returncode, "", said)
    finally:
        process.kill()
        process.wait()


def test_sigterm_ends_it_with_success(store) -> None:
    """SIGTERM lets the scheduler finish and exit with code 0, its lock free again."""
    done = ended(store)
    assert (done.returncode, done.stderr) == (0, "")
    lock_profiles(store.directory).release()


def test_a_compaction_cut_short_loses_no_profile(store) -> None:
    """Started on a store whose compaction died between its two renames, the scheduler goes on with all profiles."""
    users = [f"user{number}" for number in range(12)]
    store.record(*users, count=6, ago_ms=2 * HOUR_MS)
    process = serve(store)
    try:
        until(lambda: attempts(store) >= len(users))
    finally:
        process.kill()
        process.wait()
    path = store.directory / "profiles.lmdb"
    path.rename(store.directory / "profiles.lmdb.former")
    (store.directory / "profiles.lmdb.incoming").mkdir()
    store.clock.advance(HOUR_MS)
    assert ended(store).returncode == 0
    assert [user for user in users if store.text(user) is None] == []
    assert sorted(found.name for found in store.directory.glob("profiles.lmdb*")) == ["profiles.lmdb"]


def test_it_does_not_run_over_an_interrupted_restore(store) -> None:
    """On a store whose restore was cut short the scheduler ends with exit code 1, says so, and makes nothing."""
    store.record("ann", count=6)
    store.close_activity()
    (store.directory / "restore.pending").write_text("[]")
    done = ended(store)
    assert done.returncode == 1
    assert "was interrupted" in done.stderr
    assert not (store.directory / "profiles.lmdb").exists()
    (store.directory / "restore.pending").unlink()


def test_kill_loses_nothing(store) -> None:
    """Killed in the middle of its work, the scheduler leaves the rest due, and the next one does it."""
    users = [f"user{number:04}" for number in range(600)]
    store.record(*users, count=6, ago_ms=2 * HOUR_MS)
    process = serve(store)
    try:
        until(lambda: attempts(store) >= 30)
    finally:
        process.kill()
        process.communicate()
    assert attempts(store) < 600, "the scheduler was killed too late to tell anything"

    async def story() -> None:
        async with store.running() as daemon:
            await store.until(lambda: not store.profiles.due(store.clock.now_ms() + 1, 1))
            await store.until(lambda: daemon.runner.in_flight_count == 0)
            assert all(store.profiles.profile_row(keys.user_key(user)) for user in users)
            assert store.profiles.ledger_totals().attempts == 600

    asyncio.run(story())


def test_a_changed_configuration_is_followed(store, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A good change comes into force while running; a bad one is refused, said, and the last good one stays."""
    file = tmp_path / "foreword.toml"
    folder = f'[store]\ndirectory = "{store.directory}"\nprofiles_map_size_bytes = {1 << 26}\n'
    settings = f"{folder}activity_map_size_bytes = {1 << 26}\n[scheduler]\nsweep_seconds = 0.05\ntrigger_poll_ms = 5\n"
    file.write_text(settings)

    async def story() -> None:
        async with store.running(config_file=ConfigFile.find(file)) as daemon:
            file.write_text(f"{settings}concurrency = 0\n")
            await store.until(daemon.health.listed)
            assert "concurrency" in daemon.health.listed()[0].message
            assert daemon.live.current.scheduler.concurrency == 8
            file.write_text(f"{settings}concurrency = 3\nreview_seconds = 7\n")
            await store.until(lambda: daemon.live.current.scheduler.concurrency == 3)
            assert daemon.health.listed() == []

    asyncio.run(story())
    assert "refused" in caplog.text


def test_problems_are_shown_with_the_heartbeat(
    store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong stands in the store with the time since when, for the sidecar to show, until it is over."""
    monkeypatch.setattr("scheduler.jobs.HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr("scheduler.jobs.RELOAD_SECONDS", 0.02)
    file = tmp_path / "foreword.toml"
    settings = f'[store]\ndirectory = "{store.directory}"\nprofiles_map_size_bytes = {1 << 26}\n[scheduler]\n'
    file.write_text(settings)

    async def story() -> None:
        async with store.running(config_file=ConfigFile.find(file)):
            file.write_text(f"{settings}concurrency = 0\n")
            found = await store.until(store.profiles.scheduler_problems)
            assert "concurrency" in found[0].message
            assert found[0].since_ms == store.clock.now_ms()
            file.write_text(f"{settings.replace(str(1 << 26), str(1 << 27))}concurrency = 3\n")
            await store.until(
                lambda: "restart" in "".join(p.message for p in store.profiles.scheduler_problems())
            )
            file.write_text(f"{settings}concurrency = 3\n")
            await store.until(lambda: not store.profiles.scheduler_problems())

    asyncio.run(story())


def test_refreshes_that_fail_for_many_users_are_a_problem(store) -> None:
    """A provider that fails for most users is said with the newest reason, and no more once it works again."""
    users = [f"user{number}" for number in range(8)]
    store.agent.failing = dict.fromkeys(users, ValueError("the provider is gone"))
    store.record(*users, count=4, ends_session=True)

    async def story() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 8)
            assert [problem.message for problem in daemon.health.listed()] == [
                "8 of the last 8 refreshes failed and are retried, the newest because: the provider is gone"
            ]
            store.agent.failing.clear()
            store.clock.advance(60_000)
            await store.attempted(daemon, 16)
            assert daemon.health.listed() == []

    asyncio.run(story())


def test_one_user_who_fails_is_no_problem(store) -> None:
    """A refresh that fails for a user alone concerns the user, not the operator."""
    store.agent.failing = {"ann": ValueError("odd events")}

    async def story() -> None:
        async with store.running() as daemon:
            for attempt in range(1, 7):
                store.record("ann", count=4)
                store.request("ann", manual=True)
                await store.attempted(daemon, attempt)
            assert daemon.health.listed() == []

    asyncio.run(story())
