"""What waits to be learned for all users, when it is, and where it is kept."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import NamedTuple

from foreword.errors import StoreError, StoreNotWritableError
from foreword.store.files import make_directory, sync_directory
from foreword.store.swap import remove
from ranking.correction import Correction
from ranking.example import Example

WAITING_MAX = 100_000
"""Examples that wait between two catch-ups, some 100 MB; the oldest go first."""
_DIGITS = 12
_ASIDE = ".new"


class Taught(NamedTuple):
    """An example, and the logit that model and user's parameters gave it, uncorrected, before it was known."""

    example: Example
    logit: float


class CatchUp:
    """Collects what users teach, and learns it at intervals, so that what is served is the same in between.

    Args:
        correction: What was learned before; None for nothing.
    """

    def __init__(self, correction: Correction | None = None) -> None:
        self._correction = correction or Correction()
        self._waiting: deque[Taught] = deque(maxlen=WAITING_MAX)
        self._published_ms: int | None = None

    def add(self, taught: Taught) -> None:
        """Have an example learned with the next."""
        self._waiting.append(taught)

    def is_due(self, now_ms: int, every_ms: float) -> bool:
        """Return whether anything waits, and the last catch-up is so long ago; a clock set back counts as long."""
        passed = None if self._published_ms is None else now_ms - self._published_ms
        return bool(self._waiting) and (passed is None or not 0 <= passed < every_ms)

    def publish(self, now_ms: int) -> Correction:
        """Learn what waits; return a copy of all that was learned, to be served from now on if it `is_better`."""
        self._published_ms = now_ms
        while self._waiting:
            example, logit = self._waiting.popleft()
            self._correction.learn(example.context, example.action, logit, example.reward, example.weight)
        return self._correction.copy()


class CorrectionFolder:
    """Keeps the newest correction: a directory for each, named by how many examples it has learned.

    Args:
        directory: Of the corrections; made when the first is written.

    Attributes:
        damage: Why the newest could not be read when one was last asked for; empty when it could, or there was none.
    """

    def __init__(self, directory: Path) -> None:
        self.damage = ""
        self._directory = directory

    def load(self) -> Correction | None:
        """Return the newest that is whole; None where there is none."""
        self.damage = ""
        for path in self._paths():
            try:
                return Correction.load(path)
            except StoreError as exc:
                # Cut short or changed since: the one before it was learned from all but the last minute.
                self.damage = self.damage or exc.message
        return None

    def save(self, correction: Correction) -> None:
        """Write a correction, and remove all others but the one before; killed at any moment, one of them is whole.

        Raises:
            StoreNotWritableError: The disk refuses.
        """
        path = self._directory / f"{correction.count:0{_DIGITS}}"
        aside = path.with_name(path.name + _ASIDE)
        try:
            make_directory(self._directory)
            # What a process that was killed left half written.
            for left in self._directory.glob(f"*{_ASIDE}"):
                remove(left)
            correction.save(aside)
            sync_directory(aside)
            # One of this name was damaged, and learned again from the one before.
            remove(path)
            aside.rename(path)
            sync_directory(self._directory)
            others = [other for other in self._paths() if other != path]
            # What claims to have learned more could not be read: this one was learned from what could.
            before = next((other for other in others if other.name < path.name), None)
            for old in others:
                if old != before:
                    remove(old)
        except OSError as exc:
            raise StoreNotWritableError(f"{path} cannot be written: {exc}") from exc

    def clear(self) -> None:
        """Remove all: an operator went back to an earlier model, and what was learned on top of the later goes too.

        Raises:
            StoreNotWritableError: The disk refuses.
        """
        try:
            for path in self._paths():
                remove(path)
        except OSError as exc:
            raise StoreNotWritableError(f"{self._directory} cannot be cleared: {exc}") from exc

    def _paths(self) -> list[Path]:
        """Return the directories, the newest first."""
        try:
            found = [path for path in self._directory.iterdir() if path.name.isdecimal()]
        except OSError:
            return []
        return sorted(found, key=lambda path: path.name, reverse=True)
