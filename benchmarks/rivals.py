"""Reading a profile beside Redis, PostgreSQL, Feast and empty calls, all started for real and measured in turns."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.plot import Bar, draw_bars
from benchmarks.population import PROFILE_BYTES
from benchmarks.rival_field import BATCH, MANY, ONE, REDIS, Field, Read, Side, enter_all
from benchmarks.sized import ended_by_signals, run_sized
from benchmarks.table import RESULTS, Table, ratio

USERS = 100_000
ROUNDS = 3
SECONDS = 0.6
_TITLES = {ONE: "one at a time", MANY: "16 in flight", BATCH: "100 in a call"}


def run(users: int = USERS, rounds: int = ROUNDS, seconds: float = SECONDS) -> Table:
    """Start all, measure them in turns, and draw what a single read takes."""
    with ended_by_signals(), tempfile.TemporaryDirectory(prefix="fw") as folder, ExitStack() as stack:
        players = Field(stack, Path(folder), users)
        enter_all(players, users)
        _round(players, seconds / 3)
        for side in players.sides:
            side.rounds.clear()
        for _ in range(rounds):
            _round(players, seconds)
    table = _table(players, users, rounds, seconds)
    if (users, rounds, seconds) == (USERS, ROUNDS, SECONDS):
        _draw(players.sides)
    return table


def _round(players: Field, seconds: float) -> None:
    for read in _TITLES:
        for side in players.sides:
            if read in side.reads:
                side.rounds.setdefault(read, []).append(side.asked.measure(*read, seconds))


def _table(players: Field, users: int, rounds: int, seconds: float) -> Table:
    table = Table(
        "rivals",
        f"Reading one of {users:,} profiles of 2 KB, beside others that serve the same bytes",
        "python -m benchmarks rivals",
        ("", "served by", "client", "p50 µs", "p99 µs", "calls/s", "p50 to Redis", "calls/s to Redis"),
    )
    for read, title in _TITLES.items():
        taking = [side for side in players.sides if read in side.reads]
        for side in sorted(taking, key=lambda each: each.median(read, "p50_us")):
            table.add(
                title,
                side.name,
                side.client,
                *_figures(side, read),
                *_ratios(side, _redis(players, side), read),
            )
    for name, reason in players.skipped:
        table.add("skipped", name, reason, "", "", "", "", "")
    table.notes += [
        f"Medians of {rounds} rounds of {seconds} s, in which all take turns; servers and clients share the cores, and "
        "all are on unix sockets but Feast's servers, which have loopback only.",
        "16 in flight: as many threads or goroutines. 100 in a call: BatchGetProfiles, MGET, ANY and entity rows; in "
        "process, 100 reads. A call of 100 counts once.",
        "To Redis: the same read by GET or MGET from the same language. Better is p50 below 1 ×, calls/s above.",
        "Redis, PostgreSQL, `LocalReader, bytes` and the empty calls hand over bytes; other clients of Foreword a "
        "parsed message, with checksum and freshness looked at. Feast has the bytes as a feature, its servers in JSON.",
        f"Empty calls: {PROFILE_BYTES:,} constant bytes, nothing parsed; grpcio's server on asyncio and uvloop.",
        "Redis without persistence; PostgreSQL with all rows in its memory, by a prepared statement and in binary; "
        "Feast's Python server with one worker, as it is started by default, but for good.",
        *_verdicts(players),
    ]
    return table


def _figures(side: Side, read: Read) -> list[str]:
    p50, p99 = side.median(read, "p50_us"), side.median(read, "p99_us")
    places = 1 if p50 < 100 else 0
    return [f"{p50:,.{places}f}", f"{p99:,.{places}f}", f"{side.median(read, 'calls_a_second'):,.0f}"]


def _ratios(side: Side, redis: Side | None, read: Read) -> list[str]:
    if redis is None:
        return ["", ""]
    return [
        ratio(side.median(read, figure), redis.median(read, figure))
        for figure in ("p50_us", "calls_a_second")
    ]


def _redis(players: Field, side: Side) -> Side | None:
    """Return Redis as read from the same language."""
    same = (each for each in players.sides if each.name == REDIS and each.language == side.language)
    return next(same, None)


def _verdicts(players: Field) -> list[str]:
    """Say of each read where Redis is faster than Foreword, and where not."""
    notes = []
    for read, title in _TITLES.items():
        than: dict[bool, list[str]] = {True: [], False: []}
        for side in players.sides:
            redis = _redis(players, side)
            if redis is not None and side.is_ours and read in side.reads:
                share = side.median(read, "p50_us") / redis.median(read, "p50_us")
                name = (
                    f"{side.name.removeprefix('Foreword, ')} ({side.client}, {max(share, 1 / share):.1f} ×)"
                )
                than[share > 1].append(name)
        for redis_is_faster, names in than.items():
            if names:
                word = "faster" if redis_is_faster else "slower"
                notes.append(f"**Redis is {word}**, {title}, by p50, than: {'; '.join(names)}.")
    return notes


def _draw(sides: list[Side]) -> None:
    bars = [
        Bar(
            f"{side.name}\n{side.client}",
            side.median(ONE, "p50_us"),
            side.median(ONE, "p99_us"),
            side.is_ours,
        )
        for side in sides
    ]
    draw_bars(RESULTS / "rivals.svg", "One read of a profile of 2 KB, µs: p50, and p99 as a mark", bars)


if __name__ == "__main__":
    run_sized(run, __doc__, users=USERS, rounds=ROUNDS, seconds=SECONDS)
