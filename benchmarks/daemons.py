"""Real daemons for measurements, on a temporary store and a unix socket, ended by process id."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import grpc

READY_SECONDS = 30
_NOTHING: Mapping[str, str] = MappingProxyType({})


@contextlib.contextmanager
def sidecar(
    store: Path,
    *,
    as_of: str | None = None,
    settings: Mapping[str, str] = _NOTHING,
    before: str = "",
    native: str = "auto",
) -> Iterator[tuple[str, int]]:
    """Run `foreword sidecar`; yield its unix address and process id.

    Args:
        store: Its folder.
        as_of: The time it goes by.
        settings: Further variables of its environment.
        before: Python that is run in it first.
        native: `sidecar.native`.
    """
    address = f"unix:{store}/bench.sock"
    environment = {
        **os.environ,
        "FOREWORD_STORE__DIRECTORY": str(store),
        "FOREWORD_SIDECAR__LISTEN": f'["{address}"]',
        "FOREWORD_SIDECAR__NATIVE": native,
        **settings,
    }
    with _process(["sidecar"], environment, as_of, before) as process:
        with grpc.insecure_channel(address) as channel:
            grpc.channel_ready_future(channel).result(timeout=READY_SECONDS)
        yield address, process.pid


@contextlib.contextmanager
def scheduler(store: Path, *, as_of: str | None = None) -> Iterator[int]:
    """Run `foreword scheduler`; yield its process id."""
    environment = {**os.environ, "FOREWORD_STORE__DIRECTORY": str(store)}
    with _process(["scheduler"], environment, as_of) as process:
        yield process.pid


@contextlib.contextmanager
def page(store: Path, address: str) -> Iterator[int]:
    """Run `foreword ui` beside a sidecar on a store; yield its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "FOREWORD_STORE__DIRECTORY": str(store),
        "FOREWORD_SIDECAR__LISTEN": f'["{address}"]',
    }
    with _process(["ui", "--listen", f"127.0.0.1:{port}"], environment, None):
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield port


def cpu_seconds(pid: int) -> float:
    """Return user and system time a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def core_wait_us(pid: int) -> float:
    """Return how long the threads of a process were ready to run and had no core, in microseconds and in sum."""
    # The second field of `sched-stats` in the kernel's documentation.
    files = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(file.read_text(encoding="ascii").split()[1]) for file in files) / 1000


def resident_bytes(pid: int, *, without: str = ".mdb") -> int:
    """Return a process's resident memory, leaving out mappings of files whose name ends in `without`."""
    total, counts = 0, True
    for line in Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8").splitlines():
        word = line.split(maxsplit=1)[0]
        if "-" in word and not word.endswith(":"):
            counts = not line.endswith(without)
        elif word == "Rss:" and counts:
            total += int(line.split()[1]) * 1024
    return total


def own_bytes(pid: int) -> int:
    """Return a process's memory that is no page of a file: what it has alone, and its share of the rest."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    sizes = [line.split() for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:"))]
    return sum(int(size[1]) for size in sizes) * 1024


@contextlib.contextmanager
def _process(
    command: list[str], environment: dict[str, str], as_of: str | None, before: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    replay = ["--as-of", as_of] if as_of else []
    program = f"{before}\nfrom foreword.cli import main\nraise SystemExit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", program, *command, *replay], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + READY_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        if process.poll() is None:
            process.kill()
        process.wait()
