"""What a tool of the MCP server takes beside a tool that does nothing, over stdin and stdout, in turns."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from benchmarks.daemons import sidecar
from benchmarks.population import user_id, write_profiles
from benchmarks.table import Table, ratio
from foreword.client import AsyncForeword
from foreword.latency import percentile

USERS = 1_000
CALLS = 50
ROUNDS = 40
# A tool of the same SDK that answers what read_foreword does, from nowhere.
_BARE = """
from mcp.server import MCPServer
from foreword.mcp.results import ForewordRead

server = MCPServer("bare", log_level="WARNING")

@server.tool()
async def bare() -> ForewordRead:
    return ForewordRead(text="About this user. " * 20, token_count=80, freshness="fresh", revision=1)

server.run("stdio")
"""

Call = Callable[[], Awaitable[object]]


def run() -> Table:
    """Measure calls in turns."""
    table = Table(
        "mcp_calls",
        "What a tool of the MCP server takes, by the SDK's client over stdin and stdout",
        "python -m benchmarks mcp_calls",
        ("call", "p50 µs", "p99 µs", "beside a tool that does nothing", "in all, µs more"),
    )
    with tempfile.TemporaryDirectory() as folder:
        write_profiles(Path(folder), USERS)
        with sidecar(Path(folder)) as (address, _):
            rounds_us = asyncio.run(_measure(address))
    bare = rounds_us["a tool that does nothing"]
    for name, rounds in rounds_us.items():
        taken = [one for each in rounds for one in each]
        pairs = list(zip(rounds, bare, strict=True))
        table.add(
            name,
            f"{percentile(taken, 0.5):,.0f}",
            f"{percentile(taken, 0.99):,.0f}",
            ratio(median(median(ours) / median(theirs) for ours, theirs in pairs), 1.0),
            f"{median(median(ours) - median(theirs) for ours, theirs in pairs):,.0f}",
        )
    table.notes += [
        f"{ROUNDS} rounds of {CALLS} calls each in turns, one in flight; both ratio and difference are the median of "
        "the rounds' own.",
        "The tool that does nothing answers a text of the same size and shape, from a process of its own.",
        "The client alone is one call of the sidecar, without MCP.",
    ]
    return table


async def _measure(address: str) -> dict[str, list[list[float]]]:
    user = user_id(7)
    async with AsyncExitStack() as stack:
        plain = await stack.enter_async_context(_started("-c", _BARE))
        ours = await stack.enter_async_context(
            _started("-m", "foreword", "mcp", "--user", user, "--address", address)
        )
        client = await stack.enter_async_context(AsyncForeword(address, raises=True))
        event = {"type": "read", "topics": ["chess"]}
        calls: dict[str, Call] = {
            "a tool that does nothing": lambda: plain.call_tool("bare", {}),
            "read_foreword": lambda: ours.call_tool("read_foreword", {}),
            "read_profile": lambda: ours.call_tool("read_profile", {}),
            "record_event": lambda: ours.call_tool("record_event", event),
            "the client alone, a foreword": lambda: client.foreword(user),
        }
        rounds_us: dict[str, list[list[float]]] = {name: [] for name in calls}
        for call in calls.values():
            await _times_us(call)
        order = random.Random(1)
        for _ in range(ROUNDS):
            for name in order.sample(sorted(calls), len(calls)):
                rounds_us[name].append(await _times_us(calls[name]))
        return rounds_us


def _started(*arguments: str) -> Client:
    return Client(stdio_client(StdioServerParameters(command=sys.executable, args=list(arguments))))


async def _times_us(call: Call) -> list[float]:
    taken = []
    for _ in range(CALLS):
        began = time.perf_counter_ns()
        await call()
        taken.append((time.perf_counter_ns() - began) / 1000)
    return taken
