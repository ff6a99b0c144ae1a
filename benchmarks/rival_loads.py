"""Gives a rival the profiles that are read: `rival_loads.py KIND ADDRESS FILE`, in the rivals' own environment.

FILE has a line of text for each user: the id, a tab, and the profile's bytes in base64.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

_TOGETHER = 5000

Row = tuple[str, bytes]


def rows_of(file: str) -> Iterator[list[Row]]:
    """Yield the rows, thousands at a time."""
    with Path(file).open(encoding="ascii") as lines:
        while some := list(itertools.islice(lines, _TOGETHER)):
            pairs = (line.split("\t") for line in some)
            yield [(user, base64.b64decode(body)) for user, body in pairs]


def _redis(path: str, file: str) -> None:
    import redis

    client = redis.Redis(unix_socket_path=path)
    for rows in rows_of(file):
        client.mset(dict(rows))


def _postgres(directory: str, file: str) -> None:
    import psycopg

    with psycopg.connect(host=directory, dbname="postgres", user="bench", autocommit=True) as connection:
        connection.execute("CREATE TABLE profiles (user_id text PRIMARY KEY, body bytea NOT NULL)")
        # In the row itself and as it is: neither fetched from elsewhere nor unpacked.
        connection.execute("ALTER TABLE profiles ALTER COLUMN body SET STORAGE PLAIN")
        with connection.cursor().copy("COPY profiles FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["text", "bytea"])
            for rows in rows_of(file):
                for row in rows:
                    copy.write_row(row)
        connection.execute("VACUUM ANALYZE profiles")


def _feast(address: str, file: str) -> None:
    """Make a feature repository in the folder `address` names, and in its `go` the settings that its Go server reads.

    What stands behind `=` is the Redis to keep it in.
    """
    import pandas
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource
    from feast.types import Bytes, String
    from feast.value_type import ValueType

    directory, _, redis_path = address.partition("=")
    folder, now = Path(directory), datetime.now(UTC)
    folder.mkdir()
    online = (
        {"type": "redis", "connection_string": f"localhost:0,unix_socket_path={redis_path},db=1"}
        if redis_path
        else {"type": "sqlite", "path": str(folder / "online.db")}
    )
    settings = {
        "project": "bench",
        "provider": "local",
        "registry": str(folder / "registry.db"),
        "offline_store": {"type": "file"},
        "entity_key_serialization_version": 3,
    }
    go = folder / "go"
    go.mkdir()
    for place, store in ((folder, online), (go, _feast_go_store(go, folder / "online.db", redis_path))):
        # JSON is YAML, too.
        text = json.dumps(settings | {"online_store": store})
        (place / "feature_store.yaml").write_text(text, encoding="utf-8")

    def frame(rows: list[Row]) -> pandas.DataFrame:
        users, bodies = zip(*rows, strict=True)
        return pandas.DataFrame({"user_id": users, "event_timestamp": [now] * len(rows), "body": bodies})

    # It has to have a source, which is never read.
    source = folder / "none.parquet"
    frame([("nobody", b"")]).to_parquet(source)
    user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
    view = FeatureView(
        name="profiles",
        entities=[user],
        ttl=timedelta(days=365),
        schema=[Field(name="user_id", dtype=String), Field(name="body", dtype=Bytes)],
        source=FileSource(path=str(source), timestamp_field="event_timestamp"),
    )
    store = FeatureStore(repo_path=directory)
    store.apply([user, view])
    for rows in rows_of(file):
        store.write_to_online_store("profiles", frame(rows))


def _feast_go_store(go: Path, database: Path, redis_path: str) -> dict[str, str]:
    """Return the same store in the words of Feast's Go server, which knows no absolute path and no unix socket."""
    if not redis_path:
        return {"type": "sqlite", "path": os.path.relpath(database, go)}
    # It takes for an address what has a colon, and go-redis for a unix socket what begins with a slash.
    (go / "redis:").symlink_to(redis_path)
    return {"type": "redis", "connection_string": f"{go}/redis:,db=1"}


if __name__ == "__main__":
    {"redis": _redis, "postgres": _postgres, "feast": _feast}[sys.argv[1]](*sys.argv[2:])
