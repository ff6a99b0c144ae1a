"""A running Foreword for what the docs and examples show."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from model_servers import RunningModelServer, running_model_server
from ports import free_port

ROOT = Path(__file__).parents[2]
START_SECONDS_MAX = 30
# The port every example names. Tests run side by side and beside a developer's daemons: each takes its own.
DOCUMENTED_PORT = 7464
DOCUMENTED_MODEL_SERVER = "http://127.0.0.1:7465"
# What the tree's own state is; everything else of a checkout is shown to the examples.
_NOT_SHOWN = {"var", ".venv", ".git", "build", "dist"}


@dataclass(frozen=True)
class Checkout:
    """A folder that looks like a checkout, with both daemons running on its own default store."""

    folder: Path
    port: int
    model_server_url: str
    environment: dict[str, str]

    def run(self, command: list[str], timeout_seconds: float = 180) -> subprocess.CompletedProcess[str]:
        """Run a command there; its errors stand in its output."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )

    def localised(self, text: str) -> str:
        """Return `text` with the documented addresses replaced by those in use."""
        text = text.replace(DOCUMENTED_MODEL_SERVER, self.model_server_url)
        return text.replace(str(DOCUMENTED_PORT), str(self.port))


@pytest.fixture(scope="module")
def checkout() -> Iterator[Checkout]:
    """Both daemons, started by `foreword up` as the guide says, on a store of their own, and a model server beside."""
    with _new_folder() as folder, running_model_server() as model_server:
        for entry in ROOT.iterdir():
            if entry.name not in _NOT_SHOWN and not entry.name.startswith((".venv-", "__pycache__")):
                (folder / entry.name).symlink_to(entry)
        with _running(folder, model_server.url) as running:
            yield running


@pytest.fixture
def product_example(model_server: RunningModelServer) -> Iterator[Checkout]:
    """The folder examples/product copied elsewhere, with both daemons on its configuration beside a model server."""
    with _new_folder() as folder:
        example = folder / "product"
        shutil.copytree(ROOT / "examples/product", example, ignore=_built)
        toml = example / "foreword.toml"
        toml.write_text(toml.read_text("utf-8").replace(DOCUMENTED_MODEL_SERVER, model_server.url), "utf-8")
        with _running(example, model_server.url) as running:
            yield running


def _built(folder: str, _names: list[str]) -> set[str]:
    """Return what running an example by hand leaves in its folder."""
    return {"acme", "buf", "var", "feed.binpb"} if Path(folder).name == "product" else {"gen", "client"}


@contextmanager
def _new_folder() -> Iterator[Path]:
    # Not tmp_path: a unix socket's path may have 107 bytes, and pytest's folders are long.
    folder = Path(tempfile.mkdtemp(prefix="fw-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _running(folder: Path, model_server_url: str) -> Iterator[Checkout]:
    """Run `foreword up` in a folder until it serves."""
    running = Checkout(folder, free_port(), model_server_url, {})
    running.environment.update(_environment(running))
    command = [str(Path(sys.executable).with_name("foreword")), "up"]
    log = folder / "up.log"
    with log.open("wb") as output:
        daemons = subprocess.Popen(
            command,
            cwd=folder,
            env=running.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_serving(running.port, daemons, log)
        yield running
    finally:
        daemons.send_signal(signal.SIGTERM)
        try:
            daemons.wait(timeout=30)
        finally:
            daemons.kill()


def _environment(checkout: Checkout) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("FOREWORD_")}
    return own | {
        "HOME": str(checkout.folder),
        "FOREWORD_DATA": str((ROOT / os.environ.get("FOREWORD_DATA", "../shared/data")).resolve()),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        # For the example that compares vectors.
        "FOREWORD_AGENT__EMBEDDING": "wordllama",
        "FOREWORD_SIDECAR__LISTEN": f'["unix:{{store}}/foreword.sock", "127.0.0.1:{checkout.port}"]',
    }


def _wait_until_serving(port: int, daemons: subprocess.Popen[bytes], log: Path) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        ready = grpc.channel_ready_future(channel)
        for _ in range(START_SECONDS_MAX):
            assert daemons.poll() is None, f"foreword up ended with {daemons.returncode}: {log.read_text()}"
            try:
                return ready.result(timeout=1)
            except grpc.FutureTimeoutError:
                continue
    raise AssertionError(f"foreword up did not serve within {START_SECONDS_MAX} seconds: {log.read_text()}")
