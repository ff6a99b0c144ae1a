"""The process that test_kill.py kills: writes events and profiles, and says on stdout what was acknowledged.

Arguments: folder, round, and optionally a kill point as NAME:N, at whose N-th passing the process kills itself.
Lines: `event USER ID`, `profile USER REVISION`, `erased USER`, each written after its future was done.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foreword import keys
from foreword.store import (
    ActivityTransaction,
    ActivityWriter,
    GroupCommitter,
    NewEvent,
    ProfileTransaction,
    ProfileWriter,
)
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_pb2 import Foreword, ForewordCut, Profile
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome, RefreshState

MAP_BYTES = 1 << 28
USERS = 7
IN_FLIGHT_MAX = 40


class KillPoints:
    """Kills the process at the N-th passing of one named point."""

    def __init__(self, wanted: str) -> None:
        name, _, number = wanted.partition(":")
        self._name = name
        self._left = int(number or 0)

    def passing(self, name: str) -> None:
        """Die here if this is the point and the time."""
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: type, method: str, name: str) -> None:
        """Make calls of a method pass the point first."""
        real = getattr(owner, method)

        def passing(*args: Any, **named: Any) -> Any:
            self.passing(name)
            return real(*args, **named)

        setattr(owner, method, passing)


class PointedSource:
    """A writer whose transactions pass kill points before and after their commit."""

    def __init__(self, writer: ActivityWriter | ProfileWriter, points: KillPoints, name: str) -> None:
        self._writer = writer
        self._points = points
        self._name = name

    @contextmanager
    def begin(self) -> Iterator[Any]:
        """Run the block in one transaction."""
        with self._writer.begin() as transaction:
            yield transaction
            self._points.passing(f"{self._name}-before-commit")
        self._points.passing(f"{self._name}-after-commit")


def acknowledge(lines: list[str]) -> Callable[[Future[Any]], None]:
    """Return what writes these lines once a future is done well."""

    def done(future: Future[Any]) -> None:
        future.result()
        # One write below the pipe's atomic size: a kill leaves whole lines or nothing.
        os.write(1, "".join(f"{line}\n" for line in lines).encode())

    return done


def event(user_id: str, event_id: str) -> NewEvent:
    body = Event(event_id=event_id, user_id=user_id, type="view", text="t" * 100).SerializeToString()
    return NewEvent(keys.user_key(user_id), event_id, 1_700_000_000_000, body, False)


def write_profile(transaction: ProfileTransaction, user_id: str, lines: list[str]) -> None:
    """Write a profile as a refresh does, and complete the line that will acknowledge it."""
    user = keys.user_key(user_id)
    foreword = Foreword(text="é" * 200, token_count=9, cuts=[ForewordCut(byte_end=400, token_count=9)])
    revision = transaction.put_profile(
        user,
        Profile(user_id=user_id, foreword=foreword),
        foreword,
        computed_at_ms=1,
        stale_after_ms=2,
        expired_after_ms=3,
        refresh_on_open=False,
    )
    transaction.schedule(user, RefreshState(due_ms=revision, revision=revision))
    entry = LedgerEntry(user_key=user, outcome=RefreshOutcome.REFRESH_OUTCOME_WRITTEN, revision=revision)
    transaction.append_ledger(entry)
    lines[:] = [f"profile {user_id} {revision}"]


def main(directory: Path, number: str, kill_point: str) -> None:
    """Write until killed."""
    points = KillPoints(kill_point)
    points.around(ActivityTransaction, "_count_users", "activity-between-rows")
    points.around(ProfileTransaction, "schedule", "profiles-between-rows")
    activity = PointedSource(ActivityWriter(directory, map_size_bytes=MAP_BYTES), points, "activity")
    profiles = PointedSource(ProfileWriter(directory, map_size_bytes=MAP_BYTES), points, "profiles")
    events, refreshes = (
        GroupCommitter(activity.begin, wait_seconds=0.001),
        GroupCommitter(profiles.begin, wait_seconds=0.001),
    )
    pending: list[Future[Any]] = []
    for step in range(1_000_000):
        user_id = f"user{step % USERS}"
        ids = [f"{number}-{step}-{i}" for i in range(1 + step % 5)]
        recording = events.submit(lambda t, u=user_id, ids=ids: t.record([event(u, i) for i in ids], 1))
        recording.add_done_callback(acknowledge([f"event {user_id} {i}" for i in ids]))
        lines: list[str] = []
        writing = refreshes.submit(lambda t, u=user_id, lines=lines: write_profile(t, u, lines))
        writing.add_done_callback(acknowledge(lines))
        pending += [recording, writing]
        if step % 50 == 49:
            leaver = f"leaver-{number}-{step}"
            erasing = events.submit(lambda t, u=leaver: erase(t, u))
            erasing.add_done_callback(acknowledge([f"erased {leaver}"]))
        while len(pending) > IN_FLIGHT_MAX:
            pending.pop(0).result()


def erase(transaction: ActivityTransaction, user_id: str) -> None:
    """Record a user's events and erase them again."""
    transaction.record([event(user_id, "e")], 1)
    transaction.erase(keys.user_key(user_id), 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "")
