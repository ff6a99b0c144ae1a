"""An empty folder of somebody new: a home without settings or packages, a virtual environment, and what runs in it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from foreword.errors import ForewordError

# An install on a machine with eight busy processes to a core was not over in half of it.
PATIENCE_SECONDS = 600.0
# What a daemon may take to end before it is killed.
_END_SECONDS = 15.0
_NOTHING: Mapping[str, str] = MappingProxyType({})
# What would lead a new user's interpreter to this one's packages.
_OURS = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")


class Fresh:
    """Runs commands as somebody new would, in a folder of theirs; all output goes to its file `log`.

    Attributes:
        folder: Where everything is, and the place to remove.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        home = folder / "home"
        home.mkdir()
        kept = {name: value for name, value in os.environ.items() if name not in _OURS}
        # The settings of pip that are in the environment say which index is near; they stay.
        self._environment = kept | {"HOME": str(home), "NPM_CONFIG_CACHE": str(home / "npm")}

    def install(self, *packages: str, constraint: Path | None = None) -> None:
        """Make a virtual environment and install packages into it, none of them from a cache."""
        self.run([sys.executable, "-m", "venv", ".venv"])
        pinned = () if constraint is None else ("--constraint", str(constraint))
        self.run([self.program("pip"), "install", "--quiet", "--no-cache-dir", *pinned, *packages])

    def program(self, name: str) -> str:
        """Return the path of a program of the virtual environment."""
        return str(self.folder / ".venv" / "bin" / name)

    def run(
        self,
        command: Sequence[str],
        settings: Mapping[str, str] = _NOTHING,
        *,
        said: str = "",
        within: str = ".",
    ) -> None:
        """Run a command to its end, with `said` as its input.

        Raises:
            ForewordError: It failed, or took PATIENCE_SECONDS.
        """
        with self._process(command, settings, within, said) as process:
            try:
                code = process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                raise ForewordError(f"{_name(command)} took longer than {PATIENCE_SECONDS:.0f} s") from None
        if code:
            last = (self.folder / "log").read_text("utf-8", "replace").strip().splitlines()[-1:]
            raise ForewordError(f"{_name(command)} ended with code {code}: {''.join(last)}")

    @contextlib.contextmanager
    def running(
        self, command: Sequence[str], settings: Mapping[str, str] = _NOTHING
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command beside, and end it with all that it started."""
        with self._process(command, settings, ".", "") as process:
            yield process

    @contextlib.contextmanager
    def _process(
        self, command: Sequence[str], settings: Mapping[str, str], within: str, said: str
    ) -> Iterator[subprocess.Popen[bytes]]:
        given = self.folder / "given"
        given.write_text(said, encoding="utf-8")
        with (self.folder / "log").open("ab") as log, given.open("rb") as input_file:
            process = subprocess.Popen(
                command,
                cwd=self.folder / within,
                env={**self._environment, **settings},
                stdin=input_file,
                stdout=log,
                stderr=log,
                # A group of its own, which can be ended with all that is in it.
                start_new_session=True,
            )
        try:
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)


def _name(command: Sequence[str]) -> str:
    return " ".join([Path(command[0]).name, *command[1:2]])
