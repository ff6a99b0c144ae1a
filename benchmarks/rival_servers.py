"""What others serve profiles with, started for real on sockets of this machine, and ended with the block."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.waiting import until
from foreword.errors import ForewordError

ENVIRONMENT = Path(__file__).parents[1] / ".venv-bench"
"""Where `make bench-rivals` puts the libraries of rivals."""
GO = Path(__file__).parent / "go" / "bin" / "reads"
"""And the Go clients."""
FEAST_GO = os.environ.get("FEAST_GO_SERVER", "")
"""Feast's Go server: no wheel has it, and its Go module lacks the code that is generated from its protos."""

_HERE = Path(__file__).parent
# Feast would count its users over the internet.
_QUIET = {"FEAST_USAGE": "False", "DO_NOT_TRACK": "1"}


def python_command(script: str, *arguments: str | Path, foreword: bool = False) -> list[str]:
    """Return how a script of this folder is run, in this environment or in that of the rivals."""
    python = sys.executable if foreword else str(ENVIRONMENT / "bin" / "python")
    # -P: or this folder's modules stood before everybody else's.
    return [python, "-P", str(_HERE / script), *map(str, arguments)]


def require_library(name: str) -> None:
    """Make sure that a library is in the environment of the rivals.

    Raises:
        ForewordError: It is not.
    """
    if not list(ENVIRONMENT.glob(f"lib/python3*/site-packages/{name}")):
        raise ForewordError(f"{name} is not in {ENVIRONMENT.name}", hint="make bench-rivals")


def require_go() -> None:
    """Make sure that the Go clients are built.

    Raises:
        ForewordError: They are not.
    """
    if not GO.exists():
        raise ForewordError("the Go clients are not built", hint="make bench-rivals, which needs go")


def give(kind: str, address: str | Path, rows: Path) -> None:
    """Give a rival the rows of a file.

    Raises:
        ForewordError: It takes them not; with the last that it said.
    """
    command = python_command("rival_loads.py", kind, address, rows)
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **_QUIET}, check=False)
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2]
        raise ForewordError(f"{kind} took no profiles: {said}")


@contextlib.contextmanager
def postgres_server() -> Iterator[Path]:
    """Run PostgreSQL as it comes, but with all rows in its memory; yield the folder of its socket."""
    # Debian has it in no folder of the path.
    folders = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    found = shutil.which("initdb", path=os.pathsep.join([*folders, os.environ.get("PATH", "")]))
    if found is None:
        raise ForewordError("PostgreSQL is not installed", hint="apt-get install postgresql")
    # It refuses to be root, and so runs as somebody who can do nothing else.
    user = _owner() if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="fwpg") as folder:
        if user is not None:
            shutil.chown(folder, user)
        with _postgres(Path(found).resolve().parent, Path(folder), user):
            yield Path(folder)


@contextlib.contextmanager
def _postgres(programs: Path, folder: Path, user: str | None) -> Iterator[None]:
    data = folder / "data"
    make = [
        str(programs / "initdb"),
        "-D",
        str(data),
        "-A",
        "trust",
        "-U",
        "bench",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    subprocess.run(make, user=user, cwd=folder, check=True, capture_output=True)
    given = {
        "listen_addresses": "",
        "unix_socket_directories": folder,
        "shared_buffers": "1GB",
        "max_wal_size": "4GB",
    }
    settings = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
    with subprocess.Popen(
        [programs / "postgres", "-D", data, *settings],
        user=user,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            pid_file = data / "postmaster.pid"
            until(lambda: pid_file.exists() and "ready" in pid_file.read_text("utf-8"), server)
            yield
        finally:
            # Those who are connected are sent away.
            server.send_signal(signal.SIGINT)


def _owner() -> str:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise ForewordError("PostgreSQL does not run as root, and there is neither `postgres` nor `nobody`")


@contextlib.contextmanager
def feast_server(repository: Path) -> Iterator[str]:
    """Run Feast's Python feature server over a repository; yield host and port."""
    port = _free_port()
    # Its own default ends a worker after a thousand calls.
    options = ["--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--max-requests", "0"]
    command = [str(ENVIRONMENT / "bin" / "feast"), "--chdir", str(repository), "serve", *options]
    with _server(command, port) as address:
        yield address


@contextlib.contextmanager
def feast_go_server(repository: Path) -> Iterator[str]:
    """Run Feast's Go server over a repository; yield host and port."""
    if not FEAST_GO:
        raise ForewordError(
            "Feast's Go server is in no wheel, and its Go module lacks its generated code",
            hint="build it from Feast's source, and name it in FEAST_GO_SERVER",
        )
    port = _free_port()
    # Its metrics would be on all addresses of the machine, and are on none where the port cannot be.
    ports = ["-host", "127.0.0.1", "-port", str(port), "-metrics-port", "-1"]
    with _server([FEAST_GO, "-type", "http", "-chdir", str(repository / "go"), *ports], port) as address:
        yield address


@contextlib.contextmanager
def empty_go_server(address: str, size_bytes: int) -> Iterator[None]:
    """Run a server on grpc-go that answers with constant bytes."""
    path = Path(address.removeprefix("unix:"))
    with subprocess.Popen([GO, "serve", address, str(size_bytes)]) as server:
        try:
            until(path.exists, server)
            yield
        finally:
            server.terminate()


@contextlib.contextmanager
def _server(command: list[str], port: int) -> Iterator[str]:
    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    # In a group of its own: what it starts in turn ends with it.
    with subprocess.Popen(
        command,
        env={**os.environ, **_QUIET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as server:
        try:
            until(listens, server)
            yield f"127.0.0.1:{port}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
