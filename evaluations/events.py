"""Reading event files for evaluations."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from foreword.errors import FieldError
from foreword.importers import JsonLines
from foreword.importers.source import Row
from foreword.v1 import event_pb2


def read_events(file: Path) -> list[event_pb2.Event]:
    """Return the events of a file as an import reads it, ascending by time and id.

    Raises:
        FieldError: The file cannot be read, a line is no event, or there is none.
    """
    return sorted_events(file, JsonLines(file).rows(), "an event")


def sorted_events(file: Path, rows: Iterable[Row], kind: str) -> list[event_pb2.Event]:
    """Return the events of a file's rows, ascending by time and id.

    Args:
        file: The file.
        rows: Its rows.
        kind: What each line is, for whoever reads that one is not.

    Raises:
        FieldError: A line is no event, or there is none.
    """
    events = []
    for row in rows:
        if row.event is None:
            found = f"a line that is not {kind} ({row.refusal})"
            raise FieldError(f"{file}:{row.number}", found, f"{kind} a line")
        events.append(row.event)
    if not events:
        raise FieldError(str(file), "nothing", f"{kind} a line")
    events.sort(key=lambda event: (event.time.seconds, event.time.nanos, event.event_id))
    return events
