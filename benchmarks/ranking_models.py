"""Global models: how long a training takes on one core, and whether a request notices that another is put in force."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks.population import NOW_MS, user_id
from benchmarks.ranked_users import ACTIONS, action, candidate, examples, write_blocks
from benchmarks.ranking_latency import Served
from benchmarks.table import Table, ratio
from foreword import keys
from foreword.admission import admit
from foreword.latency import percentile
from foreword.store import ActivityWriter
from foreword.store.v1 import ranking_pb2
from foreword.v1.event_pb2 import Event, Feedback
from foreword.v1.ranking_service_pb2 import RankActionsRequest
from ranking.example import Context
from ranking.log import feedback_event
from ranking.model import GlobalModel
from ranking.model_folder import Entry, ModelFolder, Verdict
from ranking.trainer import models_directory
from ranking.training import train
from sidecar.ranker import Ranker

SIZES = (10_000, 100_000)
USERS = 2_000
SECONDS = 24.0
SWAPS_EVERY_SECONDS = 4.0
# Looked at from the swap on: by then the sidecar has read the model and taken it over.
_WINDOW_SECONDS = 2.0
# Served before and not counted: the first 2,000 actions are new to the process, swap or none.
_WARM_SECONDS = 2.0
_TICK_SECONDS = 0.05
# Between two requests: others have the loop and the interpreter meanwhile, as in a sidecar that is not worn out.
_IDLE_SECONDS = 0.002
_CANDIDATES = 100
# What each user said, from which their parameters are made anew.
_ANSWERS = 20
_COMMIT_USERS = 500
_STILL, _SWAPPED = "no swap within two seconds before", "within two seconds of a swap"


def run() -> Table:
    """Train at each size, then serve through swaps and without."""
    table = Table(
        "ranking_models",
        "Training global models, and putting them in force",
        "python -m benchmarks ranking_models",
        ("what", "seconds of one core", "requests", "p50 ms", "p99 ms", "longest ms", "to no swap"),
    )
    model = None
    for count in SIZES:
        random = np.random.default_rng(1)
        told = list(examples(count, USERS, random))
        began = time.process_time()
        model = train(told, number=1, now_ms=told[-1].context.time_ms, random=random)
        table.add(f"training from {count:,} examples", f"{time.process_time() - began:.1f}", *[""] * 5)
    assert model is not None
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        write_blocks(store, USERS, model, np.random.default_rng(2))
        _write_answers(store, np.random.default_rng(4))
        measured = asyncio.run(_measure(store, model))
        for name, times in measured.items():
            cells = [f"{percentile(times, share):.2f}" for share in (0.5, 0.99)]
            longest = ratio(max(times), max(measured[_STILL]))
            table.add(name, "", f"{len(times):,}", *cells, f"{max(times):.2f}", longest)
    table.notes += [
        f"Made answers of {USERS:,} users on {ACTIONS:,} actions; the training tries each form of the model, and keeps "
        "what foretells better.",
        f"Requests: {_CANDIDATES} candidates each, in one event loop, one after the other, {_IDLE_SECONDS * 1000:g} ms "
        f"apart, for {SECONDS:g} s; every {SWAPS_EVERY_SECONDS:g} s another model is put in force in the folder, "
        "read and checked in a thread beside them, and each user is brought to it once they are asked "
        f"for, from {_ANSWERS} answers. How long a request "
        "took, its wait for the loop included; without the first "
        f"{_WARM_SECONDS:g} s. Both rows are of one run: what is not within a window is of the same "
        "machine, in the same seconds.",
        "Aim: 100,000 examples in at most 10 s; a swap delays no request by more than 5 ms.",
    ]
    return table


def _write_answers(store: Path, random: np.random.Generator) -> None:
    """Record what users said of actions, a minute apart, as the sidecar would."""
    with closing(ActivityWriter(store, map_size_bytes=64 << 30)) as writer:
        for start in range(0, USERS, _COMMIT_USERS):
            events = [
                _answer(user, place, random)
                for user in range(start, start + _COMMIT_USERS)
                for place in range(_ANSWERS)
            ]
            with writer.begin() as txn:
                txn.record(admit(events, NOW_MS).kept, NOW_MS)


def _answer(user: int, place: int, random: np.random.Generator) -> Event:
    word = (Feedback.FEEDBACK_ACCEPT, Feedback.FEEDBACK_REJECT)[int(random.integers(2))]
    time_ms = NOW_MS - (place + 1) * 60_000
    event = feedback_event(Context(time_ms), action(int(random.integers(ACTIONS))), word)
    event.user_id, event.event_id = user_id(user), f"{user}-{place}"
    event.time.FromMilliseconds(time_ms)
    return event


async def _measure(store: Path, model: GlobalModel) -> dict[str, list[float]]:
    folder = ModelFolder(models_directory(store))
    for number in (1, 2):
        copy = GlobalModel(number, model.made_ms, model.layout, model.arrays)
        folder.publish(copy, Entry(number, model.made_ms, Verdict.TAKEN))
    folder.roll_back(1, 0)
    random = np.random.default_rng(3)
    async with Served(store) as (ranker, _):
        # As the sidecar does: no request waits while what the measurement holds is looked through.
        gc.collect()
        gc.freeze()
        return await _serve(ranker, folder, random)


async def _serve(ranker: Ranker, folder: ModelFolder, random: np.random.Generator) -> dict[str, list[float]]:
    """Return milliseconds of requests, of those soon after a swap and of the others."""
    stop, began_at = asyncio.Event(), time.perf_counter()
    swaps = [began_at - SWAPS_EVERY_SECONDS]
    beside = [asyncio.create_task(_follow(ranker, stop)), asyncio.create_task(_swap(folder, swaps, stop))]
    times: dict[str, list[float]] = {_STILL: [], _SWAPPED: []}
    while time.perf_counter() < began_at + _WARM_SECONDS + SECONDS:
        numbers = random.choice(ACTIONS, _CANDIDATES, replace=False).tolist()
        asked = RankActionsRequest(user_id=user_id(int(random.integers(USERS))))
        asked.candidates.extend(map(candidate, numbers))
        request = ranking_pb2.RankActionsRequest.FromString(asked.SerializeToString())
        began = time.perf_counter()
        await asyncio.sleep(0)
        ranker.rank(keys.user_key(request.user_id), request)
        took_ms = (time.perf_counter() - began) * 1000
        if began >= began_at + _WARM_SECONDS:
            times[_SWAPPED if began - swaps[-1] < _WINDOW_SECONDS else _STILL].append(took_ms)
        await asyncio.sleep(_IDLE_SECONDS)
    stop.set()
    await asyncio.gather(*beside)
    await ranker.log.settle()
    return times


async def _follow(ranker: Ranker, stop: asyncio.Event) -> None:
    """Do what the sidecar's tick does, more often."""
    while not stop.is_set():
        await ranker.follow()
        await asyncio.sleep(_TICK_SECONDS)


async def _swap(folder: ModelFolder, swaps: list[float], stop: asyncio.Event) -> None:
    """Put the two models in force by turns, and note when, on the clock of the requests."""
    number = 1
    while not stop.is_set():
        await asyncio.sleep(SWAPS_EVERY_SECONDS)
        number = 3 - number
        swaps.append(time.perf_counter())
        await asyncio.to_thread(folder._put_in_force, number)
