"""What an application pays, each time it starts, for importing the client; beside gRPC and protobuf alone."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

from benchmarks.table import Table, ratio

RUNS = 40
# What no client of a gRPC service does without.
_BASE = "import grpc\nfrom google.protobuf import duration_pb2, timestamp_pb2"
_CODE = """
import time
start_seconds, start_processor_seconds = time.perf_counter(), time.process_time()
{imports}
print(time.perf_counter() - start_seconds, time.process_time() - start_processor_seconds)
"""


def run() -> Table:
    """Import each in processes of their own, taking turns, so that a busy moment of the machine meets both."""
    table = Table(
        name="client_import",
        title="Importing the Python client",
        command="python -m benchmarks client_import",
        columns=["imported", "best ms", "median ms", "processor ms, median", "beside gRPC and protobuf"],
    )
    imports = {"gRPC and protobuf": _BASE, "foreword.client": "import foreword.client"}
    for code in imports.values():
        _import_ms(code)
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in imports}
    for _ in range(RUNS):
        for name, code in imports.items():
            took[name].append(_import_ms(code))
    processor_ms = {name: statistics.median(ms for _, ms in times) for name, times in took.items()}
    for name, times in took.items():
        real_ms = [ms for ms, _ in times]
        table.add(
            name,
            f"{min(real_ms):.0f}",
            f"{statistics.median(real_ms):.0f}",
            f"{processor_ms[name]:.0f}",
            ratio(processor_ms[name], processor_ms["gRPC and protobuf"]),
        )
    table.notes.append(
        f"{RUNS} new processes each, in turns; compiled files, the interpreter's own start not counted."
    )
    table.notes.append(
        "Aim: foreword.client at most 100 ms. Processor time decides: other work delays the rest."
    )
    return table


def _import_ms(imports: str) -> tuple[float, float]:
    """Return how long the imports took in a new process, and for how long of that it had a processor."""
    command = [sys.executable, "-c", _CODE.format(imports=imports)]
    # Compiled files are what an install has, even where this variable keeps a checkout free of them.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    seconds, processor_seconds = map(float, printed.split())
    return seconds * 1000, processor_seconds * 1000
