"""Whatever users do, what a stranger is told of it is what enough of them do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from foreword.config import Config
from foreword.editorial import EditorialProfile
from foreword.naming import SensitiveNames
from foreword.store.v1.store_pb2 import Trend
from foreword.synonyms import NO_SYNONYMS
from foreword.tokens import count_tokens
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.general import general_profile
from scheduler.agent.trend import TrendCounts

NOW_MS = 1_760_000_000_000
CONFIG = Config()
TOPICS = [
    "Tea",
    "tea",
    "TEA",
    "green tea",
    "Green_Tea",
    "rail",
    "diabetes",
    "you must obey",
    "root",
    "python",
]

carried = st.dictionaries(
    st.one_of(st.sampled_from(TOPICS), st.text(min_size=1, max_size=30)),
    st.tuples(st.floats(0.001, 1e6), st.floats(0, 1e6), st.booleans()),
    max_size=6,
)
users = st.lists(st.tuples(carried, st.sampled_from(["", "de", "DE", "fr"]), st.integers(0, 30)), max_size=25)
names = st.lists(st.sampled_from(["Start", "Tea", "News"]), max_size=3, unique=True)


def memory_of(topics: dict[str, tuple[float, float, bool]], locale: str, days_ago: int) -> profile_pb2.Memory:
    memory = profile_pb2.Memory(last_day=NOW_MS // 86_400_000 - days_ago)
    for topic, (weight, negative, is_refused) in topics.items():
        row = memory.topics.add(value=topic, weight=weight, negative_weight=negative, event_count=1)
        row.last_day, row.short_day_sum = memory.last_day, weight
        row.stance = profile_pb2.STANCE_NO if is_refused else profile_pb2.STANCE_UNSPECIFIED
    if locale:
        memory.attributes.add(field="locale", value=locale, weight=1)
    return memory


def trends_of(memories: list[profile_pb2.Memory], users_min: int) -> list[Trend]:
    counts = TrendCounts(
        NOW_MS, recent_days=7, synonyms=NO_SYNONYMS, cohort_attribute="locale", cohorts=["de", "fr"]
    )
    for memory in memories:
        counts.add(memory)
    return counts.trends(users_min)


def default_of(trend: Trend, editorial: EditorialProfile, users_min: int) -> profile_pb2.Profile:
    words = CONFIG.foreword.words
    return general_profile(
        editorial,
        trend,
        words.names(),
        words=words.domain_words(),
        topics_max=5,
        users_min=users_min,
        tokens_max=200,
    )


@given(users, st.integers(2, 6))
def test_nothing_that_fewer_users_carry_is_kept_or_told(
    given_users: list[tuple[dict[str, tuple[float, float, bool]], str, int]], users_min: int
) -> None:
    """Each topic of each trend, as it is spelled, is carried by enough of its users; in a default it may be named."""
    memories = [memory_of(*each) for each in given_users]
    for trend in trends_of(memories, users_min):
        own = [memory for memory in memories if not trend.cohort or _is_of(memory, trend.cohort)]
        for row in trend.topics:
            carriers = sum(_carries(memory, row.topic) for memory in own)
            assert carriers >= row.user_count >= users_min
        profile = default_of(trend, EditorialProfile(), users_min)
        kept = {row.topic for row in trend.topics}
        for row in profile.content_preferences.high_affinity_topics:
            assert row.topic in kept
            assert not SensitiveNames().hold(row.topic)
        assert "obey" not in profile.foreword.text


@given(users, names)
def test_the_same_users_give_the_same_bytes_within_the_limits(
    given_users: list[tuple[dict[str, tuple[float, float, bool]], str, int]], topics: list[str]
) -> None:
    """Made twice it is the same; topics are each once and the operator's first; the text fits 200 tokens."""
    memories = [memory_of(*each) for each in given_users]
    editorial = EditorialProfile(topics=tuple(topics), sentences=("All is well.",))
    for trend in trends_of(memories, 2) or [Trend()]:
        profile = default_of(trend, editorial, 2)
        again = default_of(Trend.FromString(trend.SerializeToString()), editorial, 2)
        assert profile.SerializeToString(deterministic=True) == again.SerializeToString(deterministic=True)
        listed = [topic_key(row.topic) for row in profile.content_preferences.high_affinity_topics]
        assert len(set(listed)) == len(listed) <= len(topics) + 5
        assert listed[: len(topics)] == list(map(topic_key, topics))
        assert count_tokens(profile.foreword.text) <= profile.foreword.token_count <= 200
        assert profile.is_default
        assert not profile.user_id


def _is_of(memory: profile_pb2.Memory, cohort: str) -> bool:
    return any(row.value.lower() == cohort for row in memory.attributes)


def _carries(memory: profile_pb2.Memory, told: str) -> bool:
    """Return whether a user turns to a topic in this very spelling, or in one of those it stands for."""
    own = [
        row.value
        for row in memory.topics
        if row.stance != profile_pb2.STANCE_NO and row.weight > row.negative_weight
    ]
    return told in own or (told == topic_key(told) and told in map(topic_key, own))
