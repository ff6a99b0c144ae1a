"""All shared data as events, one namespace each, for tests: developers, films, assistants, chats and agents."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluations.events import read_events
from foreword.importers import CsvRows, parse_mapping
from foreword.v1.event_pb2 import Event, Feedback
from scheduler.agent.evidence import time_ms_of

FOLDER = Path(os.environ.get("FOREWORD_DATA", "../shared/data"))
DATA_SETS = ("git-activity", "movielens-small", "copilot-decisions", "realhumaneval", "tau-bench-airline")
needs_shared_data = pytest.mark.skipif(
    not all((FOLDER / name).is_dir() for name in DATA_SETS), reason="FOREWORD_DATA has no shared data here"
)
_FILMS = (
    "type==rate",
    "item_id=title",
    "user_id=userId",
    "event_id=movieId",
    "topics=genres",
    "value=rating",
    "time=timestamp",
    "attributes.domain==film",
)
_FEEDBACK = {"Accepted": Feedback.FEEDBACK_ACCEPT, "Rejected": Feedback.FEEDBACK_REJECT}
_START_SECONDS = 1_700_000_000


def namespaces() -> Iterator[tuple[str, list[Event]]]:
    """Yield each namespace's name and its events, ascending by time."""
    for file in sorted((FOLDER / "git-activity").glob("*.jsonl.gz")):
        yield file.name.partition(".")[0], read_events(file)
    for name, events in (
        ("films", _films()),
        ("copilot", _copilot()),
        ("chats", _chats()),
        ("airline", _airline()),
    ):
        yield name, sorted(events, key=lambda event: (time_ms_of(event), event.event_id))


def _films() -> Iterator[Event]:
    folder = FOLDER / "movielens-small"
    table = CsvRows(
        folder / "ratings.csv.gz",
        parse_mapping(_FILMS),
        items=folder / "movies.csv.gz",
        like_at=4,
        dislike_at=2.5,
    )
    for row in table.rows():
        assert row.event is not None
        yield row.event


def _copilot() -> Iterator[Event]:
    for number, row in enumerate(_lines(FOLDER / "copilot-decisions" / "events.jsonl.gz")):
        if row["StateName"] in _FEEDBACK:
            event = Event(
                event_id=f"decision-{number}",
                user_id=f"programmer-{row['UserId']}",
                type="suggestion",
                feedback=_FEEDBACK[row["StateName"]],
                topics=[row["Task"]],
                attributes={"domain": "programming", "language": "python"},
            )
            event.time.FromJsonString(row["TimeGenerated"])
            yield event


def _chats() -> Iterator[Event]:
    with gzip.open(FOLDER / "realhumaneval" / "chat_data.csv.gz", "rt", encoding="utf-8") as lines:
        for number, row in enumerate(csv.DictReader(io.StringIO(lines.read()))):
            event = Event(
                event_id=f"chat-{number}",
                user_id=f"programmer-{row['programmer_id']}",
                type="agent.request",
                topics=[row["task_name"]],
                attributes={"domain": "programming", "model": row["model"]},
            )
            event.time.FromMilliseconds(int(1000 * (_START_SECONDS + float(row["timestamp"]))))
            yield event


def _airline() -> Iterator[Event]:
    with gzip.open(FOLDER / "tau-bench-airline" / "gpt-4o-airline.json.gz", "rt", encoding="utf-8") as text:
        runs = json.load(text)
    for number, run in enumerate(runs):
        for place, message in enumerate(run["traj"]):
            for call in message.get("tool_calls") or ():
                tool = call["function"]["name"]
                event = Event(
                    event_id=f"call-{number}-{place}-{tool}",
                    user_id=run["info"]["task"]["user_id"],
                    type="agent.tool_call",
                    topics=[tool.replace("_", " ")],
                    attributes={"tool": tool, "domain": "airline"},
                )
                event.time.FromSeconds(_START_SECONDS + 3600 * number + 60 * place)
                yield event


def _lines(file: Path) -> Iterator[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)
