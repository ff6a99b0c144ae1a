"""How well a profile's first topics foretell the next week, beside simple baselines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

from evaluations.baselines import BASELINES, baselines, count
from evaluations.foretelling import Scores, top_of
from evaluations.profile_report import Report, make_report
from evaluations.replay import Replay
from evaluations.sources import Source
from foreword.config import Config
from foreword.errors import FieldError
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from foreword.v1.event_pb2 import Event

if TYPE_CHECKING:
    from evaluations.ranking.profile_topics import TopicsLearned

PRODUCT = "foreword"
SHARE = "share"
"""The profile's topics by the score shown of them, which is what they were ordered by once."""
RANKED = "foreword, ranked"
"""The product with `ranking.profile_weight`."""
METHODS = (PRODUCT, SHARE, *BASELINES)
WEEKDAYS = 7


@dataclass(frozen=True)
class Pass:
    """One life through a source, with a cut a week on one weekday.

    Attributes:
        file: The number of the source.
        source: What is lived through.
        weekday: Days after Thursday.
        ignored: Topics left out, by `topic_key`.
        config: The product's configuration.
        ranking_weight: Of what ranking learns of the same feedback, in a profile beside; 0 for none.
    """

    file: int
    source: Source
    weekday: int
    ignored: frozenset[str]
    config: Config
    ranking_weight: float = 0.0

    def run(self) -> Scores:
        """Return how well the week after each cut was foretold."""
        scores, popularity, counted_ms = Scores(), dict[str, float](), 0
        events = self.source.read()
        replay = Replay(events, self.config, self.ignored, shift_days=self.weekday)
        learned = self._topics_learned(events)
        for week, cut_ms in enumerate(replay.cuts):
            if learned is not None:
                learned.learn_before(cut_ms)
            count(popularity, replay.between(counted_ms, cut_ms))
            counted_ms = cut_ms
            for due in replay.due(week):
                if learned is not None and due.is_point:
                    known = learned.of(due.user_id, cut_ms)
                    said = _topics(replay.ranked(due, known, self.ranking_weight))
                    scores.add(RANKED, (0, due.user_id), top_of(said, self.ignored), due.truth)
                profile = replay.refresh(due)
                if due.is_point:
                    told = [*_told(profile), *baselines(due.before, popularity, cut_ms)]
                    for method, topics in told:
                        scores.add(method, (0, due.user_id), top_of(topics, self.ignored), due.truth)
        return scores

    def _topics_learned(self, events: Sequence[Event]) -> TopicsLearned | None:
        if not self.ranking_weight:
            return None
        # Only now: it needs the extra `ranking`.
        from evaluations.ranking.profile_topics import TopicsLearned

        return TopicsLearned(events, seed=self.weekday)


def evaluate_profiles(
    sources: Sequence[Source],
    *,
    seed: int = 0,
    bootstrap: int = 1000,
    ignored_topics: Collection[str] = (),
    config: Config | None = None,
    processes: int = 1,
    ranking_weight: float = 0.0,
    on_progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> Report:
    """Measure profiles against the week after them, at cuts on every day.

    A point is a user at a cut with at least 5 events in the 28 days before it and some topic in the 7 days after.
    Profiles are written by the product's own refresh once a week, with the memory, window and population known before
    the cut; seven such lives, each begun a day later, put cuts on every weekday. Each source is a namespace.

    Args:
        sources: Where events come from.
        seed: Of the resampling.
        bootstrap: How many resamples.
        ignored_topics: Topics left out of what is foretold and of what happened.
        config: The product's configuration; the defaults without it.
        processes: How many lives are gone through at once.
        ranking_weight: With it, profiles that take in what ranking learned of feedback until then stand beside, at this
            `ranking.profile_weight`; without feedback they are the same.
        on_progress: Called after each life with the lives done, and all of them.

    Raises:
        FieldError: A source cannot be read or holds no events, or no user qualifies.
    """
    ignored = frozenset(map(topic_key, ignored_topics))
    passes = [
        Pass(file, source, weekday, ignored, config or Config(), ranking_weight)
        for file, source in enumerate(sources)
        for weekday in range(WEEKDAYS)
    ]
    scores = Scores()
    for number, (each, found) in enumerate(zip(passes, _run(passes, processes), strict=True)):
        scores.merge(found, each.file)
        on_progress(number + 1, len(passes))
    if not scores.recalls:
        raise FieldError(
            "events", "no user with 5 events in 28 days and some in the week after", "longer histories"
        )
    data_sets: dict[str, set[int]] = {}
    for file, source in enumerate(sources):
        data_sets.setdefault(source.data_set, set()).add(file)
    methods = (PRODUCT, *([RANKED] if ranking_weight else []), *METHODS[1:])
    return make_report(scores, methods, data_sets, seed=seed, bootstrap=bootstrap)


def _run(passes: Sequence[Pass], processes: int) -> Iterable[Scores]:
    if processes == 1:
        yield from map(Pass.run, passes)
        return
    # A fork would take along threads of libraries that hold locks.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(Pass.run, passes)


def _told(profile: profile_pb2.Profile) -> Iterator[tuple[str, list[str]]]:
    rows = profile.content_preferences.high_affinity_topics
    yield PRODUCT, _topics(profile)
    yield SHARE, [topic_key(row.topic) for row in sorted(rows, key=lambda row: -row.score)]


def _topics(profile: profile_pb2.Profile) -> list[str]:
    return [topic_key(row.topic) for row in profile.content_preferences.high_affinity_topics]
