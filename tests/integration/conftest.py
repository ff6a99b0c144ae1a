"""Both daemons, run by `foreword up` as an operator runs them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from ports import free_port
from waiting import until

from foreword.cli import main

SECONDS_MAX = 30


@dataclass
class Installation:
    """A folder with a configuration, in which commands are run as a user runs them."""

    folder: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        """The store's folder."""
        return self.folder / "store"

    @property
    def address(self) -> str:
        """The unix socket."""
        return f"unix:{self.store}/foreword.sock"

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `foreword` with these arguments in this process: starting one takes half a second of a processor."""
        with (
            chdir(self.folder),
            patch.dict(os.environ, self.environment, clear=True),
            CliRunner().isolation(input=stdin) as (out, err, _),
        ):
            code = main(arguments)
            sys.stdout.flush(), sys.stderr.flush()
            return subprocess.CompletedProcess(
                arguments, code, out.getvalue().decode(), err.getvalue().decode()
            )

    def spawn(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `foreword` with these arguments as a process, for those that end otherwise than by their own will."""
        return subprocess.run(
            [sys.executable, "-m", "foreword", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """Run a command that must succeed with --json, and return what it printed."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `foreword` with these arguments, its output going to up.log."""
        with (self.folder / "up.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "foreword", *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
            )

    def log(self) -> str:
        """Return what was said so far."""
        return (self.folder / "up.log").read_text()


@pytest.fixture(scope="session", name="until")
def until_fixture() -> Callable[[Callable[[], Any], str], Any]:
    """Polling with a deadline, for tests in this folder."""
    return until


def _make() -> Installation:
    # Not tmp_path: a unix socket's path may have 107 bytes, and pytest's folders are long.
    folder = Path(tempfile.mkdtemp(prefix="fw-cli-"))
    port = free_port()
    (folder / "foreword.toml").write_text(
        f'[store]\ndirectory = "{folder}/store"\n\n'
        f'[sidecar]\nlisten = ["unix:{{store}}/foreword.sock", "127.0.0.1:{port}"]\n'
    )
    own = {name: value for name, value in os.environ.items() if not name.startswith("FOREWORD_")}
    return Installation(folder, port, own)


@pytest.fixture
def installation() -> Iterator[Installation]:
    """A configured folder with no daemon running."""
    made = _make()
    yield made
    shutil.rmtree(made.folder)


@contextmanager
def _running(installation: Installation) -> Iterator[subprocess.Popen[str]]:
    """Run `foreword up` for the block, ready to serve."""
    process = installation.start("up")
    try:
        until(lambda: "Foreword is ready" in installation.log() or process.poll() is not None, "no readiness")
        assert process.poll() is None, installation.log()
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=SECONDS_MAX)


@pytest.fixture
def up(installation: Installation) -> Iterator[subprocess.Popen[str]]:
    """`foreword up`, ready to serve."""
    with _running(installation) as process:
        yield process


@pytest.fixture(scope="module")
def serving_up() -> Iterator[tuple[Installation, subprocess.Popen[str]]]:
    """An installation and its `foreword up`, which runs for all tests of a file and is not to be ended by one."""
    made = _make()
    with _running(made) as process:
        yield made, process
    shutil.rmtree(made.folder)


@pytest.fixture(scope="module")
def serving(serving_up: tuple[Installation, subprocess.Popen[str]]) -> Installation:
    """An installation whose daemons run for all tests of a file; each test uses users of its own."""
    return serving_up[0]
