"""A sidecar on a store with written forewords, and agents' examples run beside it as a user would run them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ports import free_port
from waiting import until

from foreword.client import Foreword
from foreword.errors import ServiceError
from foreword.store import ProfileWriter

if TYPE_CHECKING:
    from model_servers import RunningModelServer

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
DOCUMENTED_PORT = "7464"
TEXT = "About this user (background from past activity)\nKeeps a {shop}; wants 100 % short answers."
# Importing a framework takes seconds of a busy machine.
RUN_SECONDS = 200


@dataclass
class Daemon:
    """A sidecar in a process of its own, on a port that stays the same when it is started again."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def target(self) -> str:
        """Where it serves."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it serves."""
        settings = {
            "FOREWORD_STORE__DIRECTORY": str(self.folder / "store"),
            "FOREWORD_SIDECAR__LISTEN": f'["{self.target}"]',
            "FOREWORD_SIDECAR__NATIVE": "off",
        }
        command = [sys.executable, "-m", "foreword", "sidecar"]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=os.environ | settings, stdout=log, stderr=log
        )
        with Foreword(self.target, raises=True) as client:
            # As long as a busy machine takes to import it.
            until(lambda: _serves(client), seconds=90)

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)
            self.process = None

    def events(self, user_id: str, namespace: str = "") -> list[Any]:
        """Return what was recorded of a user, in the order in which it was."""
        with Foreword(self.target, raises=True, timeout_seconds=20) as client:
            rows = list(client.export(user_id, namespace=namespace))
        return [row.event for row in rows if row.HasField("event")]


def _serves(client: Foreword) -> bool:
    with suppress(ServiceError):
        client.status()
        return True
    return False


@contextmanager
def running_daemon(users: Mapping[str, str], write: Any) -> Iterator[Daemon]:
    """Run a sidecar on a store in which users have forewords; `write` writes one as a refresh does."""
    with tempfile.TemporaryDirectory(prefix="fw-") as name:
        folder = Path(name)
        writer = ProfileWriter(folder / "store", map_size_bytes=1 << 28)
        with writer.begin() as transaction:
            for user_id, text in users.items():
                write(transaction, user_id, text)
        writer.close()
        daemon = Daemon(folder, free_port())
        try:
            daemon.start()
            yield daemon
        finally:
            daemon.kill()


@dataclass(frozen=True)
class Ended:
    """An example that ended.

    Attributes:
        output: What it printed.
        seconds: How long it took.
        requests: What the model server was asked: the bodies, in order.
    """

    output: str
    seconds: float
    requests: list[dict[str, Any]]


def environment(server: RunningModelServer) -> dict[str, str]:
    """Return what leads every framework to the model server, and keeps those that phone home from it."""
    return os.environ | {
        "ANTHROPIC_API_KEY": "any",
        "ANTHROPIC_BASE_URL": server.url,
        "OPENAI_API_KEY": "any",
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LANGSMITH_TRACING": "false",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_TELEMETRY": "1",
        # The Claude Agent SDK's binary may run as root only where it is told that this is a sandbox.
        "IS_SANDBOX": "1",
    }


def localised(example: Path, folder: Path, port: int) -> Path:
    """Return a copy of an example that calls a sidecar on another port."""
    copy = folder / example.name
    copy.write_text(example.read_text("utf-8").replace(DOCUMENTED_PORT, str(port)), "utf-8")
    return copy


def run_example(example: Path, port: int, server: RunningModelServer) -> Ended:
    """Run an example as a user would, from a copy elsewhere."""
    before = len(server.requests())
    with tempfile.TemporaryDirectory(prefix="fw-") as folder:
        copy = localised(example, Path(folder), port)
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, str(copy)],
            cwd=folder,
            env=environment(server) | {"HOME": folder, "PYTHONPATH": os.environ["PYTHONPATH"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        seconds = time.monotonic() - began
    assert done.returncode == 0, done.stdout + done.stderr
    return Ended(done.stdout, seconds, [one["body"] for one in server.requests()[before:]])
