"""What tests of several parts share: a store with something of everything in it, its fsck, and building with other
toolchains."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from hypothesis import settings

from foreword import keys
from foreword.store import ActivityWriter, NewEvent, ProfileWriter
from foreword.store.check import Fault, inspect_store
from foreword.store.v1.store_pb2 import ErasureReceipt, Population
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_pb2 import FadedCount, Foreword, ForewordCut, Profile
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome, RefreshState

if TYPE_CHECKING:
    from model_servers import RunningModelServer

# How long one example takes says how busy the machine is; pytest-timeout ends what hangs. The same examples each time,
# so that a change is judged by what it changed; `--hypothesis-profile=explore` draws others.
settings.register_profile("explore", deadline=None)
settings.register_profile("foreword", deadline=None, derandomize=True)
settings.load_profile("foreword")

MAP_BYTES = 1 << 28
START_MS = 1_700_000_000_000
# What Go and npm say when what they download from is not to be had, or turns them away: no fault of what is built.
UNREACHABLE = re.compile(
    r"dial tcp|no such host|i/o timeout|handshake timeout|network is unreachable|connection re(set|fused)"
    r"|module lookup disabled|unexpected EOF|: (403|407|429|5\d\d) "
    r"|\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b"
    r"|\bE(403|407|429|5\d\d)\b",
    re.I,
)
# Enough for a first build on two busy cores; a later one finds the caches of Go and npm, and takes seconds.
BUILD_SECONDS_MAX = 280


# Processes that tests start load the guard at their start, xdist's among them; another one loads it here.
LOOPBACK = Path(__file__).parent / "loopback"
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(LOOPBACK), os.environ.get("PYTHONPATH")]))
sys.path.insert(0, str(LOOPBACK))
if not hasattr(sys.modules.get("sitecustomize"), "OtherMachineError"):
    sys.modules.pop("sitecustomize", None)
guard = importlib.import_module("sitecustomize")


def pytest_configure(config: pytest.Config) -> None:
    """Give what native fronts share with their sidecars a folder of this run."""
    if not hasattr(config, "workerinput"):
        # Short, since a unix socket's path may have 107 bytes; xdist's processes inherit it.
        os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="fw-run-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the fronts that outlived sidecars which tests have killed, and remove that folder."""
    if hasattr(config, "workerinput"):
        return
    folder = os.environ.pop("XDG_RUNTIME_DIR")
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if any(word.startswith(f"{folder}/") for word in command):
            with suppress(psutil.NoSuchProcess):
                process.kill()
    shutil.rmtree(folder, ignore_errors=True)


def pytest_report_header() -> str:
    """Say which paths of a read are tested."""
    from sidecar.front import find_binary

    native = (
        "and by the native front"
        if find_binary() is not None
        else "alone; `make native` builds the native front"
    )
    return f"reads are answered by the sidecar itself, {native}"


@pytest.fixture(autouse=True)
def loopback_only() -> Iterator[list[str]]:
    """Fail a test that wanted to reach another machine, whatever became of the error it got."""
    guard.refused.clear()
    yield guard.refused
    assert guard.refused == []


def new_event(user_id: str, event_id: str, time_ms: int = START_MS, text: str = "") -> NewEvent:
    """Make an event that is ready to be written."""
    body = Event(event_id=event_id, user_id=user_id, type="view", topics=["a"], text=text)
    return NewEvent(keys.user_key(user_id), event_id, time_ms, body.SerializeToString(), False)


def put_profile(transaction, user_id: str, text: str = "Likes é.", due_ms: int = 0) -> int:
    """Write a profile the way a refresh does: with foreword, revision, refresh state and ledger row."""
    user = keys.user_key(user_id)
    size = len(text.encode())
    cuts = [ForewordCut(byte_end=size, token_count=5)]
    foreword = Foreword(text=text, token_count=5, tokenizer="t", cuts=cuts)
    revision = transaction.put_profile(
        user,
        Profile(user_id=user_id, segment=1, foreword=foreword),
        foreword,
        computed_at_ms=START_MS,
        stale_after_ms=START_MS + 1000,
        expired_after_ms=START_MS + 2000,
        refresh_on_open=False,
    )
    state = transaction.refresh_state(user) or RefreshState()
    state.revision, state.due_ms = revision, due_ms
    transaction.schedule(user, state)
    outcome = RefreshOutcome.REFRESH_OUTCOME_WRITTEN
    transaction.append_ledger(LedgerEntry(user_key=user, outcome=outcome, revision=revision))
    return revision


def fill(directory: Path, users: int = 12, events: int = 8) -> None:
    """Make a store in which every database has rows."""
    activity = ActivityWriter(directory, map_size_bytes=MAP_BYTES)
    with activity.begin() as transaction:
        for number in range(users):
            times = range(START_MS, START_MS + events * 1000, 1000)
            transaction.record(
                [new_event(f"user{number}", f"e{i}", ms) for i, ms in enumerate(times)], START_MS
            )
        transaction.request(keys.user_key("reader"), on_open_ms=START_MS)
        transaction.erase(keys.user_key("leaver"), START_MS)
    profiles = ProfileWriter(directory, map_size_bytes=MAP_BYTES, revisions_max=3)
    with profiles.begin() as transaction:
        for number in range(users):
            for _ in range(1 + number % 5):
                put_profile(transaction, f"user{number}", f"Text {number}.", due_ms=START_MS + number)
        transaction.put_population(
            "", Population(total_weight=2.0, topics=[FadedCount(value="a", weight=1.0)])
        )
        transaction.put_receipt(bytes(16), ErasureReceipt(erased_ms=START_MS))
        transaction.put_trigger_cursor(activity.environment.id, 3)
        transaction.put_scheduler_seen(START_MS)
        transaction.put_defaults(Profile(is_default=True), Foreword())
    activity.close()
    profiles.close()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return the folder of a store in which every database has rows; nothing has it open."""
    directory = tmp_path / "store"
    fill(directory)
    return directory


@pytest.fixture
def faults() -> Callable[[Path], list[Fault]]:
    """Return the fsck of a sound file, run in this process because that is ten times faster."""
    return lambda directory: list(inspect_store(directory))


@pytest.fixture
def make_event() -> Callable[..., NewEvent]:
    """Return a maker of events."""
    return new_event


@pytest.fixture
def write_profile() -> Callable[..., int]:
    """Return what writes a profile as a refresh does."""
    return put_profile


def run_build(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run a step of a build. Only a tool that is missing or a registry out of reach skips the test."""
    # The environment of the tests has tools too, buf for one.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if shutil.which(command[0], path=path) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS_MAX,
        check=False,
    )
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip(f"{' '.join(command)} cannot download: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.fixture(scope="session")
def build() -> Callable[..., None]:
    """Return what runs a step of a build with another toolchain."""
    return run_build


@pytest.fixture
def model_server() -> Iterator[RunningModelServer]:
    """Return a healthy model server that answers at once; it speaks real HTTP on a free port."""
    # Imported here: few tests ask a model, and aiohttp takes a fifth of a second in each worker.
    from model_servers import running_model_server

    with running_model_server() as server:
        yield server
