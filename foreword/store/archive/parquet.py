"""The one door to pyarrow: events as rows of a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from foreword.errors import StoreCorruptError
from foreword.v1.event_pb2 import Event, Feedback

# Rows of one group: what is read to take a user out, or to give one out, who is among them.
_GROUP_ROWS = 10_000
_NANOS = 1_000_000_000

SCHEMA = pa.schema(
    [
        ("namespace", pa.string()),
        ("user_id", pa.string()),
        ("time", pa.timestamp("ns", tz="UTC")),
        ("event_id", pa.string()),
        ("type", pa.string()),
        ("item_id", pa.string()),
        ("topics", pa.list_(pa.string())),
        ("text", pa.string()),
        ("session_id", pa.string()),
        # Seconds and nanoseconds, since a duration in nanoseconds ends at 292 years and an event's does not.
        ("dwell_seconds", pa.int64()),
        ("dwell_nanos", pa.int32()),
        ("feedback", pa.string()),
        ("value", pa.float64()),
        ("attributes", pa.map_(pa.string(), pa.string())),
        # Fields of an event that have no column yet, as a serialized Event; empty as a rule.
        ("rest", pa.binary()),
    ]
)
_COLUMNS = (
    *("namespace", "user_id", "time", "event_id", "type", "item_id", "topics", "text", "session_id"),
    *("dwell", "feedback", "value", "attributes"),
)
_IDENTITY = ["namespace", "user_id", "event_id"]
Identity = tuple[str, str, str]
"""Namespace, user id, event id."""


def table_of(events: Sequence[Event]) -> Any:
    """Return events as a table."""
    return pa.Table.from_pylist([_row(event) for event in events], schema=SCHEMA)


def read(file: Path) -> Any:
    """Return all rows of a file as a table."""
    with _translated(file):
        return pq.read_table(file, schema=SCHEMA, partitioning=None)


def joined(tables: Sequence[Any]) -> Any:
    """Return the rows of tables in the order of a file: a user's together, so that few groups hold one."""
    whole = pa.concat_tables(tables)
    return whole.sort_by([("namespace", "ascending"), ("user_id", "ascending"), ("time", "ascending")])


def write(table: Any, stream: BinaryIO) -> None:
    """Write a table into an open file."""
    pq.write_table(table, stream, compression="zstd", row_group_size=_GROUP_ROWS, version="2.6")


def identities(table: Any) -> set[Identity]:
    """Return which events a table holds."""
    return set(zip(*(table.column(name).to_pylist() for name in _IDENTITY), strict=True))


def identified(file: Path) -> Iterator[tuple[Identity, int]]:
    """Yield which events a file holds, each with its time in ms since 1970."""
    with _translated(file):
        table = pq.read_table(file, columns=[*_IDENTITY, "time"], partitioning=None)
        times = table.column("time").cast(pa.int64()).to_pylist()
        names = zip(*(table.column(name).to_pylist() for name in _IDENTITY), strict=True)
        yield from ((name, time // 1_000_000) for name, time in zip(names, times, strict=True))


def groups_with(file: Path, user_id: str, namespace: str) -> list[int]:
    """Return the groups of a file that may hold a user, by the least and the greatest value of each; reads no rows."""
    with _translated(file):
        metadata = pq.read_metadata(file)
        columns = {metadata.schema.column(place).path: place for place in range(metadata.num_columns)}
        wanted = ((columns["user_id"], user_id), (columns["namespace"], namespace))
        return [
            group
            for group in range(metadata.num_row_groups)
            if all(_may_hold(metadata.row_group(group).column(place), value) for place, value in wanted)
        ]


def _may_hold(chunk: Any, value: str) -> bool:
    found = chunk.statistics
    if found is None or not found.has_min_max:
        return True
    least, greatest = found.min.encode(), found.max.encode()
    # Parquet orders texts by their bytes, Python by code points: the same for UTF-8.
    is_within: bool = least <= value.encode() <= greatest
    return is_within


def events_of(file: Path, groups: Sequence[int], user_id: str, namespace: str) -> list[Event]:
    """Return a user's events among some groups of a file, oldest first."""
    with _translated(file):
        table = pq.ParquetFile(file).read_row_groups(list(groups))
        return [_event(row) for row in _rows(table.filter(_is_of(user_id, namespace)))]


def count_of(file: Path, groups: Sequence[int], user_id: str, namespace: str) -> int:
    """Return how many rows of a user are among some groups of a file."""
    with _translated(file):
        table = pq.ParquetFile(file).read_row_groups(list(groups), columns=["namespace", "user_id"])
        count: int = table.filter(_is_of(user_id, namespace)).num_rows
        return count


def without(table: Any, user_id: str, namespace: str) -> Any:
    """Return a table without a user's rows."""
    return table.filter(~_is_of(user_id, namespace))


def _is_of(user_id: str, namespace: str) -> Any:
    return (pc.field("user_id") == user_id) & (pc.field("namespace") == namespace)


def _row(event: Event) -> dict[str, Any]:
    rest = Event()
    rest.CopyFrom(event)
    for name in _COLUMNS:
        rest.ClearField(name)
    has_dwell = event.HasField("dwell")
    return {
        "namespace": event.namespace,
        "user_id": event.user_id,
        "time": event.time.seconds * _NANOS + event.time.nanos,
        "event_id": event.event_id,
        "type": event.type,
        "item_id": event.item_id,
        "topics": event.topics[:],
        "text": event.text,
        "session_id": event.session_id,
        "dwell_seconds": event.dwell.seconds if has_dwell else None,
        "dwell_nanos": event.dwell.nanos if has_dwell else None,
        "feedback": Feedback.Name(event.feedback) if event.feedback else "",
        "value": event.value if event.HasField("value") else None,
        "attributes": list(event.attributes.items()),
        "rest": rest.SerializeToString(),
    }


def _rows(table: Any) -> Iterator[dict[str, Any]]:
    # As a number: pyarrow turns nanoseconds into Python's times by way of pandas, which is not wanted here.
    place = table.schema.get_field_index("time")
    yield from table.set_column(place, "time", table.column("time").cast(pa.int64())).to_pylist()


def _event(row: dict[str, Any]) -> Event:
    event = Event.FromString(row["rest"] or b"")
    for name in ("namespace", "user_id", "event_id", "type", "item_id", "text", "session_id"):
        setattr(event, name, row[name])
    event.time.seconds, event.time.nanos = divmod(row["time"], _NANOS)
    event.topics.extend(row["topics"])
    if row["dwell_seconds"] is not None:
        event.dwell.seconds, event.dwell.nanos = row["dwell_seconds"], row["dwell_nanos"]
    if row["feedback"]:
        event.feedback = Feedback.Value(row["feedback"])  # type: ignore[assignment]
    if row["value"] is not None:
        event.value = row["value"]
    for name, value in row["attributes"]:
        event.attributes[name] = value
    return event


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    """Turn pyarrow's errors into ours; those of the file system pass.

    Raises:
        StoreCorruptError: The file is no Parquet file of events, or damaged.
    """
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowNotImplementedError, KeyError) as exc:
        raise StoreCorruptError(f"{file} is damaged: {exc}", hint="restore the file from a copy") from exc
