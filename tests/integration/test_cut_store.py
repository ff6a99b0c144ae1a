"""A data file that was cut short: refused in words by whoever opens it, and given up by whoever has it open.

Real processes throughout: what is tested is that none of them is ended by SIGBUS.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from forked import run, tell
from reader_paths import BOTH

from foreword.errors import StoreError
from foreword.local import LocalReader
from foreword.store import ActivityWriter, ProfileReader, ProfileWriter
from foreword.store.files import ACTIVITY, DATA_FILE, PROFILES

# Each has the store open, sees that nothing is wrong, has it cut, and must find that out by itself.
WHILE_OPEN = """
import json, os, sys
from pathlib import Path
from foreword import keys
from foreword.clock import SystemClock
from foreword.config import Config
from foreword.errors import StoreError
from foreword.followed_config import FollowedConfig
from foreword.local import LocalReader
from foreword.problems import Problems
from sidecar.activity import Activity
from sidecar.profiles import Profiles
import logging, foreword.store.following

def said(work):
    try:
        return str(work())
    except StoreError as exc:
        return f"{exc.store}: {exc.message}"

def cut(name):
    file = directory / name / "data.mdb"
    os.truncate(file, file.stat().st_size // 2)

directory = Path(sys.argv[1])
if sys.argv[2] == "local":
    foreword.store.following.UPKEEP_SECONDS = 0.0
    reader = LocalReader(directory, native=sys.argv[3] == "True")
    assert str(reader.native) == sys.argv[3]
    before = reader.text("user1")
    cut("profiles.lmdb")
    answers = [before, said(lambda: reader.text("user1")), said(lambda: reader.text("nobody"))]
else:
    config = Config.model_validate({"store": {"directory": str(directory)}})
    problems = Problems(SystemClock(), logging.getLogger("cut"))
    live = FollowedConfig(config, None, problems, component="sidecar.config", at_start={})
    profiles = Profiles(directory, readers_max=64, problems=problems)
    activity = Activity(config, live, problems, profiles)
    user = keys.user_key("user1")
    profiles.follow(), activity.refuse_cut()
    answers = [len(problems.listed()), profiles.profile_row(user) is not None, activity.user(user) is not None]
    cut("profiles.lmdb"), cut("activity.lmdb")
    profiles.follow(), activity.refuse_cut()
    answers += [profiles.profile_row(user), activity.user(user), said(lambda: activity.reserve(1))]
    profiles.follow(), activity.refuse_cut()
    answers += [f"{problem.component}: {problem.message}" for problem in problems.listed()]
print(json.dumps(answers), flush=True)
os._exit(0)
"""


def tell_outcome(directory: Path, native: bool) -> None:
    """Tell what a local reader reads of everybody, or in which words it refuses."""
    try:
        reader = LocalReader(directory, native=native)
        tell({user: reader.text(user) for user in (f"user{number}" for number in range(12))})
    except StoreError as exc:
        tell([exc.store, exc.message, exc.hint])


def python(code: str, *arguments: str) -> list[Any]:
    """Run code in a process of its own and return the JSON it printed, a value a line."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("native", BOTH)
def test_a_local_reader_of_a_cut_file_raises_in_words(store: Path, native: bool) -> None:
    """At whatever length the file was cut, its reader lives: it is refused in words, or reads all that is there."""
    data = store / PROFILES / DATA_FILE
    whole = data.stat().st_size
    lengths = [
        whole - 1,
        whole - 4096,
        whole - 4097,
        *(whole * part // 8 for part in (7, 6, 4, 2, 1)),
        8192,
        100,
    ]
    answers = []
    for length in lengths:
        os.truncate(data, length)
        child = run(tell_outcome, store, native)
        assert child.code == 0, f"{length} of {whole} bytes: exit code {child.code}: {child.errors}"
        (answer,) = child.told
        if isinstance(answer, dict):
            assert answer["user7"] == "Text 7.", length
        else:
            assert answer[0] == PROFILES, length
            assert answer[2], f"{length}: no hint"
        answers.append(answer)
    assert sum("was cut short" in answer[1] for answer in answers if isinstance(answer, list)) >= 5


def test_a_file_that_was_never_written_to_its_last_page_is_whole(tmp_path: Path) -> None:
    """Pages that a transaction took and gave back at the end of the file may be missing from it."""
    writer = ProfileWriter(tmp_path, map_size_bytes=1 << 28)
    handle = writer.environment.handles[b"ledger"]
    with writer.environment.begin(write=True) as txn:
        txn.put(b"big", bytes(40_000), db=handle)
        txn.delete(b"big", db=handle)
    data = tmp_path / PROFILES / DATA_FILE
    last_page = writer.environment.lmdb.info()["last_pgno"]
    writer.close()
    assert data.stat().st_size < (last_page + 1) * 4096, "LMDB wrote all pages; the test needs another way"
    ProfileWriter(tmp_path, map_size_bytes=1 << 28).close()


@pytest.mark.parametrize(("daemon", "name"), [("scheduler", PROFILES), ("sidecar", ACTIVITY)])
def test_a_daemon_does_not_start_on_a_cut_file(installation, store: Path, daemon: str, name: str) -> None:
    """The writer of a file that was cut ends at once, with exit code 1 and a sentence that says what to do."""
    shutil.copytree(store, installation.store)
    data = installation.store / name / DATA_FILE
    for length in (data.stat().st_size * 3 // 4, data.stat().st_size // 4):
        os.truncate(data, length)
        done = installation.spawn(daemon)
        assert done.returncode == 1, done.stderr
        assert f"{name} was cut short" in done.stderr
        assert "restore a backup" in done.stderr


def test_a_sidecar_serves_on_without_profiles_that_were_cut(installation, store: Path, until) -> None:
    """With profiles.lmdb cut, events are taken, everybody gets the default, and the operator is told; commands too."""
    shutil.copytree(store, installation.store)
    data = installation.store / PROFILES / DATA_FILE
    os.truncate(data, data.stat().st_size // 2)
    checked = installation.spawn("store", "check")
    assert checked.returncode == 1, checked.stderr
    assert "was cut short" in checked.stdout
    offline = installation.spawn("text", "user1")
    assert offline.returncode == 1
    assert "was cut short" in offline.stderr
    process = installation.start("sidecar")
    try:
        until(lambda: "serving on" in installation.log() or process.poll() is not None, "no start")
        status = installation.json("status")
        assert any("was cut short" in problem["message"] for problem in status["problems"]), status[
            "problems"
        ]
        assert installation.json("text", "user1")["freshness"] == "FRESHNESS_DEFAULT"
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0, installation.log()


@pytest.mark.parametrize("native", BOTH)
def test_a_local_reader_gives_up_a_file_that_is_cut_while_open(store: Path, native: bool) -> None:
    """At its next look the reader raises, and goes on raising rather than call everybody unknown."""
    ((text, *after),) = python(WHILE_OPEN, str(store), "local", str(native))
    assert text == "Text 1."
    assert len(after) == 2
    assert all(said.startswith(f"{PROFILES}: ") and "was cut short" in said for said in after), after


def test_a_sidecar_gives_up_files_that_are_cut_while_open(store: Path) -> None:
    """Both are named as problems, profiles are answered with the default, and events are refused."""
    ((problems, had_profile, had_user, profile, user, refusal, *listed),) = python(
        WHILE_OPEN, str(store), "sidecar"
    )
    assert (problems, had_profile, had_user) == (0, True, True)
    assert (profile, user) == (None, None)
    assert refusal.startswith(f"{ACTIVITY}: ")
    assert {problem.split(":")[0] for problem in listed} == {"sidecar.profiles", "sidecar.activity"}
    assert all("was cut short" in problem for problem in listed), listed


def test_a_scheduler_ends_in_words_when_its_file_is_cut(installation, write_profile, until) -> None:
    """A running scheduler notices the cut within a second, writes no more, and ends with the sentence."""
    writer = ProfileWriter(installation.store, map_size_bytes=1 << 28)
    with writer.begin() as transaction:
        for number in range(200):
            write_profile(transaction, f"user{number}", "x" * 3000)
    for number in range(4):
        # Texts of their own pages, written last, and pages freed before them for what a start writes.
        with writer.begin() as transaction:
            write_profile(transaction, f"user{number}", "x" * 6000)
    writer.close()
    ActivityWriter(installation.store, map_size_bytes=1 << 28).close()
    process = installation.start("scheduler")
    try:
        until(lambda: "runs on" in installation.log() or process.poll() is not None, "no start")
        with closing(ProfileReader(installation.store)) as reader:
            started_ms = reader.scheduler_seen_ms()
            # By its second sign of life all that is written at a start is; what is written makes the file long again.
            until(lambda: reader.scheduler_seen_ms() > started_ms + 1000, "no sign of life")
        data = installation.store / PROFILES / DATA_FILE
        # The end of the file holds texts that an idle scheduler does not read.
        os.truncate(data, data.stat().st_size - 2 * 4096)
        until(lambda: process.poll() is not None, "the scheduler did not notice")
        assert process.returncode == 1, installation.log()
        assert f"{PROFILES} was cut short" in installation.log()
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
