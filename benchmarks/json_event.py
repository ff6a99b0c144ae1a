"""Reading JSON lines as events: the importer's own parser against protobuf's json_format, alone and in an import."""

from __future__ import annotations

import gzip
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from google.protobuf import json_format

from benchmarks.refresh import git_activity_files
from benchmarks.table import Table, ratio
from foreword.config import Config, Store
from foreword.importers import JsonLines, StoreRecorder, import_source
from foreword.importers.json_event import ParsedEvent, parse_event
from foreword.v1.event_pb2 import Event

ROUNDS = 5

Parse = Callable[[str], ParsedEvent]


def run() -> Table:
    """Measure the git-activity files (FOREWORD_DATA)."""
    table = Table(
        "json_event",
        "A JSON line as an event",
        "python -m benchmarks json_event",
        ("what", "own parser", "json_format", "ratio"),
    )
    files = git_activity_files()
    lines = [line for file in files for line in gzip.decompress(file.read_bytes()).decode().splitlines()]
    same = sum(parse_event(line).event == _by_json_format(line).event for line in lines)
    table.add("lines read alike", f"{same:,}", f"{len(lines):,}", ratio(same, len(lines)))
    sides: dict[str, Callable[[Parse], float]] = {
        "µs of processor time a line, parsing alone": lambda parse: _parse(parse, lines),
        "µs of processor time a line, import into a store": lambda parse: _import(parse, files) / len(lines),
    }
    for what, measure in sides.items():
        # In turn, and the best of each: another process on the machine must not decide.
        rounds = [(measure(parse_event), measure(_by_json_format)) for _ in range(ROUNDS)]
        ours, theirs = (1e6 * min(pair[side] for pair in rounds) for side in (0, 1))
        table.add(what, f"{ours:.1f}", f"{theirs:.1f}", ratio(ours, theirs))
    table.notes += [
        f"{len(lines):,} commits of {len(files)} repositories as events, 311 bytes a line; best of {ROUNDS} rounds "
        "in turn.",
        "json_format ignores unknown fields here, and takes neither numbers as times nor says which field is wrong.",
        "Import: `import_source` from gzip files into an empty store under the sidecar's lock, each batch synced.",
    ]
    return table


def _by_json_format(line: str) -> ParsedEvent:
    return ParsedEvent(json_format.Parse(line, Event(), ignore_unknown_fields=True), ())


def _parse(parse: Parse, lines: list[str]) -> float:
    started = time.process_time()
    for line in lines:
        parse(line)
    return (time.process_time() - started) / len(lines)


def _import(parse: Parse, files: list[Path]) -> float:
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch("foreword.importers.json_lines.parse_event", parse),
        StoreRecorder(Config(store=Store(directory=Path(folder)))) as recorder,
    ):
        started = time.process_time()
        for file in files:
            import_source(JsonLines(file), recorder.record, Path(folder))
        return time.process_time() - started
