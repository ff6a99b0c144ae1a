"""How often a model is asked for one cold question, and how long askers wait, when many ask at once."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import tempfile
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import diskcache

from benchmarks.model_server import model_server
from benchmarks.table import Table
from foreword.clock import SystemClock
from foreword.config import PRICES, Agent, Tiering
from foreword.latency import percentile
from foreword.llm import connect
from foreword.v1.answer_pb2 import AppliedStyle
from foreword.v1.answer_service_pb2 import AnswerRequest
from tiering.answers import Answers, Asker
from tiering.asking import Asking
from tiering.cache import Cache

PROCESSES = 4
ASKERS = (1, 10, 100)
QUESTIONS = 20
MODEL_SECONDS = 0.2
_WORDS = "alpha bravo cedar delta ember fjord grape hazel indigo juniper kelp lemon maple nickel opal pearl".split()


class Part(NamedTuple):
    """What one process does: its askers ask one model from one folder, each question together with the others."""

    folder: Path
    url: str
    number: int
    askers: int
    barrier: Any


Side: TypeAlias = Callable[[Part], list[float]]
"""Asks all questions; returns how long each asker waited for each."""


def run() -> Table:
    """Let 1, 10 and 100 askers ask 20 cold questions at once, each way."""
    table = Table(
        "answers_flight",
        "One cold question, many askers",
        "python -m benchmarks answers_flight",
        ("askers", "way", "calls to the model a question", "p50 wait ms", "p99 wait ms", "aim"),
    )
    for askers in ASKERS:
        for name, side in _SIDES.items():
            with (
                model_server("--latency", str(MODEL_SECONDS)) as server,
                tempfile.TemporaryDirectory() as folder,
            ):
                waits = _together(side, Path(folder), server.url, askers)
                calls = sum(row["calls"] for row in server.count()["tokens"])
            table.add(
                str(askers),
                name,
                f"{calls / QUESTIONS:.2f}",
                f"{percentile(waits, 0.5) * 1000:.0f}",
                f"{percentile(waits, 0.99) * 1000:.0f}",
                "≤ 1.1 calls" if name == "Foreword" else "",
            )
    table.notes += [
        f"{QUESTIONS} questions, one after another, each asked by all askers at once; the askers are spread over "
        f"{PROCESSES} processes. The model takes {MODEL_SECONDS * 1000:.0f} ms.",
        "Foreword: from the question to the last word, with leases, looking for another's core each 20 ms.",
        "memoize_stampede: diskcache's own, which recomputes early and does not wait when there is nothing yet.",
        "barrier: diskcache's recipe of a lock around a memoized function, by which callers go one after another.",
    ]
    return table


def _together(side: Side, folder: Path, url: str, askers: int) -> list[float]:
    context = multiprocessing.get_context("spawn")
    shares = [askers // PROCESSES + (number < askers % PROCESSES) for number in range(PROCESSES)]
    working = [(number, share) for number, share in enumerate(shares) if share]
    barrier, waits = context.Barrier(len(working)), context.Queue()
    processes = [
        context.Process(target=_work, args=(side, Part(folder, url, number, share, barrier), waits))
        for number, share in working
    ]
    for process in processes:
        process.start()
    taken = [wait for _ in processes for wait in waits.get(timeout=300)]
    for process in processes:
        process.join()
    return taken


def _work(side: Side, part: Part, waits: Any) -> None:
    waits.put(side(part))


def _question(number: int) -> str:
    return f"What does the {_WORDS[number % len(_WORDS)]} {_WORDS[number // len(_WORDS)]} setting of a printer do?"


def _foreword(part: Part) -> list[float]:
    return asyncio.run(_ask_foreword(part))


async def _ask_foreword(part: Part) -> list[float]:
    clock, tiering, agent = (
        SystemClock(),
        Tiering(provider="anthropic", askers_min=1),
        Agent(base_url=part.url),
    )
    cache = Cache.open(part.folder / "answers", tiering, clock)
    model = connect(agent, {}, "anthropic")
    if model is None:
        raise AssertionError("an address is a model")
    asking = Asking(
        model, calls_max=64, timeout_seconds=30, prices=PRICES, accounts=cache.accounts, clock=clock
    )
    answers = Answers(cache, asking, lambda: tiering, PRICES, clock)

    async def ask(asker: int, question: str) -> float:
        began = time.perf_counter()
        who = Asker(f"{part.number}.{asker}".encode().ljust(16, b"."), AppliedStyle(locale="en"), 0, str)
        async for _ in answers.answer(AnswerRequest(user_id="u", question=question), who):
            pass
        return time.perf_counter() - began

    waits: list[float] = []
    for place in range(QUESTIONS):
        await asyncio.to_thread(part.barrier.wait)
        waits += await asyncio.gather(*(ask(asker, _question(place)) for asker in range(part.askers)))
    await answers.close()
    await asking.close()
    cache.close()
    return waits


def _in_threads(wrapped: Callable[[diskcache.Cache, str], Callable[[str], str]]) -> Side:
    return partial(_ask_in_threads, wrapped)


def _ask_in_threads(
    wrapped: Callable[[diskcache.Cache, str], Callable[[str], str]], part: Part
) -> list[float]:
    waits: list[float] = []
    with diskcache.Cache(str(part.folder / "rival")) as cache, ThreadPoolExecutor(part.askers) as pool:
        answer = wrapped(cache, part.url)

        def ask(question: str) -> float:
            began = time.perf_counter()
            answer(question)
            return time.perf_counter() - began

        for place in range(QUESTIONS):
            part.barrier.wait()
            waits += pool.map(ask, [_question(place)] * part.askers)
    return waits


def _call(url: str, question: str) -> str:
    body = {
        "model": "claude-sonnet-5-5",
        "max_tokens": 2000,
        "messages": [{"role": "user", "content": question}],
    }
    headers = {"anthropic-version": "2023-06-01", "content-type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/messages", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        said: str = json.load(response)["content"][0]["text"]
        return said


def _alone(_cache: diskcache.Cache, url: str) -> Callable[[str], str]:
    return partial(_call, url)


def _stampede(cache: diskcache.Cache, url: str) -> Callable[[str], str]:
    decorated: Callable[[str], str] = diskcache.memoize_stampede(cache, expire=3600, name="answer")(
        partial(_call, url)
    )
    return decorated


def _barrier(cache: diskcache.Cache, url: str) -> Callable[[str], str]:
    memoized = cache.memoize(expire=3600, name="answer")(partial(_call, url))
    decorated: Callable[[str], str] = diskcache.barrier(cache, diskcache.Lock, name="one", expire=30)(
        memoized
    )
    return decorated


_SIDES: dict[str, Side] = {
    "Foreword": _foreword,
    "each asks": _in_threads(_alone),
    "diskcache memoize_stampede": _in_threads(_stampede),
    "diskcache barrier": _in_threads(_barrier),
}
