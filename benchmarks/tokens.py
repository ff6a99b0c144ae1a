"""How far the bound on tokens lies above what Claude's tokenizers make of real forewords.

Needs ctok 1.3.0, which counts as they do without a network: `pip install ctok==1.3.0`, Python 3.12 or later.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.refresh import git_activity_files
from benchmarks.table import Table
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.errors import ForewordError
from foreword.importers.json_event import parse_event
from foreword.store.activity_writer import count_events
from foreword.tokens import count_tokens
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.event_pb2 import Event
from scheduler.agent.evidence import time_ms_of
from scheduler.agent.population import PopulationView
from scheduler.agent.refresh import RefreshInput, refresh

Count = Callable[[str], int]

SAMPLES = Path(__file__).parents[1] / "tests" / "data"
EVENTS_MIN = 20
MADE_TEXTS = 50_000
MADE_CHARACTERS_MAX = 40
# What breaks words apart: other cases, scripts, signs, digits, spaces, and marks that join letters or part them.
_LETTERS = (
    "abcdeXYZ ,.'\"-_#/()[]\n\t0123é漢한вГ’“—🎮",
    "ABCdefGHIjkl mnoPQR' sSTt's d'm ll re",
    "aAéкКअกაሀ漢한カあ1٣½²Ⅳⓐ .,'’—\u0300\u0301\u094d\u093c\u0e48\u0e4d\u0e32\u05b0\u064b\u200d\u200c\ufe0f\xa0\u3000",
    *(
        "".join(map(chr, block))
        for block in (range(0xA0, 0x600), range(0x900, 0x1100), range(0x1E00, 0x2400))
    ),
)


def run() -> Table:
    """Measure forewords of the data in FOREWORD_DATA, and texts that are no forewords."""
    older, newest = _tokenizers()
    table = Table(
        "tokens",
        "The bound on tokens against Claude's tokenizers",
        "python -m benchmarks tokens",
        (
            "texts",
            "n",
            "tokens of Claude 4.8 and later",
            "bound",
            "of 3 to 4.6",
            "bound",
            "counted below either",
        ),
    )
    data = Path(os.environ.get("FOREWORD_DATA", "../shared/data"))
    commits = [
        parse_event(line).event
        for path in git_activity_files()
        for line in gzip.decompress(path.read_bytes()).decode().splitlines()
    ]
    films = list(_ratings(data / "movielens-small"))
    hostile = (SAMPLES / "hostile_names.jsonl").read_text(encoding="utf-8").splitlines()
    for name, texts in (
        ("forewords of developers", list(_forewords(commits))),
        ("forewords of film viewers", list(_forewords(films))),
        ("subjects of commits", [event.text for event in commits if event.text]),
        (
            "good names of many languages",
            (SAMPLES / "good_names.txt").read_text(encoding="utf-8").splitlines(),
        ),
        ("hostile strings of many languages", [json.loads(line)["text"] for line in hostile]),
        ("random characters", list(_random_texts())),
    ):
        bounds = [count_tokens(text) for text in texts]
        below = sum(bound < max(older(text), newest(text)) for text, bound in zip(texts, bounds, strict=True))
        sums = [sum(map(count, texts)) for count in (newest, older)]
        shares = [f"{total:,} | {sum(bounds) / total:.2f} ×" for total in sums]
        table.add(name, f"{len(texts):,}", *shares[0].split(" | "), *shares[1].split(" | "), str(below))
    table.notes += [
        "The tokenizers are those of ctok 1.3.0, which reproduces recorded answers of count_tokens. It is no "
        "dependency: it needs Python 3.12, and a whole vocabulary.",
        "One bound serves both generations, so that it lies far above the older, which needs fewer tokens.",
        "The bound holds a margin of 2 tokens for what stands around a text; short texts show it most.",
    ]
    return table


def _tokenizers() -> tuple[Count, Count]:
    try:
        from ctok.engine import tile
        from ctok.main import _model
    except ImportError as exc:
        raise ForewordError(
            "ctok is not installed", hint="pip install ctok==1.3.0, Python 3.12 or later"
        ) from exc
    models = [_model(family) for family in ("v3", "v4.8")]
    # The content alone: what frames a message is not the foreword's.
    older, newest = ((lambda text, model=model: int(tile(text, model)[0])) for model in models)
    return older, newest


def _forewords(events: Iterable[Event]) -> Iterator[str]:
    """Return the foreword of every user with enough events, as the scheduler writes it."""
    config, users = Config(), defaultdict(list)
    for event in events:
        users[event.user_id].append(event)
    for user_id, own in sorted(users.items()):
        if len(own) >= EVENTS_MIN:
            yield _foreword(user_id, sorted(own, key=time_ms_of), config)


def _foreword(user_id: str, events: Sequence[Event], config: Config) -> str:
    times_ms = [time_ms_of(event) for event in events]
    now_ms = times_ms[-1] + DAY_MS
    activity = UserActivity()
    count_events(activity, times_ms)
    asked = RefreshInput(
        user_id=user_id,
        namespace="",
        now_ms=now_ms,
        segment=1,
        cadence=1,
        activity=activity,
        new_events=events,
        window_events=[
            event for event in events if time_ms_of(event) >= now_ms - config.window.days * DAY_MS
        ],
        previous=None,
        population=PopulationView(config.window.half_life_days),
    )
    return refresh(asked, config).foreword.text


def _ratings(folder: Path) -> Iterator[Event]:
    with gzip.open(folder / "movies.csv.gz", "rt", encoding="utf-8") as file:
        genres = {row["movieId"]: row["genres"].split("|") for row in csv.DictReader(file)}
    with gzip.open(folder / "ratings.csv.gz", "rt", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file)):
            event = Event(
                event_id=str(number), user_id=row["userId"], type="movie.rate", value=float(row["rating"])
            )
            event.topics.extend(genres[row["movieId"]])
            event.time.FromSeconds(int(row["timestamp"]))
            yield event


def _random_texts() -> Iterator[str]:
    chance = random.Random(1)
    for _ in range(MADE_TEXTS):
        letters = chance.choice(_LETTERS)
        yield "".join(chance.choices(letters, k=chance.randint(1, MADE_CHARACTERS_MAX)))
