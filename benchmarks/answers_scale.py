"""Looking up cores, from 1,000 of them to 1,000,000, in turns, beside diskcache's own lookup of one row."""

from __future__ import annotations

import multiprocessing
import os
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.cores import OpenCache, asked, made_core, open_cache, put_cores
from benchmarks.daemons import resident_bytes
from benchmarks.table import Table, ratio
from foreword.latency import call_times_us, percentile
from foreword.store.v1.answers_pb2 import StoredAlias
from foreword.v1.core_pb2 import CoreAlias
from tiering.cores import Asked

CORE_COUNTS = (1_000, 100_000, 1_000_000)
# The least that cores have; a million of them are 4 GB.
CORE_BYTES = 3_000
TAG_COUNT = 1_000
ALIAS_COUNT = 1_000
ROUNDS = 10
LOOKUPS = 3_000
# Numbers of questions that have no core.
_ALIASES, _MISSES = 1 << 40, 1 << 41


class Side(NamedTuple):
    """A kind of lookup: what is looked up, drawn before the time counts, and the lookup."""

    draw: Callable[[random.Random], Any]
    look_up: Callable[[Any], object]


def run(core_counts: tuple[int, ...] = CORE_COUNTS) -> Table:
    """Build a cache of each size, then look up in all of them in turns."""
    table = Table(
        "answers_scale",
        "Looking up a core, by how many there are",
        "python -m benchmarks answers_scale",
        ("cores", "lookup", "p50 µs", "p99 µs", f"p50 to {core_counts[0]:,} cores", "p50 to diskcache"),
    )
    core = made_core(CORE_BYTES)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        sides: dict[tuple[int, str], Side] = {}
        for count in core_counts:
            place = Path(folder) / str(count)
            cache = stack.enter_context(open_cache(place))
            began = time.monotonic()
            put_cores(cache.cores, cache.made, count, core, tag_count=TAG_COUNT)
            seconds = time.monotonic() - began
            sides.update({(count, kind): side for kind, side in _sides(cache, count).items()})
            table.notes.append(
                f"{count:,} cores: {cache.made.size_bytes() / count:,.0f} bytes each on disk, stored in "
                f"{seconds:,.0f} s, {count / seconds:,.0f} a second, a thousand in one transaction. A process that "
                f"has the cache open and has looked up {LOOKUPS:,} takes {_resident_bytes(place, count) >> 20} MB."
            )
        taken = _in_turns(sides)
    for (count, kind), values in taken.items():
        p50 = percentile(values, 0.5)
        table.add(
            f"{count:,}",
            kind,
            f"{p50:.1f}",
            f"{percentile(values, 0.99):.1f}",
            ratio(p50, percentile(taken[core_counts[0], kind], 0.5)),
            ratio(p50, percentile(taken[count, "diskcache"], 0.5)),
        )
    table.notes += [
        f"Cores of {core.ByteSize():,} bytes, {ROUNDS} rounds of {LOOKUPS:,} lookups of random questions for each "
        "kind and size in turns, the files in the page cache. A lookup ends with the core parsed and its lead read.",
        f"alias: a question that leads to another one's core, {ALIAS_COUNT:,} of them. miss: one stored nowhere.",
        "diskcache: its own `get` of the row of a random core, without seal, epoch, what people put, and parsing.",
        "Aim: p50 of a hit ≤ 60 µs, and within ±25 % over all sizes.",
    ]
    return table


def _sides(cache: OpenCache, count: int) -> dict[str, Side]:
    cores = cache.cores
    with cache.made.writing():
        for number in range(ALIAS_COUNT):
            alias = StoredAlias(alias=CoreAlias(question=asked(_ALIASES + number).question, judged_by="m"))
            cores.add_alias(asked(_ALIASES + number), cores.id_of(asked(number * 7919 % count)), alias)

    def hit(question: Asked) -> str:
        found = cores.find(question)
        assert found is not None
        return found.core.lead_short

    def miss(question: Asked) -> None:
        assert cores.find(question) is None

    rows = cache.made._rows
    return {
        "exact": Side(lambda dice: asked(dice.randrange(count)), hit),
        "alias": Side(lambda dice: asked(_ALIASES + dice.randrange(ALIAS_COUNT)), hit),
        "miss": Side(lambda dice: asked(_MISSES + dice.randrange(count)), miss),
        "diskcache": Side(lambda dice: b"c" + cores.id_of(asked(dice.randrange(count))), rows.get),
    }


def _in_turns(sides: dict[tuple[int, str], Side]) -> dict[tuple[int, str], list[float]]:
    dice = random.Random(11)
    taken: dict[tuple[int, str], list[float]] = defaultdict(list)
    # The first round warms up.
    for number in range(ROUNDS + 1):
        for name, side in sides.items():
            times = call_times_us(side.look_up, [side.draw(dice) for _ in range(LOOKUPS)])
            if number:
                taken[name] += times
    return taken


def _resident_bytes(folder: Path, count: int) -> int:
    # A process of its own: this one has all sizes open.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_looked_up_bytes, (folder, count))


def _looked_up_bytes(folder: Path, count: int) -> int:
    dice = random.Random(13)
    with open_cache(folder) as cache:
        for _ in range(LOOKUPS):
            cache.cores.find(asked(dice.randrange(count)))
        return resident_bytes(os.getpid(), without="\0")
