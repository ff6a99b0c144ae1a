"""kill -9 of a writing process, with an oracle outside the store: what was acknowledged is there."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from foreword import keys
from foreword.store import ActivityReader, ProfileReader
from foreword.store.check import Fault

WRITER = Path(__file__).with_name("store_writer.py")
# Each begins with a fresh process on the store the former one left.
KILL_POINTS = (
    "activity-before-commit:3",
    "activity-after-commit:2",
    "activity-between-rows:20",
    "profiles-before-commit:3",
    "profiles-after-commit:2",
    "profiles-between-rows:20",
)
RANDOM_ROUNDS = 9
ACKNOWLEDGED_MAX = 600


@dataclass
class Oracle:
    """What a store was heard to acknowledge."""

    events: dict[str, set[str]] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    count: int = 0

    def hear(self, line: str) -> None:
        """Take one line of the writer's."""
        kind, user, *rest = line.split()
        self.count += 1
        if kind == "event":
            self.events.setdefault(user, set()).add(rest[0])
        elif kind == "profile":
            self.revisions[user] = max(self.revisions.get(user, 0), int(rest[0]))
        else:
            self.erased.add(user)

    def missing(self, directory: Path) -> list[str]:
        """Return what a store lacks of what was heard, or has in spite of it."""
        activity, profiles = ActivityReader(directory), ProfileReader(directory)
        lacking = []
        for user, ids in self.events.items():
            stored = {stored.event.event_id for stored in activity.events(keys.user_key(user))}
            lacking += [f"event {user} {event_id}" for event_id in ids - stored]
        for user, revision in self.revisions.items():
            found = profiles.profile(keys.user_key(user))
            if found is None or found.profile.revision < revision:
                lacking.append(f"profile {user} {revision}")
        lacking += [
            f"erased {user}" for user in self.erased if activity.user(keys.user_key(user)) is not None
        ]
        activity.close()
        profiles.close()
        return lacking


def run_round(
    directory: Path, number: int, oracle: Oracle, *, kill_point: str = "", kill_after: int = 0
) -> None:
    """Let a process write until it is killed, by itself at a point or from here after so many lines."""
    command = [sys.executable, str(WRITER), str(directory), str(number), kill_point]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for heard, line in enumerate(process.stdout, 1):
            oracle.hear(line)
            if heard == kill_after:
                # What it wrote before it died is read on: it was acknowledged.
                process.kill()
    assert process.returncode == -signal.SIGKILL


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "store"


def verify(directory: Path, oracle: Oracle, faults: Callable[[Path], list[Fault]]) -> None:
    assert oracle.missing(directory) == []
    assert faults(directory) == []


def test_killed_at_random_a_store_keeps_what_it_acknowledged(directory: Path, faults) -> None:
    """After each of several kills at any moment, every acknowledged write is there and the fsck is content."""
    seed = random.randrange(2**32)
    choose = random.Random(seed)
    oracle = Oracle()
    for number in range(RANDOM_ROUNDS):
        run_round(directory, number, oracle, kill_after=choose.randint(1, ACKNOWLEDGED_MAX))
        verify(directory, oracle, faults)
    assert oracle.count > RANDOM_ROUNDS, f"seed {seed}"


def test_killed_at_each_named_point_a_store_keeps_what_it_acknowledged(directory: Path, faults) -> None:
    """The same at the points where a mistake would show: between rows, before the commit, before the answer."""
    oracle = Oracle()
    for number, kill_point in enumerate(KILL_POINTS):
        run_round(directory, number, oracle, kill_point=kill_point)
        verify(directory, oracle, faults)
    assert oracle.events
    assert oracle.revisions


def test_the_oracle_notices_a_loss(directory: Path, faults) -> None:
    """An acknowledgement of what was never written is called missing, so the tests above can fail."""
    oracle = Oracle()
    run_round(directory, 0, oracle, kill_after=50)
    for line in ("event user1 never", f"profile user1 {2**40}", "erased user1"):
        oracle.hear(line)
    assert len(oracle.missing(directory)) == 3
