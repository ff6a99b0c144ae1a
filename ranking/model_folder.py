"""The folder of global models: each a directory that never changes, and the name of the one in force."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from foreword.errors import FieldError, StoreCorruptError, StoreError, StoreNotWritableError
from foreword.store.failpoints import Failpoint, passing
from foreword.store.files import make_directory, sync_directory, write_private
from foreword.store.lock import FileLock
from foreword.store.swap import remove
from ranking.model import GlobalModel

CURRENT = "CURRENT"
HISTORY = "HISTORY"
_LOCK = "training.lock"
_ASIDE = ".incoming"
_NUMBER_DIGITS = 6
# Of the history as many lines as nine years have nights; about 300 bytes each.
_ENTRIES_MAX = 3_000


class Verdict(StrEnum):
    """What became of a model."""

    TAKEN = "taken"
    """It is put in force."""
    REFUSED = "refused"
    """It foretold the newest examples worse than the one in force."""
    HELD_BACK = "held back"
    """It foretold no worse, and was not put in force: an operator had gone back, and trained none since."""
    ROLLED_BACK = "rolled back"
    """An operator went back to it."""


class By(StrEnum):
    """Who did it."""

    TRAINER = "trainer"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history.

    Attributes:
        number: The model's.
        at_ms: When, in milliseconds since 1970.
        verdict: What became of it.
        examples: What it was trained from.
        held_out: Newest examples that it and the one in force were compared on; 0 when there was nothing to compare.
        logloss: Its mean loss on them, each foretold before it was learned; 0 without.
        serving_number: The one in force at the time.
        serving_logloss: The same of that one.
        synthetic_weight: How much a simulated example counted.
        by: Who trained it, or went back to it.
    """

    number: int
    at_ms: int
    verdict: Verdict
    examples: int = 0
    held_out: int = 0
    logloss: float = 0.0
    serving_number: int = 0
    serving_logloss: float = 0.0
    synthetic_weight: float = 0.0
    by: By = By.TRAINER


@dataclass(frozen=True, slots=True)
class Listed:
    """A model and how it stands.

    Attributes:
        number: Its.
        state: `serving`, `kept`, `rolled back` (an operator went back from it), `refused`, `held back`, `removed`, or
            `damaged: ` and why.
        entry: The line of the history that its training left; None when none did.
    """

    number: int
    state: str
    entry: Entry | None


class ModelFolder:
    """Reads and writes the folder. One process writes at a time, under `locked`; any number read.

    Args:
        directory: The folder; made when the first model is published.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def current(self) -> int:
        """Return the number of the model in force; 0, the one that knows nothing, where none was published.

        Raises:
            StoreCorruptError: The file that names it holds no number.
        """
        try:
            text = (self.directory / CURRENT).read_text()
        except FileNotFoundError:
            return 0
        except (OSError, UnicodeDecodeError) as exc:
            raise _no_name(self.directory, exc) from exc
        if not text.strip().isdecimal():
            raise _no_name(self.directory, text[:20])
        return int(text)

    def signature(self) -> object:
        """Return what changes whenever another model is put in force; one system call."""
        try:
            stat = (self.directory / CURRENT).stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns

    def load(self, number: int) -> GlobalModel:
        """Return a model by its number.

        Raises:
            StoreMissingError: It is not there, or was not written to its end.
            StoreCorruptError: It is not as it was written, or is another one than its name says.
            StoreVersionError: A later Foreword wrote it.
        """
        if not number:
            return GlobalModel.seed()
        model = GlobalModel.load(self.path(number))
        if model.version != number:
            # Users' blocks name their model by its number: under a copy's they would be read with another's weights.
            raise StoreCorruptError(f"{self.path(number)} holds global model {model.version}")
        return model

    def last_whole(self) -> GlobalModel | None:
        """Return the model that was in force last of those that can be read; None when there is none.

        Never one that an operator went back from.
        """
        history = self.history()
        left = _left(history)
        for entry in reversed(history):
            if entry.verdict in (Verdict.TAKEN, Verdict.ROLLED_BACK) and entry.number not in left:
                with contextlib.suppress(StoreError):
                    return self.load(entry.number)
        return None

    def path(self, number: int) -> Path:
        """Return where a model is."""
        return self.directory / f"{number:0{_NUMBER_DIGITS}}"

    def locked(self) -> FileLock:
        """Return a lock that one training or one change of the model in force holds.

        Raises:
            StoreLockedError: Another process holds it.
        """
        lock = FileLock(self.directory / _LOCK, "global models are being changed")
        self._tidy()
        return lock

    def next_number(self) -> int:
        """Return a number that no model ever had: users' blocks name theirs by it."""
        known = [*self._numbers(), *(entry.number for entry in self.history()), self._named()]
        return max(known, default=0) + 1

    def publish(self, model: GlobalModel, entry: Entry) -> None:
        """Write a model and put it in force; killed at any moment, either it or the former one is.

        Raises:
            StoreNotWritableError: The disk refuses.
        """
        aside = self.path(model.number).with_name(self.path(model.number).name + _ASIDE)
        try:
            make_directory(self.directory)
            model.save(aside)
            sync_directory(aside)
            passing(Failpoint.MODEL_WRITTEN)
            aside.rename(self.path(model.number))
            sync_directory(self.directory)
            passing(Failpoint.MODEL_STANDS)
        except OSError as exc:
            raise StoreNotWritableError(f"global model {model.number} cannot be written: {exc}") from exc
        # The line first: killed in between, a model that is not in force has one, and none that is lacks it.
        self.note(entry)
        self._put_in_force(model.number)

    def roll_back(self, number: int | None, at_ms: int) -> int:
        """Put an earlier model in force; return its number.

        Args:
            number: Which; None for the newest whole one before the one in force. 0 is the one that knows nothing.
            at_ms: The time.

        Raises:
            FieldError: There is no such model, or none before.
            StoreError: It is damaged.
        """
        now = self._named()
        if number is None:
            number = next(
                (
                    found
                    for found in sorted(self._numbers(), reverse=True)
                    if found < now and self._damage(found) == ""
                ),
                0 if now else None,
            )
        if number is None or (number and number not in self._numbers()):
            kept = ", ".join(map(str, [0, *sorted(self._numbers())]))
            raise FieldError("number", "none before" if number is None else str(number), f"one of {kept}")
        self.load(number)
        # The line first: killed in between, trainings are held back for nothing, and do not undo what was asked.
        self.note(Entry(number, at_ms, Verdict.ROLLED_BACK, serving_number=now, by=By.OPERATOR))
        self._put_in_force(number)
        return number

    def listed(self) -> Iterator[Listed]:
        """Yield all models that are there or were, the newest first; whole ones are read to tell."""
        history = self.history()
        trained = {entry.number: entry for entry in history if entry.verdict is not Verdict.ROLLED_BACK}
        left, current, there = _left(history), self._named(), self._numbers()
        for number in sorted({*there, *trained} - {0}, reverse=True):
            entry = trained.get(number)
            if number not in there:
                state = _state_of_absent(entry)
            elif damage := self._damage(number):
                state = f"damaged: {damage}"
            elif number == current:
                state = "serving"
            else:
                state = "rolled back" if number in left else "kept"
            yield Listed(number, state, entry)

    def is_held_back(self) -> bool:
        """Return whether an operator went back and trained none since: then the trainer puts no model in force.

        The next night's would be a near copy of the one that was left.
        """
        for entry in reversed(self.history()):
            if entry.verdict is Verdict.ROLLED_BACK:
                return True
            if entry.by is By.OPERATOR or entry.verdict is Verdict.TAKEN:
                return False
        return False

    def history(self) -> list[Entry]:
        """Return the lines of the history, oldest first, without those that cannot be read."""
        try:
            lines = (self.directory / HISTORY).read_text(errors="replace").splitlines()
        except OSError:
            return []
        return [entry for line in lines if (entry := _entry(line)) is not None]

    def note(self, entry: Entry) -> None:
        """Add a line to the history."""
        lines = [*self.history(), entry][-_ENTRIES_MAX:]
        text = "".join(json.dumps(asdict(line)) + "\n" for line in lines)
        self._write(HISTORY, text)

    def prune(self, kept_max: int) -> list[int]:
        """Remove all but the newest models; return which went. The one in force stays, and so does the one before it.

        Users whose blocks are still the former one's are served with it, and an operator may go back to it.

        Raises:
            StoreNotWritableError: The disk refuses.
        """
        current = self._named()
        before = max((number for number in self._numbers() if number < current), default=0)
        old = sorted(self._numbers(), reverse=True)[kept_max:]
        gone = [number for number in old if number not in (current, before)]
        for number in gone:
            # Put aside first: a removal cut short must not pass for a model.
            aside = self.path(number).with_name(self.path(number).name + _ASIDE)
            try:
                self.path(number).rename(aside)
                remove(aside)
            except OSError as exc:
                raise StoreNotWritableError(f"global model {number} cannot be removed: {exc}") from exc
        return gone

    def _named(self) -> int:
        """Return the number of the model in force; 0 where the file that names it is damaged, which is to be mended."""
        try:
            return self.current()
        except StoreCorruptError:
            return 0

    def _damage(self, number: int) -> str:
        try:
            self.load(number)
        except StoreError as exc:
            return str(exc)
        return ""

    def _numbers(self) -> set[int]:
        try:
            names = [path.name for path in self.directory.iterdir()]
        except FileNotFoundError:
            return set()
        except OSError as exc:
            raise StoreError(f"{self.directory} cannot be read: {exc}") from exc
        return {int(name) for name in names if name.isdecimal() and len(name) == _NUMBER_DIGITS}

    def _put_in_force(self, number: int) -> None:
        self._write(CURRENT, f"{number}\n", Failpoint.MODEL_NAMED)
        passing(Failpoint.MODEL_IN_FORCE)

    def _write(self, name: str, text: str, point: Failpoint | None = None) -> None:
        aside = self.directory / (name + _ASIDE)
        try:
            make_directory(self.directory)
            write_private(aside, text.encode())
            if point is not None:
                passing(point)
            aside.rename(self.directory / name)
            sync_directory(self.directory)
        except OSError as exc:
            raise StoreNotWritableError(f"{self.directory / name} cannot be written: {exc}") from exc

    def _tidy(self) -> None:
        """Remove what a process that was killed left half done."""
        for left in self.directory.glob(f"*{_ASIDE}"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _left(history: list[Entry]) -> set[int]:
    """Return the models that an operator went back from, and that were not put in force again since."""
    left: set[int] = set()
    for entry in history:
        if entry.verdict is Verdict.ROLLED_BACK and entry.number < entry.serving_number:
            left.add(entry.serving_number)
        if entry.verdict in (Verdict.TAKEN, Verdict.ROLLED_BACK):
            left.discard(entry.number)
    return left


def _state_of_absent(entry: Entry | None) -> str:
    never_written = (Verdict.REFUSED, Verdict.HELD_BACK)
    return entry.verdict.value if entry is not None and entry.verdict in never_written else "removed"


def _entry(line: str) -> Entry | None:
    try:
        fields = json.loads(line)
        by = By(fields.get("by", By.TRAINER))
        return Entry(**{**fields, "verdict": Verdict(fields["verdict"]), "by": by})
    except (ValueError, TypeError, KeyError):
        return None


def _no_name(directory: Path, found: object) -> StoreCorruptError:
    return StoreCorruptError(
        f"{directory / CURRENT} names no model: {found}", hint="run `foreword rank rollback NUMBER`"
    )
