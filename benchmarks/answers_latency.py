"""An exact hit in deterministic words: in process, and over gRPC in turns with an empty stream of the same messages."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc

from benchmarks.cores import asked, made_core
from benchmarks.daemons import cpu_seconds, sidecar
from benchmarks.styles import STYLES, styled_profile
from benchmarks.table import Table, ratio
from foreword import keys
from foreword.client import Foreword
from foreword.clock import SystemClock
from foreword.config import Config, Tiering
from foreword.latency import call_times_us, percentile
from foreword.store import ProfileWriter
from foreword.v1.answer_service_pb2 import AnswerRequest, AnswerResponse
from foreword.v1.core_pb2 import CoreOrigin
from tiering.answers import Answers, Asker
from tiering.asked import asked_of
from tiering.cache import Cache
from tiering.finishing import finish
from tiering.style import style_of

CORES = 2_000
CORE_BYTES = 3_000
USERS = 100
CALLS = 1_000
ROUNDS = 10
_PIECE = 20
METHOD = "/foreword.v1.AnswerService/Answer"


def run() -> Table:
    """Measure both ways on one cache of cores that a model made, which are looked for behind what people put."""
    table = Table(
        "answers_latency",
        "An exact hit in deterministic words",
        "python -m benchmarks answers_latency",
        ("answer", "p50 µs", "p99 µs", "p99 µs of CPU", "empty stream p50 µs", "p99 µs", "p50 ratio"),
    )
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        _fill(store)
        for name, times in asyncio.run(_in_process(store)).items():
            walls, cpus = zip(*times, strict=True)
            tails = (f"{percentile(walls, 0.99):.0f}", f"{percentile(cpus, 0.99):.0f}")
            table.add(name, f"{percentile(walls, 0.5):.0f}", *tails, "", "", "")
        _over_grpc(table, store)
    table.notes += [
        f"{CORES:,} cores of {CORE_BYTES:,} bytes, {USERS} users of {STYLES} styles; {ROUNDS} rounds of {CALLS:,} "
        "answers, one at a time, each with all it brings: the question checked, its core read from disk and verified, "
        "the words, what it saved, the account, which goes to disk twice a second beside it.",
        "CPU: the time of the answering thread alone, without what others of this machine take from it.",
        "Words made now: nobody of that style had asked that question. Words at hand: somebody had.",
        "Empty stream: a grpc.aio server on uvloop whose handler writes three constant messages of the same sizes. "
        "Both sides are read by a bare grpcio stub that parses them; they take turns, one call in flight.",
        f"Others worked on this machine meanwhile: {os.getloadavg()[0]:.1f} processes wanted its "
        f"{os.cpu_count()} cores.",
        "Aim: in process p50 ≤ 200 µs, p99 ≤ 1 ms; over gRPC p50 ≤ 1.3 × the empty stream.",
    ]
    return table


def _fill(store: Path) -> None:
    cache = Cache.open(store / "answers", Tiering(), SystemClock())
    core = made_core(CORE_BYTES)
    with cache.made.writing():
        for number in range(CORES):
            question = asked_of(_question(number), "", "en")
            finish(core, question, (), CoreOrigin.CORE_ORIGIN_GENERATED, SystemClock().now_ms())
            cache.put(question, core)
    cache.close()
    writer = ProfileWriter(store, map_size_bytes=1 << 30)
    with writer.begin() as txn:
        for number in range(USERS):
            profile = styled_profile(number)
            never_ms = SystemClock().now_ms() * 2
            txn.put_profile(
                keys.user_key(profile.user_id),
                profile,
                profile.foreword,
                computed_at_ms=SystemClock().now_ms(),
                stale_after_ms=never_ms,
                expired_after_ms=never_ms,
                refresh_on_open=False,
            )
    writer.close()


def _question(number: int) -> str:
    return asked(number).question


# -- in process -------------------------------------------------------------------------------------------------


async def _in_process(store: Path) -> dict[str, list[tuple[float, float]]]:
    settings = Tiering()
    cache = Cache.open(store / "answers", settings, SystemClock())
    answers = Answers(cache, None, lambda: settings, Config().agent.prices, SystemClock())
    askers = [_asker(cache, number) for number in range(USERS)]
    account = asyncio.create_task(_keep_account(cache))
    taken: dict[str, list[tuple[float, float]]] = {
        "in process, words made now": [],
        "in process, words at hand": [],
    }
    for turn in range(ROUNDS + 1):
        # A round asks each question once for a style of its own, and once more for another user of that style.
        for times, asker in zip(taken.values(), (askers[turn], askers[turn + STYLES]), strict=True):
            for number in range(CALLS):
                question = _question(number * 7 % CORES)
                request = AnswerRequest(user_id="u", question=question)
                began, cpu = time.perf_counter_ns(), time.thread_time_ns()
                async for _ in answers.answer(request, asker):
                    pass
                ended = time.perf_counter_ns(), time.thread_time_ns()
                if turn:
                    times.append(((ended[0] - began) / 1000, (ended[1] - cpu) / 1000))
                await asyncio.sleep(0)
    account.cancel()
    await answers.close()
    cache.close()
    return taken


def _asker(cache: Cache, number: int) -> Asker:
    style = style_of(styled_profile(number), "en")
    return Asker(cache.digests.asker("", f"user-{number}"), style, 1, lambda: "")


async def _keep_account(cache: Cache) -> None:
    while True:
        await asyncio.sleep(0.5)
        await asyncio.to_thread(cache.accounts.flush)


# -- over gRPC --------------------------------------------------------------------------------------------------


def _over_grpc(table: Table, store: Path) -> None:
    requests = [
        AnswerRequest(
            user_id=f"user-{number % USERS}", question=_question(number * 7 % CORES)
        ).SerializeToString()
        for number in range(CALLS)
    ]
    with sidecar(store) as (address, pid), _stub(address) as ours:
        parts = ours(requests[0])
        with _empty_stream(store, parts) as (empty_address, empty_pid), _stub(empty_address) as empty:
            before = [cpu_seconds(each) for each in (pid, empty_pid)]
            mine, theirs = _in_turns(ours, empty, requests)
            after = [cpu_seconds(each) for each in (pid, empty_pid)]
        base = percentile(theirs, 0.5)
        tails = (f"{percentile(mine, 0.99):.0f}", "", f"{base:.0f}", f"{percentile(theirs, 0.99):.0f}")
        p50 = percentile(mine, 0.5)
        cpus = [(end - start) / (len(mine) + CALLS) * 1e6 for start, end in zip(before, after, strict=True)]
        table.notes.append(
            f"An answer over gRPC takes {cpus[0]:.0f} µs of the sidecar's processor time, the account and all else it "
            f"does included; an empty stream {cpus[1]:.0f} µs of its server's."
        )
        table.add("over gRPC", f"{p50:.0f}", *tails, ratio(p50, base))
        with Foreword(address, raises=True) as client:
            questions = [AnswerRequest.FromString(each) for each in requests]

            def whole(request: AnswerRequest) -> str:
                return client.answer(request.user_id, request.question).text

            call_times_us(whole, questions)
            times = call_times_us(whole, questions)
        p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
        table.add("over gRPC, with the Python client", f"{p50:.0f}", f"{p99:.0f}", "", "", "", "")


@contextlib.contextmanager
def _stub(address: str) -> Iterator[Callable[[bytes], list[AnswerResponse]]]:
    with grpc.insecure_channel(address) as channel:
        grpc.channel_ready_future(channel).result(timeout=30)
        call: grpc.UnaryStreamMultiCallable[bytes, AnswerResponse] = channel.unary_stream(
            METHOD, response_deserializer=AnswerResponse.FromString
        )
        yield lambda request: list(call(request, timeout=5))


@contextlib.contextmanager
def _empty_stream(store: Path, parts: Sequence[AnswerResponse]) -> Iterator[tuple[str, int]]:
    address = f"unix:{store}/empty.sock"
    # spawn: a fork would carry the client's gRPC threads along.
    process = multiprocessing.get_context("spawn").Process(
        target=_serve_constants, args=(address, [part.SerializeToString() for part in parts]), daemon=True
    )
    process.start()
    try:
        yield address, process.pid or 0
    finally:
        process.terminate()
        process.join()


def _serve_constants(address: str, parts: Sequence[bytes]) -> None:
    import uvloop

    async def answer(_request: bytes, context: Any) -> None:
        for part in parts:
            await context.write(part)

    async def serve() -> None:
        server = grpc.aio.server()
        _, service, method = METHOD.split("/")
        handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_stream_rpc_method_handler(answer)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
        server.add_insecure_port(address)
        await server.start()
        await server.wait_for_termination()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


def _in_turns(
    ours: Callable[[bytes], Any], theirs: Callable[[bytes], Any], requests: Sequence[bytes]
) -> tuple[list[float], list[float]]:
    call_times_us(ours, requests)
    call_times_us(theirs, requests)
    mine: list[float] = []
    other: list[float] = []
    # In small pieces, so that what else the machine does meets both sides alike.
    for _ in range(ROUNDS):
        for start in range(0, len(requests), _PIECE):
            piece = requests[start : start + _PIECE]
            mine += call_times_us(ours, piece)
            other += call_times_us(theirs, piece)
    return mine, other
