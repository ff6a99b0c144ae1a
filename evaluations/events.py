"""Reading event files for evaluations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from foreword.errors import FieldError
from foreword.importers import JsonLines
from foreword.v1 import event_pb2


def read_events(file: Path) -> list[event_pb2.Event]:
    """Return the events of a file as an import reads it, ascending by time and id.

    Raises:
        FieldError: The file cannot be read, a line is no event, or there is none.
    """
    events = list(_parse(file))
    if not events:
        raise FieldError(str(file), "no events", "JSON lines, one event a line")
    events.sort(key=lambda event: (event.time.seconds, event.time.nanos, event.event_id))
    return events


def _parse(file: Path) -> Iterator[event_pb2.Event]:
    for row in JsonLines(file).rows():
        if row.event is None:
            found = f"a line that is no event ({row.refusal})"
            raise FieldError(f"{file}:{row.number}", found, "JSON lines, one event a line")
        yield row.event
