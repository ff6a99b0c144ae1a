"""What asking a model costs this side of the wire: memory and processor time, against the model server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.model_server import model_server
from benchmarks.table import Table
from foreword.llm import ModelRequest
from foreword.llm.anthropic_model import AnthropicModel
from scheduler.agent.prompt import answer_schema

CALLS = 200
LATENCY_SECONDS = 2.0
BATCH_USERS = 2000
IMPORT_RUNS = 5
# Instructions of 8 KB and a user's part of 12 KB: about 3,000 tokens each, as agent.prompt_tokens_max has it.
INSTRUCTIONS = "Answer with operations that the events support. " * 170
PROMPT = (
    "<events>\n"
    + '{"id":"e1","topics":["celery/worker"],"text":"Decode message error log"}\n' * 160
    + "</events>"
)


def run() -> Table:
    """Measure each in a process of its own, so that none finds what another has loaded."""
    table = Table(
        name="model_calls",
        title="Asking a model",
        command="python -m benchmarks model_calls",
        columns=("what", "seconds", "processor seconds", "MB at most", "longest hold-up, ms"),
    )
    for module in ("foreword.llm", "anthropic", "openai"):
        runs = [_measure_import(module) for _ in range(IMPORT_RUNS)]
        _row(table, f"importing {module}", min(runs, key=lambda run: run["processor_seconds"]))
    with model_server("--latency", str(LATENCY_SECONDS)) as server:
        what = f"{CALLS} calls under way at {LATENCY_SECONDS:g} s latency"
        _row(table, what, _child("calls", server.url))
    with model_server("--latency", "0", "--batch-wait", "0") as server:
        _row(table, f"creating a batch of {BATCH_USERS:,}", _child("batch", server.url))
    table.notes += [
        f"Imports: the best of {IMPORT_RUNS}, each beside the interpreter alone. The others hold the SDK of anthropic.",
        f"Prompts of {(len(INSTRUCTIONS) + len(PROMPT)) / 1000:.0f} KB. The longest hold-up is how late a task that "
        "wakes every millisecond ever was.",
        "Aims: 200 calls under way under 300 MB on one core; nothing of a model is imported by whoever asks none.",
    ]
    return table


def _row(table: Table, what: str, run: dict[str, float]) -> None:
    seconds = [f"{run[key]:.2f}" for key in ("seconds", "processor_seconds")]
    hold_up = f"{run['hold_up_ms']:.0f}" if "hold_up_ms" in run else ""
    table.add(what, *seconds, f"{run['megabytes_max']:.0f}", hold_up)


def _child(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.model_calls", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _request(number: int) -> ModelRequest:
    return ModelRequest(
        model="claude-haiku-4-5",
        instructions=INSTRUCTIONS,
        shared="",
        prompt=f"{PROMPT}\n{number}",
        schema=answer_schema(),
        output_tokens_max=1500,
    )


async def _calls(model: AnthropicModel) -> None:
    await asyncio.gather(*(model.ask(_request(number)) for number in range(CALLS)))


async def _batch(model: AnthropicModel) -> None:
    assert model.batches is not None
    await model.batches.create([(f"user-{number}", _request(number)) for number in range(BATCH_USERS)])


async def _asked(what: str, url: str) -> dict[str, float]:
    """Do the work once; return times, and for how long it held up the event loop at most, in ms."""
    model = AnthropicModel("none", base_url=url, timeout_seconds=60, calls_max=CALLS)
    await asyncio.sleep(0)
    seconds, processor_seconds = time.perf_counter(), time.process_time()
    late: list[float] = [0.0]

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            late[0] = max(late[0], time.perf_counter() - before - 0.001)

    watching = asyncio.create_task(watch())
    await (_calls(model) if what == "calls" else _batch(model))
    seconds, processor_seconds = time.perf_counter() - seconds, time.process_time() - processor_seconds
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    await model.close()
    return {"seconds": seconds, "processor_seconds": processor_seconds, "hold_up_ms": late[0] * 1000}


def _measure_import(module: str) -> dict[str, float]:
    code = (
        "import time\nseconds, processor_seconds = time.perf_counter(), time.process_time()\n"
        f"import {module}\nprint(time.perf_counter() - seconds, time.process_time() - processor_seconds)\n"
        "print(open('/proc/self/status').read())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    times, _, status = done.stdout.partition("\n")
    seconds, processor_seconds = map(float, times.split())
    return {
        "seconds": seconds,
        "processor_seconds": processor_seconds,
        "megabytes_max": _megabytes_max(status),
    }


def _measure_asking(what: str, url: str) -> dict[str, float]:
    measured = asyncio.run(_asked(what, url))
    return {**measured, "megabytes_max": _megabytes_max(Path("/proc/self/status").read_text("utf-8"))}


def _megabytes_max(status: str) -> float:
    """Return the most a process had in memory; getrusage would count its parent's, too."""
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    print(json.dumps(_measure_asking(*sys.argv[1:])))
