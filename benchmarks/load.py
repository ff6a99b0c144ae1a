"""How long reads take under load: calls that begin at random times, at shares of what each server can do at most."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import rival_servers as servers
from benchmarks.daemons import sidecar
from benchmarks.load_client import load, require
from benchmarks.plot import draw_lines
from benchmarks.population import write_profiles
from benchmarks.redis_server import redis_server
from benchmarks.rival_field import write_rows
from benchmarks.sized import ended_by_signals, run_sized
from benchmarks.table import RESULTS, Table
from foreword.errors import ForewordError

USERS = 100_000
ROUNDS = 3
SECONDS = 4.0
SHARES = (0.2, 0.5, 0.8)
CONNECTIONS = 16
# Enough that no server waits for the client, and no more: what waits in a queue does not make it faster.
IN_FLIGHT = 2
_FIGURES = ("p50_us", "p99_us", "p999_us", "late_p99_us")


@dataclass
class _Side:
    name: str
    address: str
    capacities: list[float] = field(default_factory=list)
    loaded: dict[float, list[dict[str, float]]] = field(default_factory=dict)

    @property
    def capacity(self) -> float:
        return statistics.median(self.capacities)

    def median(self, share: float, figure: str) -> float:
        return statistics.median(each[figure] for each in self.loaded[share])


def run(users: int = USERS, rounds: int = ROUNDS, seconds: float = SECONDS) -> Table:
    """Measure what each can do at most, and then what a call takes at shares of it, in turns."""
    require()
    skipped = []
    with ended_by_signals(), tempfile.TemporaryDirectory(prefix="fw") as name, ExitStack() as stack:
        folder = Path(name)
        sides = _foreword(stack, folder, users)
        try:
            sides.append(_redis(stack, folder, users))
        except ForewordError as exc:
            skipped.append(f"Redis is left out: {exc}.")
        _measure(sides, users, rounds, seconds)
    table = _table(sides, rounds, seconds)
    table.notes += skipped
    if (users, rounds, seconds) == (USERS, ROUNDS, SECONDS):
        _draw(sides)
    return table


def _foreword(stack: ExitStack, folder: Path, users: int) -> list[_Side]:
    write_profiles(folder / "n", users)
    shutil.copytree(folder / "n", folder / "p")
    native, _ = stack.enter_context(sidecar(folder / "n"))
    python, _ = stack.enter_context(sidecar(folder / "p", native="off"))
    return [_Side("Foreword, native front", native), _Side("Foreword, Python alone", python)]


def _redis(stack: ExitStack, folder: Path, users: int) -> _Side:
    path = stack.enter_context(redis_server(folder))
    servers.require_library("redis")
    write_rows(folder / "p", folder / "rows", users)
    servers.give("redis", path, folder / "rows")
    return _Side("Redis, GET", f"redis:{path}")


def _measure(sides: list[_Side], users: int, rounds: int, seconds: float) -> None:
    for number in range(-1, rounds):
        for side in sides:
            done = load(
                side.address, users, connections=CONNECTIONS, in_flight=IN_FLIGHT, seconds=seconds / 2
            )
            # The first round only warms up.
            if number >= 0:
                side.capacities.append(done["calls_a_second"])
    for _ in range(rounds):
        for share in SHARES:
            for side in sides:
                held = side.loaded.setdefault(share, [])
                # Else it was not held, on a machine that does something else as well.
                with suppress(ForewordError):
                    rate = share * side.capacity
                    held.append(
                        load(side.address, users, connections=CONNECTIONS, seconds=seconds, rate=rate)
                    )


def _table(sides: list[_Side], rounds: int, seconds: float) -> Table:
    table = Table(
        "load",
        "What a read of 2 KB takes under load, unix socket",
        "python -m benchmarks load",
        ("of its capacity", "served by", "capacity, calls/s", "calls/s begun", "rounds held", "p50 µs", "p99 µs",
         "p99.9 µs", "generator late p99 µs"),
    )  # fmt: skip
    for share in SHARES:
        for side in sides:
            rates = (
                f"{side.capacity:,.0f}",
                f"{share * side.capacity:,.0f}",
                f"{len(side.loaded[share])}/{rounds}",
            )
            table.add(f"{share:.0%}", side.name, *rates, *_times(side, share))
    table.notes += [
        f"Capacity: calls a second over {CONNECTIONS} connections with {IN_FLIGHT} in flight on each, each followed by "
        f"the next; medians of {rounds} rounds in turns. The load client is one thread in Rust, the same for all, and "
        "shares the two cores with the server.",
        f"Under load: calls begin at random times (Poisson), whatever was answered, for {seconds:.0f} s, on the "
        "connections in turn; each counts from the moment at which it was to begin, so that what waits behind a slow "
        "call, or for the client itself, is in it. The client looks at the clock without pause, which takes one core.",
        "On one connection calls share HTTP/2, and Redis is asked for several at once (pipelining), which is its best.",
        "A round is not held when 50,000 calls wait; the times are medians of those that were.",
        "Generator late: by how much calls began after that moment; that much of the times is the client's own.",
    ]
    return table


def _times(side: _Side, share: float) -> list[str]:
    return [f"{side.median(share, figure):,.0f}" if side.loaded[share] else "" for figure in _FIGURES]


def _draw(sides: list[_Side]) -> None:
    lines = {
        f"{side.name}, {name}": [
            (100 * share, side.median(share, figure)) for share in SHARES if side.loaded[share]
        ]
        for side in sides
        for name, figure in (("p50", "p50_us"), ("p99.9", "p999_us"))
    }
    title = "What a read takes under load, counted from when it was to begin"
    draw_lines(
        RESULTS / "load.svg", title, ("load, % of each server's own capacity", "µs"), lines, log_x=False
    )


if __name__ == "__main__":
    run_sized(run, __doc__, users=USERS, rounds=ROUNDS, seconds=SECONDS)
