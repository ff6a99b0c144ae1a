"""Where near questions are looked for: as Foreword does it, all compared in numpy, or in hnswlib's graph."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import psutil

from benchmarks.table import Table, ratio
from foreword.errors import ForewordError
from tiering.vectors import Vectors

DIMENSIONS = 256
COUNTS = (1_000, 10_000, 100_000)
SEARCHES = 300
NEAREST = 3
# As many as `Nearest` asks for where it wants three.
_WIDTH = 8 * NEAREST
# Sentences all share a direction, and some have dozens of others like them.
_CLUSTER_SIZE, _SHARED, _APART = 50, 0.5, 0.35

Search = Callable[[Any], list[int]]


class Measured(NamedTuple):
    """What one way took for one count of vectors."""

    build_s: float
    p50_us: float
    p99_us: float
    memory_mb: float
    recall: float


def run() -> Table:
    """Measure each way for each count of vectors."""
    table = Table(
        "near",
        "Near questions among many",
        "python -m benchmarks near",
        ("vectors", "way", "build s", "search p50 us", "p99 us", "to comparing all", "MB", "recall@3"),
    )
    for count in COUNTS:
        measured = {way: _apart(way, count) for way in _WAYS}
        for way, each in measured.items():
            table.add(
                f"{count:,}",
                way,
                f"{each.build_s:,.2f}",
                f"{each.p50_us:,.0f}",
                f"{each.p99_us:,.0f}",
                ratio(each.p50_us, measured["numpy"].p50_us),
                f"{each.memory_mb:,.1f}",
                f"{each.recall:.3f}",
            )
    table.notes += [
        f"Made-up vectors of {DIMENSIONS} signed bytes in clusters of {_CLUSTER_SIZE}, each way in a process and "
        f"thread of its own, whose processor time is shown; {SEARCHES} searches for the nearest {_WIDTH}, as "
        f"`tiering.nearest` looks for {NEAREST}. Recall is of the {NEAREST} that are nearest when all are compared. "
        "No question is among those that are stored. MB is what the process grew by.",
        "`foreword` is `tiering.vectors`: up to 2,048 compared in numpy, more in usearch's graph of bytes, added one "
        "at a time. `numpy` compares all as 32-bit floats. hnswlib has these too (M 16, ef_construction 128, ef 64, as "
        "usearch has them by default).",
    ]
    return table


def main(way: str, count: int) -> None:
    """Measure one way, and print the figures as JSON."""
    rng = np.random.default_rng(count)
    vectors = _vectors(rng, count + SEARCHES)
    stored, asked = vectors[:count], vectors[count:]
    # What was let go of would be taken again, and counted as nothing.
    ctypes.CDLL(None).malloc_trim(0)
    process = psutil.Process()
    before = process.memory_info().rss
    start = time.thread_time()
    search = _WAYS[way](stored)
    build_s = time.thread_time() - start
    grown = process.memory_info().rss - before
    times_us, found = [], []
    for vector in asked:
        start = time.thread_time()
        keys = search(vector)
        times_us.append((time.thread_time() - start) * 1e6)
        found.append(set(keys[:NEAREST]))
    hits = sum(len(keys & nearest) for keys, nearest in zip(found, _nearest(stored, asked), strict=True))
    p50, p99 = np.percentile(times_us, (50, 99))
    print(json.dumps([build_s, p50, p99, grown / 1e6, hits / NEAREST / SEARCHES]))


def _apart(way: str, count: int) -> Measured:
    """Measure in another process: what one has taken, another does not find free."""
    command = [sys.executable, "-c", f"from benchmarks.near import main; main({way!r}, {count})"]
    # One thread, as a search has on the event loop: a second would only show how busy the machine is.
    environ = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    if done.returncode:
        raise ForewordError(
            f"{way}: {done.stderr.strip().rpartition(chr(10))[2]}",
            hint="pip install hnswlib, which is not in dev",
        )
    return Measured(*json.loads(done.stdout))


def _numpy(stored: Any) -> Search:
    units = _unit(stored)

    def search(vector: Any) -> list[int]:
        cosines = units @ _unit(vector)
        best = np.argpartition(-cosines, _WIDTH)[:_WIDTH]
        return [int(place) for place in best[np.argsort(-cosines[best])]]

    return search


def _foreword(stored: Any) -> Search:
    vectors = Vectors(DIMENSIONS)
    for number, vector in enumerate(stored):
        vectors.add(_id(number), vector.tobytes())
        # As `Nearest.follow` does, 5,000 changes at most a call.
        if number % 5000 == 0:
            vectors.settle()
    vectors.settle()
    return lambda vector: [
        int.from_bytes(core_id[:8]) for core_id, _ in vectors.search(vector.tobytes(), _WIDTH)
    ]


def _hnswlib(stored: Any) -> Search:
    import hnswlib

    graph = hnswlib.Index(space="cosine", dim=DIMENSIONS)
    graph.init_index(max_elements=len(stored), M=16, ef_construction=128)
    graph.set_num_threads(1)
    graph.set_ef(64)
    graph.add_items(stored.astype("f4"))
    return lambda vector: [int(key) for key in graph.knn_query(vector.astype("f4"), _WIDTH)[0][0]]


_WAYS: dict[str, Callable[[Any], Search]] = {"numpy": _numpy, "foreword": _foreword, "hnswlib": _hnswlib}


def _vectors(rng: Any, count: int) -> Any:
    shared = rng.normal(0, _SHARED, DIMENSIONS).astype("f4")
    centres = rng.normal(0, 1, (count // _CLUSTER_SIZE, DIMENSIONS)).astype("f4")
    stored = np.empty((count, DIMENSIONS), "i1")
    for start in range(0, count, 10_000):
        part = slice(start, min(start + 10_000, count))
        own = centres[rng.integers(0, len(centres), part.stop - start)]
        apart = rng.normal(0, _APART, own.shape).astype("f4")
        stored[part] = _bytes(shared + own + apart)
    return stored


def _bytes(numbers: Any) -> Any:
    return np.round(numbers * (127 / np.abs(numbers).max(axis=1, keepdims=True))).astype("i1")


def _unit(steps: Any) -> Any:
    numbers = steps.astype("f4")
    return numbers / np.linalg.norm(numbers, axis=-1, keepdims=True)


def _nearest(stored: Any, asked: Any) -> list[set[int]]:
    search = _numpy(stored)
    return [set(search(vector)[:NEAREST]) for vector in asked]


def _id(number: int) -> Any:
    return number.to_bytes(8) + bytes(24)
