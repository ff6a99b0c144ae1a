"""Looking through a store over and over, portion by portion, each in a process that a damaged file may crash."""

from __future__ import annotations

import json
import math
import signal
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

from foreword.store.check.fault import Fault
from foreword.store.check.portion import CHECKS, Position, Progress
from foreword.store.files import DATA_FILE, ENVIRONMENTS

# Half a second of one core at the lowest priority; a view held so long costs a writer nothing.
ROWS_PER_PORTION = 20_000
# A store this damaged is not mended row by row; what is beyond is not remembered.
FAULTS_MAX = 1000


class Scrub:
    """Goes through the environments of a store, one portion a call.

    Args:
        directory: The store.
        rows_per_portion: Rows looked at by one call.
    """

    def __init__(self, directory: Path, *, rows_per_portion: int = ROWS_PER_PORTION) -> None:
        self._directory = directory
        self._rows_per_portion = rows_per_portion
        self._position: dict[str, Position] = dict.fromkeys(ENVIRONMENTS, Position())
        self._entries: dict[str, int] = dict.fromkeys(ENVIRONMENTS, 0)
        # What this round found, and what the round before did: a fault stands until a whole round is without it.
        self._found: dict[str, dict[Fault, None]] = {name: {} for name in ENVIRONMENTS}
        self._stood: dict[str, dict[Fault, None]] = {name: {} for name in ENVIRONMENTS}
        self._turn = 0
        self.passes = dict.fromkeys(ENVIRONMENTS, 0)
        """How often each environment was looked through to its end."""

    @property
    def rounds(self) -> int:
        """Rounds completed since the start."""
        return min(self.passes.values())

    @property
    def portions(self) -> int:
        """About how many portions a round has."""
        return sum(1 + math.ceil(entries / self._rows_per_portion) for entries in self._entries.values())

    def faults(self, name: str) -> list[Fault]:
        """Return what is wrong with an environment as far as is known, without repetition."""
        return list(self._stood[name] | self._found[name])

    async def go_on(self) -> str:
        """Look through the next portion; return the environment it is of."""
        name = ENVIRONMENTS[self._turn]
        path = self._directory / name
        if (path / DATA_FILE).exists():
            progress = await self._look(path, self._position[name])
        else:
            progress = Progress(None, 0)
        self._entries[name] = progress.entries
        self._position[name] = progress.position or Position()
        if progress.position is None:
            self._stood[name], self._found[name] = self._found[name], {}
            self._turn = (self._turn + 1) % len(ENVIRONMENTS)
            self.passes[name] += 1
        return name

    async def _look(self, path: Path, position: Position) -> Progress:
        process = await create_subprocess_exec(
            sys.executable,
            "-m",
            "foreword.store.check.portion_process",
            str(path),
            *position,
            str(self._rows_per_portion),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
        )
        try:
            return await self._heard(path.name, process, position)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _heard(self, name: str, process: Process, position: Position) -> Progress:
        assert process.stdout is not None
        progress = None
        while line := await process.stdout.readline():
            said = json.loads(line)
            if "fault" in said:
                self._note(name, Fault(*said["fault"]))
            elif "at" in said:
                position = Position(*said["at"])
            else:
                place, entries = said["progress"]
                progress = Progress(None if place is None else Position(*place), entries)
        code = await process.wait()
        if progress is not None:
            return progress
        where = position.database or "the structure of the file"
        self._note(name, Fault(name, "", f"it is too damaged to be read: {_ended(code)} in {where}"))
        return Progress(_behind(name, position), self._entries[name])

    def _note(self, name: str, fault: Fault) -> None:
        if len(self._found[name]) < FAULTS_MAX:
            self._found[name][fault] = None


def _behind(name: str, position: Position) -> Position | None:
    """Return where to go on after a portion that could not be read to its end: the next database, if it had one."""
    databases = [database.decode() for database in CHECKS[name]]
    if position.database in databases[:-1]:
        return Position(databases[databases.index(position.database) + 1])
    return None


def _ended(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
