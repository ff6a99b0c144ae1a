"""How well a profile's top topics foretell the next week, beside simple baselines."""

from __future__ import annotations

import bisect
import functools
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evaluations.bootstrap import draw, mean_interval
from evaluations.events import read_events
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.errors import FieldError
from foreword.signs import signs_of
from foreword.topics import topic_key
from foreword.v1 import activity_pb2, event_pb2, profile_pb2
from scheduler.agent.evidence import Evidence, evidence_of
from scheduler.agent.population import PopulationView
from scheduler.agent.refresh import RefreshInput, refresh

TOP = 3
_WEEK_MS = 7 * DAY_MS
_WINDOW_DAYS = 28
_WINDOW_EVENTS_MIN = 5
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
    hit_at_3: tuple[float, float, float]
    recall_at_3: tuple[float, float, float]
    difference: tuple[float, float, float] | None

    def to_dict(self) -> dict[str, object]:
        """Return the row as the JSON output names it."""
        row: dict[str, object] = {"method": self.method}
        row |= _named("hit_at_3", self.hit_at_3) | _named("recall_at_3", self.recall_at_3)
        if self.difference is not None:
            row |= _named("recall_at_3_difference", self.difference)
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
            difference = _interval(row.difference, "+") if row.difference is not None else ""
            cells = f"{row.method:<14} {_interval(row.hit_at_3):<22} {_interval(row.recall_at_3):<22} {difference}"
            lines.append(cells.rstrip())
        return "\n".join(lines)


@dataclass
class _Scores:
    """Hits and recalls by method and user."""

    hits: dict[str, dict[tuple[int, str], list[float]]] = field(default_factory=dict)
    recalls: dict[str, dict[tuple[int, str], list[float]]] = field(default_factory=dict)

    def add(self, method: str, user: tuple[int, str], top: Sequence[str], truth: Collection[str]) -> None:
        """Score one point."""
        found = sum(topic in truth for topic in top)
        self.hits.setdefault(method, {}).setdefault(user, []).append(float(found > 0))
        self.recalls.setdefault(method, {}).setdefault(user, []).append(found / len(truth))


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
    scores = _Scores()
    ignored = frozenset(map(topic_key, ignored_topics))
    for number, file in enumerate(files):
        _score_file(
            read_events(file),
            number,
            ignored,
            config or Config(),
            scores,
            on_week=functools.partial(on_progress, file.name),
        )
    if not scores.recalls:
        raise FieldError(
            "events", "no user with 5 events in 28 days and some in the week after", "longer histories"
        )
    return _report(scores, seed, bootstrap)


def _report(scores: _Scores, seed: int, bootstrap: int) -> Report:
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


def _score_file(
    events: Sequence[event_pb2.Event],
    file: int,
    ignored: frozenset[str],
    config: Config,
    scores: _Scores,
    *,
    on_week: Callable[[int, int], object],
) -> None:
    users = _Users(evidence_of(events, None, signs_of(config.agent.signs)))
    writer = _ProfileWriter(config)
    popularity: dict[str, float] = {}
    previous_ms = 0
    cuts = list(_cuts(users.first_ms, users.last_ms))
    for number, cut_ms in enumerate(cuts, 1):
        for item in users.between(previous_ms, cut_ms):
            _count(popularity, item, 1.0)
        for user, history in sorted(users.histories.items()):
            before = history.until(cut_ms)
            truth = history.topics(cut_ms, cut_ms + _WEEK_MS) - ignored
            eligible = history.count(cut_ms - _WINDOW_DAYS * DAY_MS, cut_ms) >= _WINDOW_EVENTS_MIN and bool(
                truth
            )
            news = history.between(previous_ms, cut_ms)
            if not news and not eligible:
                continue
            profile = writer.write(user, news, before, cut_ms)
            if eligible:
                ranked = [topic_key(row.topic) for row in profile.content_preferences.high_affinity_topics]
                scores.add(PRODUCT, (file, user), _top(ranked, ignored), truth)
                for method, topics in _baselines(before, popularity, cut_ms):
                    scores.add(method, (file, user), _top(topics, ignored), truth)
        previous_ms = cut_ms
        on_week(number, len(cuts))


class _ProfileWriter:
    """Refreshes users as the scheduler does, and keeps what it would store."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._population = PopulationView(config.window.half_life_days)
        self._profiles: dict[str, profile_pb2.Profile] = {}

    def write(
        self, user: str, news: Sequence[Evidence], before: Sequence[Evidence], now_ms: int
    ) -> profile_pb2.Profile:
        start_ms = now_ms - self._config.window.days * DAY_MS
        first = bisect.bisect_left(before, start_ms, key=lambda item: item.time_ms)
        window = before[max(first, len(before) - self._config.window.events_max) :]
        result = refresh(
            RefreshInput(
                user_id=user,
                namespace="",
                now_ms=now_ms,
                segment=profile_pb2.SEGMENT_ACTIVE,
                cadence=profile_pb2.CADENCE_INTERVAL,
                activity=activity_pb2.UserActivity(),
                new_events=[item.event for item in news],
                window_events=[item.event for item in window],
                previous=self._profiles.get(user),
                population=self._population,
            ),
            self._config,
        )
        self._population.fold(result.population_delta)
        self._profiles[user] = result.profile
        return result.profile


class _History:
    """One user's evidence, ascending by time."""

    def __init__(self, items: list[Evidence]) -> None:
        self._items = items
        self._times = [item.time_ms for item in items]

    def between(self, start_ms: int, end_ms: int) -> list[Evidence]:
        return self._items[
            bisect.bisect_left(self._times, start_ms) : bisect.bisect_left(self._times, end_ms)
        ]

    def until(self, end_ms: int) -> list[Evidence]:
        return self.between(0, end_ms)

    def count(self, start_ms: int, end_ms: int) -> int:
        return bisect.bisect_left(self._times, end_ms) - bisect.bisect_left(self._times, start_ms)

    def topics(self, start_ms: int, end_ms: int) -> frozenset[str]:
        """Return what the user did; turning something down is not doing it."""
        return frozenset(
            topic for item in self.between(start_ms, end_ms) if not item.against for topic in item.topics
        )


class _Users:
    """All evidence of one file, together and by user."""

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self._all = _History(list(evidence))
        self.first_ms, self.last_ms = evidence[0].time_ms, evidence[-1].time_ms
        by_user: dict[str, list[Evidence]] = {}
        for item in evidence:
            by_user.setdefault(item.event.user_id, []).append(item)
        self.histories = {user: _History(items) for user, items in by_user.items()}

    def between(self, start_ms: int, end_ms: int) -> list[Evidence]:
        return self._all.between(start_ms, end_ms)


def _cuts(first_ms: int, last_ms: int) -> Iterator[int]:
    """Yield the weekly cuts: whole weeks since 1970, so that files share them."""
    cut_ms = (first_ms // _WEEK_MS + 1) * _WEEK_MS
    while cut_ms <= last_ms:
        yield cut_ms
        cut_ms += _WEEK_MS


def _baselines(
    before: Sequence[Evidence], popularity: Mapping[str, float], now_ms: int
) -> Iterator[tuple[str, list[str]]]:
    """Yield each baseline's topics, best first; among equals the one met last."""
    recency = {topic: place for place, item in enumerate(before) for topic in item.topics}
    start_ms = now_ms - _WINDOW_DAYS * DAY_MS
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


def _top(topics: Sequence[str], ignored: Collection[str]) -> list[str]:
    return [topic for topic in topics if topic not in ignored][:TOP]


def _named(metric: str, values: tuple[float, float, float]) -> dict[str, float]:
    mean, low, high = (round(value, 4) for value in values)
    return {metric: mean, f"{metric}_low": low, f"{metric}_high": high}


def _interval(values: tuple[float, float, float], sign: str = "") -> str:
    return "{:{s}.3f} ({:{s}.3f} to {:{s}.3f})".format(*values, s=sign)
