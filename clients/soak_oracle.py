"""What each user's profile may be at each moment, so that an answer can be told right, wrong or stale."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from foreword.v1.profile_pb2 import Profile

# How long after a dataset's swap the former may still be read. Readers in process look once in five seconds, daemons
# once in one; the rest is for a machine on which they wait for their turn.
FOLLOW_SECONDS = {"map": 7.0, "grpc": 3.0}
# No call takes so long: what was superseded before need not be remembered.
KEPT_SECONDS = 60.0
# The freshness of a version follows from its number: a stale one must be called stale.
FRESHNESS = ("FRESHNESS_FRESH", "FRESHNESS_STALE", "FRESHNESS_EXPIRED")
_SIZE_MAX = 12_000
_FOREVER = float("inf")


class Answer(NamedTuple):
    """What a program says of the profile that it read."""

    freshness: str
    head: str
    size: int
    sha256: str


class _Stretch:
    """A time in which a version was in force."""

    def __init__(self, version: int, begun: float) -> None:
        self.version = version
        self.begun = begun
        # When its successor was there for all to see; or, where another dataset took its place, when that stood.
        self.superseded = self.replaced = _FOREVER

    def ended(self, path: str) -> float:
        return min(self.superseded, self.replaced + FOLLOW_SECONDS[path])


class Oracle:
    """Told of each write and each swap before it begins and once it is over, in seconds of one clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stretches: dict[int, list[_Stretch]] = defaultdict(list)
        self._in_force: dict[int, int] = {}
        self.versions = 0

    @property
    def in_force(self) -> dict[int, int]:
        """Return the version of each user that is in force."""
        return dict(self._in_force)

    def begin_write(self, users: Iterable[int], now: float) -> dict[int, int]:
        """Return the next version of each user; from now on it may be read."""
        with self._lock:
            written = {}
            for user in users:
                self.versions += 1
                written[user] = self.versions
                self._stretches[user].append(_Stretch(self.versions, now))
        return written

    def end_write(self, written: Mapping[int, int], now: float) -> None:
        """From now on no former version may be read."""
        with self._lock:
            for user, version in written.items():
                self._in_force[user] = version
                for stretch in self._stretches[user][:-1]:
                    # One of a replaced dataset is read until that is followed.
                    if stretch.replaced == _FOREVER:
                        stretch.superseded = min(stretch.superseded, now)
            self._forget(now)

    def begin_swap(self, in_force: Mapping[int, int], now: float) -> None:
        """From now on the versions of another dataset may be read."""
        with self._lock:
            for user, stretches in self._stretches.items():
                stretches.append(_Stretch(in_force.get(user, 0), now))

    def end_swap(self, in_force: Mapping[int, int], now: float) -> None:
        """From now on what was replaced is read only until the swap is followed."""
        with self._lock:
            self._in_force = dict(in_force)
            for stretches in self._stretches.values():
                for stretch in stretches[:-1]:
                    stretch.replaced = min(stretch.replaced, now)

    def fault(self, path: str, user: int, answer: Answer, began: float, ended: float) -> str:
        """Return what is wrong with an answer that was asked for and had at these times; empty for nothing."""
        try:
            version = int(answer.head.split(":")[1])
        except (IndexError, ValueError):
            return f"user-{user}: {answer.freshness} {answer.head!r} is no version of a known user"
        right = expected(user, version)
        if answer[1:] != right[1:]:
            return f"user-{user}: version {version} is torn: {answer}"
        if answer.freshness != right.freshness:
            return f"user-{user}: version {version} is called {answer.freshness}, and is {right.freshness}"
        with self._lock:
            stretches = self._stretches[user]
            if any(
                stretch.version == version and stretch.begun <= ended and began <= stretch.ended(path)
                for stretch in stretches
            ):
                return ""
            known = ", ".join(
                f"{stretch.version} from {stretch.begun - began:+.3f} to {stretch.ended(path) - began:+.3f}"
                for stretch in stretches[-6:]
            )
        return f"user-{user}: version {version} was not in force for {ended - began:.3f} s from 0: {known}"

    def _forget(self, now: float) -> None:
        for user, stretches in self._stretches.items():
            if len(stretches) > 1 and stretches[0].ended("map") < now - KEPT_SECONDS:
                self._stretches[user] = [
                    stretch for stretch in stretches if stretch.ended("map") >= now - KEPT_SECONDS
                ]


def profile(user: int, version: int) -> Profile:
    """Return the profile of a version: each has words and a size of its own, up to several pages."""
    size = (user * 37 + version * 101) % _SIZE_MAX
    text = f"{version}." * (size // len(f"{version}.") + 1)
    return Profile(user_id=f"user-{user}", semantic_summary=f"{user}:{version}:{text[:size]}")


def ages(version: int) -> tuple[bool, bool]:
    """Return whether a version is stale, and whether it is expired."""
    age = version % len(FRESHNESS)
    return age >= 1, age == 2


def expected(user: int, version: int) -> Answer:
    """Return what a program must say of a version, in force or not."""
    text = profile(user, version).semantic_summary
    return Answer(
        FRESHNESS[sum(ages(version))], text[:24], len(text), hashlib.sha256(text.encode()).hexdigest()
    )
