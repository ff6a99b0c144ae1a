"""Who takes part in benchmarks/rivals.py: each started for real, with the same profiles, and its client beside it."""

from __future__ import annotations

import base64
import shutil
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import rival_servers as servers
from benchmarks.asked_client import AskedClient, asked_client
from benchmarks.daemons import sidecar
from benchmarks.empty_server import empty_server
from benchmarks.population import PROFILE_BYTES, user_id, write_profiles
from benchmarks.redis_server import redis_server
from foreword.errors import ForewordError
from foreword.local import LocalReader
from sidecar.front import find_binary

Read = tuple[str, int]
"""What a call reads, and how many calls are under way."""
Reads = tuple[Read, ...]
ONE, MANY, BATCH = ("one", 1), ("one", 16), ("batch", 1)
ALL = (ONE, MANY, BATCH)
# Threads only get into each other's way where there is nothing to wait for.
IN_PROCESS = (ONE, BATCH)
NO_BATCH = (ONE, MANY)
REDIS = "Redis"

Figures = dict[str, float]


@dataclass
class Side:
    """Who is read from, by which client, and what came of it."""

    name: str
    client: str
    asked: AskedClient
    reads: Reads = ALL
    rounds: dict[Read, list[Figures]] = field(default_factory=dict)

    def median(self, read: Read, figure: str) -> float:
        """Return the median over the rounds."""
        return statistics.median(each[figure] for each in self.rounds[read])

    @property
    def is_ours(self) -> bool:
        """Whether it is Foreword."""
        return self.name.startswith("Foreword")

    @property
    def language(self) -> str:
        """Of its client: only clients of one language are compared."""
        return "Go" if self.client.startswith("Go") else "Python"


class Field:
    """All who take part, and the names of those who cannot, with the reason."""

    def __init__(self, stack: ExitStack, folder: Path, users: int) -> None:
        self.sides: list[Side] = []
        self.skipped: list[tuple[str, str]] = []
        self.stack = stack
        self.folder = folder
        self.rows = folder / "rows"
        self.redis: Path | None = None
        self._users = str(users)

    def enter(self, name: str, add: Callable[[], None]) -> None:
        """Start somebody, or note why not."""
        try:
            add()
        except ForewordError as exc:
            self.skipped.append((name, str(exc)))

    def python(
        self,
        name: str,
        client: str,
        kind: str,
        address: str | Path,
        reads: Reads = ALL,
    ) -> None:
        """Add a Python client: of this environment where it is Foreword's, else of the rivals'."""
        ours = kind in {"foreword", "lookups", "local", "local-bytes", "empty"}
        command = servers.python_command("rival_reads.py", kind, address, self._users, foreword=ours)
        self._add(name, client, command, reads)

    def go(
        self,
        name: str,
        client: str,
        kind: str,
        address: str | Path,
        reads: Reads = ALL,
    ) -> None:
        """Add a Go client."""
        servers.require_go()
        self._add(name, client, [str(servers.GO), kind, str(address), self._users], reads)

    def _add(self, name: str, client: str, command: list[str], reads: Reads) -> None:
        asked = self.stack.enter_context(asked_client(f"{name}, {client}", command))
        self.sides.append(Side(name, client, asked, reads))


def enter_all(players: Field, users: int) -> None:
    """Write the profiles, and start everybody who can be."""
    stack, folder = players.stack, players.folder
    write_profiles(folder / "n", users)
    write_rows(folder / "n", players.rows, users)
    shutil.copytree(folder / "n", folder / "p")
    python, _ = stack.enter_context(sidecar(folder / "p", native="off"))
    players.enter("Foreword, native front", lambda: _enter_front(players))
    alone = "Foreword, Python alone"
    players.python(alone, "Python, gRPC", "foreword", python)
    players.python("Foreword, LookupProfiles, Python alone", "Python, a stream", "lookups", python)
    players.enter(
        "Foreword, Python alone", lambda: players.go("Foreword, Python alone", "Go, gRPC", "foreword", python)
    )
    players.python(
        "Foreword, LocalReader, bytes", "Python, in process", "local-bytes", folder / "p", IN_PROCESS
    )
    players.python("Foreword, LocalReader", "Python, in process", "local", folder / "p", IN_PROCESS)
    players.enter(
        "Foreword, LocalReader",
        lambda: players.go("Foreword, LocalReader", "Go, in process", "local", folder / "p", IN_PROCESS),
    )
    players.enter(REDIS, lambda: _enter_redis(players))
    players.enter("Feast, SQLite", lambda: _enter_feast(players, "SQLite"))
    players.enter("Feast, Redis", lambda: _enter_feast(players, "Redis"))
    players.enter("PostgreSQL", lambda: _enter_postgres(players))
    players.enter("an empty call of grpcio", lambda: _enter_empty(players))
    players.enter("an empty call of grpc-go", lambda: _enter_empty_go(players))


def _enter_front(players: Field) -> None:
    if find_binary() is None:
        raise ForewordError("it is not built", hint="make native")
    address, _ = players.stack.enter_context(sidecar(players.folder / "n"))
    players.python("Foreword, native front", "Python, gRPC", "foreword", address)
    players.python("Foreword, LookupProfiles, native front", "Python, a stream", "lookups", address)
    players.go("Foreword, native front", "Go, gRPC", "foreword", address)


def _enter_redis(players: Field) -> None:
    path = players.stack.enter_context(redis_server(players.folder))
    servers.require_library("redis")
    servers.give("redis", path, players.rows)
    players.redis = path
    players.python(REDIS, "Python, redis-py and hiredis", "redis", path)
    players.enter(REDIS, lambda: players.go(REDIS, "Go, go-redis", "redis", path))


def _enter_postgres(players: Field) -> None:
    servers.require_library("psycopg")
    place = players.stack.enter_context(servers.postgres_server())
    servers.give("postgres", place, players.rows)
    players.python("PostgreSQL", "Python, psycopg 3", "postgres", place)


def _enter_feast(players: Field, store: str) -> None:
    servers.require_library("feast")
    repository = players.folder / f"feast-{store}"
    address = str(repository)
    if store == REDIS:
        if players.redis is None:
            raise ForewordError("there is no Redis to keep it in")
        address += f"={players.redis}"
    servers.give("feast", address, players.rows)
    players.python(f"Feast, {store}", "Python, SDK in process", "feast", repository)
    http = players.stack.enter_context(servers.feast_server(repository))
    players.python(f"Feast, {store}, its Python server", "Python, HTTP", "feast-http", http)

    def enter_go() -> None:
        served = players.stack.enter_context(servers.feast_go_server(repository))
        players.python(f"Feast, {store}, its Go server", "Python, HTTP", "feast-http", served)

    players.enter(f"Feast, {store}, its Go server", enter_go)


def _enter_empty(players: Field) -> None:
    address = f"unix:{players.folder}/empty.sock"
    players.stack.enter_context(empty_server(address, bytes(PROFILE_BYTES)))
    players.python("an empty call of grpcio", "Python, gRPC", "empty", address, NO_BATCH)


def _enter_empty_go(players: Field) -> None:
    servers.require_go()
    address = f"unix:{players.folder}/empty-go.sock"
    players.stack.enter_context(servers.empty_go_server(address, PROFILE_BYTES))
    players.go("an empty call of grpc-go", "Go, gRPC", "empty", address, NO_BATCH)


def write_rows(store: Path, file: Path, users: int) -> None:
    """Write what Foreword answers for each user, for the others to serve."""
    with LocalReader(store) as reader, file.open("w", encoding="ascii") as lines:
        for number in range(users):
            body = base64.b64encode(reader.profile_response(user_id(number))).decode()
            lines.write(f"{user_id(number)}\t{body}\n")
