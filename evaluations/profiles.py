"""How well a profile's top topics foretell the next week, beside simple baselines."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluations.bootstrap import draw, mean_interval
from evaluations.events import read_events
from evaluations.foretelling import Interval, Scores, interval_text, named, top_of
from evaluations.replay import WINDOW_DAYS, Replay
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.errors import FieldError
from foreword.topics import topic_key
from scheduler.agent.evidence import Evidence

PRODUCT = "foreword"
BASELINES = ("uniform_28d", "half_life_7d", "half_life_30d", "all_history", "popularity", "last_event")


@dataclass(frozen=True)
class Row:
    """One method's measures, each with the bounds of its 95 % interval.

    Attributes:
        method: `foreword` or a baseline.
        hit_at_3: Share of points where any of the top 3 topics occurs in the next week.
        recall_at_3: Mean share of the next week's topics that are among the top 3.
        difference: `foreword` minus this method in recall_at_3, paired by point; None in foreword's own row.
    """

    method: str
    hit_at_3: Interval
    recall_at_3: Interval
    difference: Interval | None

    def to_dict(self) -> dict[str, object]:
        """Return the row as the JSON output names it."""
        row: dict[str, object] = {"method": self.method}
        row |= named("hit_at_3", self.hit_at_3) | named("recall_at_3", self.recall_at_3)
        if self.difference is not None:
            row |= named("recall_at_3_difference", self.difference)
        return row


@dataclass(frozen=True)
class Report:
    """The outcome of an evaluation.

    Attributes:
        rows: The product's row first, then the baselines.
        users: Users with at least one point.
        points: Pairs of user and weekly cut.
    """

    rows: Sequence[Row]
    users: int
    points: int

    def to_json(self) -> str:
        """Return the report as one line of JSON."""
        return json.dumps(
            {"rows": [row.to_dict() for row in self.rows], "users": self.users, "points": self.points}
        )

    def table(self) -> str:
        """Return the report as a table for a terminal."""
        lines = [
            f"{self.points} points of {self.users} users; 95 % intervals by user",
            f"{'method':<14} {'hit@3':<22} {'recall@3':<22} foreword - method (recall@3)",
        ]
        for row in self.rows:
            difference = interval_text(row.difference, "+") if row.difference is not None else ""
            hits, recalls = interval_text(row.hit_at_3), interval_text(row.recall_at_3)
            lines.append(f"{row.method:<14} {hits:<22} {recalls:<22} {difference}".rstrip())
        return "\n".join(lines)


def evaluate_profiles(
    files: Sequence[Path],
    *,
    seed: int = 0,
    bootstrap: int = 1000,
    ignored_topics: Collection[str] = (),
    config: Config | None = None,
    on_progress: Callable[[str, int, int], object] = lambda _file, _done, _total: None,
) -> Report:
    """Measure profiles against the week after them, at weekly cuts.

    A point is a user at a cut with at least 5 events in the 28 days before it and some topic in the 7 days after.
    Profiles are written by the product's own refresh, with the memory, window and population known before the cut.
    Each file is a namespace.

    Args:
        files: Event files, JSON lines, gzip by suffix.
        seed: Of the resampling.
        bootstrap: How many resamples.
        ignored_topics: Topics left out of what is foretold and of what happened.
        config: The product's configuration; the defaults without it.
        on_progress: Called after each week with the file's name, the weeks done, and all of them.

    Raises:
        FieldError: A file holds no events, or no user qualifies.
    """
    scores = Scores()
    ignored = frozenset(map(topic_key, ignored_topics))
    for number, file in enumerate(files):
        replay = Replay(read_events(file), config or Config(), ignored)
        for week in range(len(replay.cuts)):
            _score_week(replay, week, number, ignored, scores)
            on_progress(file.name, week + 1, len(replay.cuts))
    if not scores.recalls:
        raise FieldError(
            "events", "no user with 5 events in 28 days and some in the week after", "longer histories"
        )
    return _report(scores, seed, bootstrap)


def _report(scores: Scores, seed: int, bootstrap: int) -> Report:
    ours = scores.recalls[PRODUCT]
    resamples = draw(len(ours), bootstrap, seed)
    rows = []
    for method in (PRODUCT, *BASELINES):
        recalls = scores.recalls[method]
        differences = {user: [a - b for a, b in zip(ours[user], recalls[user], strict=True)] for user in ours}
        rows.append(
            Row(
                method,
                mean_interval(scores.hits[method], resamples),
                mean_interval(recalls, resamples),
                mean_interval(differences, resamples) if method != PRODUCT else None,
            )
        )
    return Report(rows, users=len(ours), points=sum(map(len, ours.values())))


def _score_week(replay: Replay, week: int, file: int, ignored: frozenset[str], scores: Scores) -> None:
    popularity = _sum(replay.between(0, replay.cuts[week]))
    for due in replay.due(week):
        profile = replay.refresh(due)
        if due.is_point:
            ranked = [topic_key(row.topic) for row in profile.content_preferences.high_affinity_topics]
            user = (file, due.user_id)
            scores.add(PRODUCT, user, top_of(ranked, ignored), due.truth)
            for method, topics in _baselines(due.before, popularity, due.cut_ms):
                scores.add(method, user, top_of(topics, ignored), due.truth)


def _baselines(
    before: Sequence[Evidence], popularity: Mapping[str, float], now_ms: int
) -> Iterator[tuple[str, list[str]]]:
    """Yield each baseline's topics, best first; among equals the one met last."""
    recency = {topic: place for place, item in enumerate(before) for topic in item.topics}
    start_ms = now_ms - WINDOW_DAYS * DAY_MS
    yield "uniform_28d", _ranked(_sum(item for item in before if item.time_ms >= start_ms), recency)
    for days in (7, 30):
        faded: dict[str, float] = {}
        for item in before:
            _count(faded, item, 2.0 ** ((item.time_ms - now_ms) / (days * DAY_MS)))
        yield f"half_life_{days}d", _ranked(faded, recency)
    yield "all_history", _ranked(_sum(before), recency)
    yield "popularity", _ranked(popularity, recency)
    yield "last_event", list(before[-1].topics)


def _sum(items: Iterable[Evidence]) -> dict[str, float]:
    counts: dict[str, float] = {}
    for item in items:
        _count(counts, item, 1.0)
    return counts


def _count(counts: dict[str, float], item: Evidence, weight: float) -> None:
    if not item.against:
        for topic in item.topics:
            counts[topic] = counts.get(topic, 0.0) + weight


def _ranked(counts: Mapping[str, float], recency: Mapping[str, int]) -> list[str]:
    return sorted(counts, key=lambda topic: (-counts[topic], -recency.get(topic, -1), topic))
