"""Reads as one Python client makes them, run by the interpreter of whoever has the client's library.

`rival_reads.py KIND ADDRESS USERS` prints "ready", and then a line of figures for each line of JSON that comes in,
until there are no more. Imports nothing of the project that the way to read does not need.
"""

from __future__ import annotations

import http.client
import json
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

BATCH_USERS = 100
# Less than this was no profile.
PROFILE_BYTES_MIN = 1500


class Reads(NamedTuple):
    """One way to read; each returns what it got of the user, or of one of them."""

    one: Callable[[str], Any]
    batch: Callable[[list[str]], Any]
    size_bytes: Callable[[Any], int] = len


def _foreword(address: str) -> Reads:
    from foreword.client import Foreword

    client = Foreword(address, raises=True)
    return Reads(client.profile, lambda users: client.profiles(users)[0], lambda found: found.ByteSize())


def _lookups(address: str) -> Reads:
    import grpc

    from foreword.v1.profile_service_pb2 import LookupProfilesRequest, LookupProfilesResponse

    asked: queue.SimpleQueue[LookupProfilesRequest | None] = queue.SimpleQueue()
    answers = grpc.insecure_channel(address).stream_stream(
        "/foreword.v1.ProfileService/LookupProfiles",
        request_serializer=LookupProfilesRequest.SerializeToString,
        response_deserializer=LookupProfilesResponse.FromString,
    )(iter(asked.get, None))

    def batch(users: list[str]) -> Any:
        for user in users:
            asked.put(LookupProfilesRequest(user_id=user))
        first, *_ = [next(answers) for _ in users]
        return first

    return Reads(lambda user: batch([user]), batch, lambda found: found.ByteSize())


def _local_bytes(directory: str) -> Reads:
    from foreword.local import LocalReader

    read = LocalReader(directory).profile_response
    return Reads(read, lambda users: [read(user) for user in users][-1])


def _local(directory: str) -> Reads:
    from foreword.local import LocalReader

    read = LocalReader(directory).profile
    return Reads(read, lambda users: [read(user) for user in users][-1], lambda found: found.ByteSize())


def _redis(path: str) -> Reads:
    import redis

    client = redis.Redis(unix_socket_path=path)
    return Reads(client.get, lambda users: client.mget(users)[0])


def _postgres(directory: str) -> Reads:
    import psycopg

    connection = psycopg.connect(host=directory, dbname="postgres", user="bench", autocommit=True)
    # Prepared from the first time on, and bytes as they are: the quickest that it offers.
    cursor = connection.cursor(binary=True)
    query = "SELECT body FROM profiles WHERE user_id = %s"
    batch_query = "SELECT body FROM profiles WHERE user_id = ANY(%s)"

    def one(user: str) -> bytes:
        row = cursor.execute(query, (user,), prepare=True).fetchone()
        assert row is not None
        return bytes(row[0])

    def batch(users: list[str]) -> bytes:
        rows = cursor.execute(batch_query, (users,), prepare=True).fetchall()
        assert len(rows) == len(users)
        return bytes(rows[0][0])

    return Reads(one, batch)


def _feast(directory: str) -> Reads:
    from feast import FeatureStore

    store = FeatureStore(repo_path=directory)

    def batch(users: list[str]) -> Any:
        rows = [{"user_id": user} for user in users]
        return store.get_online_features(features=["profiles:body"], entity_rows=rows).to_dict()["body"][0]

    return Reads(lambda user: batch([user]), batch)


def _feast_http(address: str) -> Reads:
    connection = http.client.HTTPConnection(address)

    def post(body: str) -> Any:
        connection.request("POST", "/get-online-features", body, {"Content-Type": "application/json"})
        return json.load(connection.getresponse())

    def batch(users: list[str]) -> Any:
        body = json.dumps({"features": ["profiles:body"], "entities": {"user_id": users}})
        try:
            answer = post(body)
        except ConnectionError:
            # The turns of others are longer than the 15 seconds for which the Go server keeps an idle connection.
            connection.close()
            answer = post(body)
        return answer["results"][answer["metadata"]["feature_names"].index("body")]["values"][0]

    return Reads(lambda user: batch([user]), batch)


def _empty(address: str) -> Reads:
    import grpc

    call: Any = grpc.insecure_channel(address).unary_unary("/empty/Call")
    return Reads(
        lambda user: call(user.encode(), timeout=5), lambda users: call(users[0].encode(), timeout=5)
    )


WAYS: dict[str, Callable[[str], Reads]] = {
    "foreword": _foreword,
    "lookups": _lookups,
    "local": _local,
    "local-bytes": _local_bytes,
    "redis": _redis,
    "postgres": _postgres,
    "feast": _feast,
    "feast-http": _feast_http,
    "empty": _empty,
}
# One client serves all threads; of the others each thread has its own.
SHARED = {"foreword", "local", "local-bytes", "feast", "empty"}


def measure(clients: list[Reads], read: str, seconds: float, users: int) -> dict[str, float]:
    """Read in a thread for each client until the time is over; return calls a second and percentiles."""
    took: list[list[int]] = [[] for _ in clients]
    failed: list[BaseException] = []
    began = time.perf_counter_ns()
    until = began + int(seconds * 1e9)

    def run(slot: int) -> None:
        try:
            took[slot] = _read_until(clients[slot], read, until, users, slot * users // len(clients))
        except BaseException as exc:
            failed.append(exc)

    threads = [threading.Thread(target=run, args=(slot,), daemon=True) for slot in range(1, len(clients))]
    for thread in threads:
        thread.start()
    run(0)
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    lasted = time.perf_counter_ns() - began
    ordered = sorted(each for one in took for each in one)
    return {
        "calls_a_second": len(ordered) / lasted * 1e9,
        "p50_us": ordered[len(ordered) // 2] / 1000,
        "p99_us": ordered[int(len(ordered) * 0.99)] / 1000,
    }


def _read_until(client: Reads, read: str, until: int, users: int, first: int) -> list[int]:
    size, clock, ended = (1 if read == "one" else BATCH_USERS), time.perf_counter_ns, 0
    took = []
    call: Callable[[Any], Any] = client.one if read == "one" else client.batch
    while ended < until:
        # In an order that leaves no two neighbours.
        asked = [f"user-{number * 37 % users:09d}" for number in range(first, first + size)]
        argument = asked[0] if read == "one" else asked
        began = clock()
        found = call(argument)
        ended = clock()
        took.append(ended - began)
        first += size
    assert client.size_bytes(found) >= PROFILE_BYTES_MIN, found
    return took


def main() -> None:
    """Answer what is asked on standard input."""
    kind, address, users = sys.argv[1:]
    opened = [WAYS[kind](address)]
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        while len(opened) < asked["in_flight"]:
            opened.append(opened[0] if kind in SHARED else WAYS[kind](address))
        clients = opened[: asked["in_flight"]]
        print(json.dumps(measure(clients, asked["read"], asked["seconds"], int(users))), flush=True)


if __name__ == "__main__":
    main()
