"""What a model is told of a user with a short history and of one with a long one: tokens, and the time to build it."""

from __future__ import annotations

import gzip
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.refresh import git_activity_files
from benchmarks.table import Table, ratio
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.importers.json_event import parse_event
from foreword.json_lines import block, json_line
from foreword.store.activity_writer import count_events
from foreword.tokens import count_tokens
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.event_pb2 import Event
from scheduler.agent.findings import Findings
from scheduler.agent.population import PopulationView
from scheduler.agent.prompt import build_prompt
from scheduler.agent.prompt.event_row import event_row
from scheduler.agent.prompt.words import Words
from scheduler.agent.refresh import RefreshInput, draft, refresh

CONFIG = Config()
NOW_MS = 1_760_000_000_000
HISTORIES = (100, 1_000, 10_000)
REPEATS = 5


def run() -> Table:
    """Measure the busiest author of each git-activity file (FOREWORD_DATA)."""
    table = Table(
        "prompt",
        "A model's prompt about one user, by the length of the history",
        "python -m benchmarks prompt",
        (
            "historic events",
            "events told",
            "tokens",
            "to 100 events",
            "build ms",
            "all events: tokens",
            "to ours",
            "all events: build ms",
        ),
    )
    authors = [_busiest(path) for path in git_activity_files()]
    first = 0.0
    for count in HISTORIES:
        inputs = [_input(events, count) for events in authors]
        tokens, told, build_ms = _ours(inputs)
        all_tokens, all_ms = _naive(inputs)
        first = first or tokens
        table.add(
            f"{count:,}",
            f"{told:.0f}",
            f"{tokens:,.0f}",
            ratio(tokens, first),
            f"{build_ms:.1f}",
            f"{all_tokens:,.0f}",
            ratio(all_tokens, tokens),
            f"{all_ms:.0f}",
        )
    table.notes += [
        "Medians over the busiest author of each of eight repositories, the newest of their commits, repeated where "
        "there are fewer, spread evenly over the window; beliefs as the extractive refresh holds them. Tokens are the "
        "upper bound of `foreword.tokens` of the user's part; times are processor time, redaction included.",
        "`all events` is the same prompt with every event of the window in it. Aim: ±20 % of the tokens from 100 to "
        "10,000 events, and 20 ms.",
    ]
    return table


def _busiest(path: Path) -> list[Event]:
    """Return the commits of the author of most, oldest first."""
    authors: dict[str, list[Event]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            event, _ = parse_event(line)
            authors[event.user_id].append(event)
    return max(authors.values(), key=len)


def _input(events: list[Event], count: int) -> RefreshInput:
    """Return a refresh of a user who did so much within the window, all of it unread."""
    made = []
    for number in range(count):
        event = Event()
        event.CopyFrom(events[-1 - number % len(events)])
        event.event_id = f"{number:06}"
        event.time.FromMilliseconds(NOW_MS - 1 - number * (CONFIG.window.days - 1) * DAY_MS // count)
        made.append(event)
    made.reverse()
    activity = UserActivity()
    count_events(activity, [event.time.ToMilliseconds() for event in made])
    first = RefreshInput(
        user_id="u",
        namespace="",
        now_ms=NOW_MS,
        segment=0,
        cadence=0,
        activity=activity,
        new_events=made,
        window_events=made,
        previous=None,
        population=PopulationView(CONFIG.window.half_life_days),
    )
    return replace(first, new_events=[], previous=refresh(first, CONFIG).profile)


def _findings(refresh_input: RefreshInput) -> Findings:
    findings = draft(refresh_input, CONFIG).findings
    if findings is None:
        raise ValueError("a user with 100 events has findings")
    return findings


def _ours(inputs: list[RefreshInput]) -> tuple[float, float, float]:
    """Return the medians of the tokens, the events told, and the milliseconds to build."""
    tokens, told, times = [], [], []
    for refresh_input in inputs:
        findings = _findings(refresh_input)

        def build(source: RefreshInput = refresh_input, found: Findings = findings) -> None:
            build_prompt(found, source, config=CONFIG, model="m")

        prompt = build_prompt(findings, refresh_input, config=CONFIG, model="m")
        tokens.append(count_tokens(prompt.request.prompt))
        told.append(len(prompt.event_ids))
        times.append(_median_ms(build))
    return statistics.median(tokens), statistics.median(told), statistics.median(times)


def _naive(inputs: list[RefreshInput]) -> tuple[float, float]:
    """Return the same for a prompt with all events: tokens and milliseconds."""
    tokens, times = [], []
    for refresh_input in inputs:
        findings = _findings(refresh_input)
        started = time.process_time()
        text = block("events", _all_lines(findings))
        tokens.append(count_tokens(text))
        times.append(1e3 * (time.process_time() - started))
    return statistics.median(tokens), statistics.median(times)


def _all_lines(findings: Findings) -> Iterator[str]:
    words = Words(findings.names)
    for number, item in enumerate(findings.known.values(), start=1):
        yield json_line(event_row(item, f"e{number}", words, frozenset(), is_seen=False))


def _median_ms(build: Callable[[], None]) -> float:
    times = []
    for _ in range(REPEATS):
        started = time.process_time()
        build()
        times.append(1e3 * (time.process_time() - started))
    return statistics.median(times)
