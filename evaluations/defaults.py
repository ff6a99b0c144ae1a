"""How well the default profile foretells what somebody does whom nobody knows yet, beside simple defaults."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import groupby

from evaluations.baselines import count
from evaluations.foretelling import Scores, top_of
from evaluations.profile_report import Report, make_report
from evaluations.sources import Source
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.editorial import EditorialProfile
from foreword.errors import FieldError
from foreword.signs import signs_of
from foreword.store.v1.store_pb2 import Trend
from foreword.synonyms import NO_SYNONYMS
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.evidence import Evidence, evidence_of
from scheduler.agent.general import general_profile
from scheduler.agent.memory import fold, to_proto
from scheduler.agent.population import PopulationDelta, PopulationView
from scheduler.agent.trend import TrendCounts

PRODUCT = "foreword"
METHODS = (PRODUCT, "popularity", "population", "fixed")
_TITLE = "Each of a user's first events, by the default of the night before; 95 % intervals by user"


class Namespace:
    """One source as its scheduler knows it at the end of a day.

    Attributes:
        popularity: Events of each topic since the beginning.
        memories: What is remembered of each user.
        population: The faded counts of all users.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self.popularity: dict[str, float] = {}
        self.memories: dict[str, profile_pb2.Memory] = {}
        self.population = PopulationView(config.window.half_life_days)

    def learn(self, day: Sequence[Evidence]) -> None:
        """Take in what all users did on a day."""
        count(self.popularity, day)
        by_user: dict[str, list[Evidence]] = {}
        for item in day:
            by_user.setdefault(item.event.user_id, []).append(item)
        for user_id, items in by_user.items():
            memory, delta = fold(self.memories.get(user_id), items, self._config.window.half_life_days)
            self.memories[user_id] = to_proto(memory)
            self._fold(delta)

    def _fold(self, delta: PopulationDelta) -> None:
        self.population.fold(delta)

    def told(self, night_ms: int) -> Iterator[tuple[str, list[str]]]:
        """Yield what each method says to somebody nobody knows, best first."""
        yield PRODUCT, self._default(night_ms)
        yield "popularity", sorted(self.popularity, key=lambda topic: (-self.popularity[topic], topic))
        shares = {topic: self.population.share(topic) for topic in self.popularity}
        yield "population", sorted(shares, key=lambda topic: (-shares[topic], topic))
        yield "fixed", []

    def _default(self, night_ms: int) -> list[str]:
        settings = self._config.cold_start
        counts = TrendCounts(night_ms, recent_days=self._config.window.recent_days, synonyms=NO_SYNONYMS)
        for memory in self.memories.values():
            counts.add(memory)
        found = counts.trends(settings.trend_users_min)
        trend = found[0] if found else Trend()
        users = {topic_key(each.topic): each.user_count for each in trend.topics}
        profile = general_profile(
            EditorialProfile(),
            trend,
            self._config.foreword.words.names(lambda key: users.get(key, 0)),
            words=self._config.foreword.words.domain_words(),
            topics_max=settings.trend_topics_max,
            users_min=settings.trend_users_min,
            tokens_max=self._config.foreword.tokens_max,
        )
        return [topic_key(row.topic) for row in profile.content_preferences.high_affinity_topics]


def evaluate_defaults(
    sources: Sequence[Source],
    *,
    seed: int = 0,
    bootstrap: int = 1000,
    ignored_topics: Collection[str] = (),
    config: Config | None = None,
    on_progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> Report:
    """Measure the default of each night against the first events of those who come the next day.

    A point is one of a user's first `cold_start.events_min` events that has a topic; what is foretold are its topics.
    Defaults are made by the product's own count of what was remembered of all users at midnight, UTC, and the user's
    own events before it are among it as they would be. Each source is a namespace, without an editorial.

    Args:
        sources: Where events come from.
        seed: Of the resampling.
        bootstrap: How many resamples.
        ignored_topics: Topics left out of what is foretold and of what happened.
        config: The product's configuration; the defaults without it.
        on_progress: Called after each source with the sources done, and all of them.

    Raises:
        FieldError: A source cannot be read or holds no events with topics.
    """
    config = config or Config()
    ignored = frozenset(map(topic_key, ignored_topics))
    scores, data_sets = Scores(), dict[str, set[int]]()
    for file, source in enumerate(sources):
        scores.merge(score(source, config, ignored), file)
        data_sets.setdefault(source.data_set, set()).add(file)
        on_progress(file + 1, len(sources))
    if not scores.recalls:
        raise FieldError("events", "no event with a topic", "events with topics")
    return make_report(scores, METHODS, data_sets, seed=seed, bootstrap=bootstrap, title=_TITLE)


def score(source: Source, config: Config, ignored: frozenset[str]) -> Scores:
    """Return how well the first events of each user were foretold."""
    scores, seen = Scores(), dict[str, int]()
    namespace = Namespace(config)
    evidence = evidence_of(source.read(), None, signs_of(config.agent.signs))
    for day, group in groupby(evidence, key=lambda item: item.time_ms // DAY_MS):
        items = list(group)
        points = list(_first_events(items, seen, config.cold_start.events_min, ignored))
        told = list(namespace.told(day * DAY_MS)) if points else []
        for user_id, truth in points:
            for method, topics in told:
                scores.add(method, (0, user_id), top_of(topics, ignored), truth)
        namespace.learn(items)
    return scores


def _first_events(
    items: Sequence[Evidence], seen: dict[str, int], events_min: int, ignored: frozenset[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the users who did one of their first events, and its topics."""
    for item in items:
        user_id = item.event.user_id
        number = seen[user_id] = seen.get(user_id, 0) + 1
        truth = frozenset(item.topics) - ignored
        if number <= events_min and truth and not item.against:
            yield user_id, truth
