"""Reading event files for evaluations."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.json_format import Parse, ParseError

from foreword.errors import FieldError
from foreword.v1 import event_pb2


def read_events(file: Path) -> list[event_pb2.Event]:
    """Return the events of a JSON lines file, gzip by suffix, ascending by time and id.

    Raises:
        FieldError: A line is no event, or the file holds none.
        OSError: The file cannot be read.
    """
    events = list(_parse(file))
    if not events:
        raise FieldError(str(file), "no events", "JSON lines, one event a line")
    events.sort(key=lambda event: (event.time.seconds, event.time.nanos, event.event_id))
    return events


def _parse(file: Path) -> Iterator[event_pb2.Event]:
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield Parse(line, event_pb2.Event())
            except ParseError as exc:
                raise FieldError(f"{file}:{number}", str(exc), "an event in proto3 JSON") from exc
