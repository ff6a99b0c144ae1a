"""The profile of users nobody knows: what the operator says first, then what many users turn to."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from foreword.defaults import default_foreword, default_profile
from foreword.editorial import EditorialProfile
from foreword.frames import general_frame_for
from foreword.naming import Names
from foreword.store.v1 import store_pb2
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from foreword.vocabulary import Vocabulary
from scheduler.agent.labels import join
from scheduler.agent.render import foreword
from scheduler.agent.saying import Saying
from scheduler.agent.trend import cohort_of

# Of a topic that the operator chose: half of the whole, since nobody counted it, and above all that trends.
EDITORIAL_SCORE = 0.5
_BY_OPERATOR = "Not of this user: chosen by the operator"
_DEPTHS = {
    "overview": profile_pb2.DEPTH_OVERVIEW,
    "standard": profile_pb2.DEPTH_STANDARD,
    "deep": profile_pb2.DEPTH_DEEP,
}
_LENGTHS = {
    "short": profile_pb2.LENGTH_SHORT,
    "medium": profile_pb2.LENGTH_MEDIUM,
    "long": profile_pb2.LENGTH_LONG,
}
_DEPTH_WORDS = {"overview": "the main points", "standard": "usual detail", "deep": "full detail"}


@dataclass(frozen=True)
class Generals:
    """The default profiles of a namespace, without names of a user.

    Attributes:
        whole: For whoever is of no cohort.
        cohorts: The others, by `cohort_of`.
        attribute: What parts users into cohorts.
    """

    whole: profile_pb2.Profile = field(default_factory=default_profile)
    cohorts: Mapping[str, profile_pb2.Profile] = field(default_factory=dict)
    attribute: str = ""

    def of(self, memory: profile_pb2.Memory) -> profile_pb2.Profile:
        """Return the default for a user with too few events, by what is remembered of them."""
        return self.cohorts.get(cohort_of(memory, self.attribute), self.whole) if self.cohorts else self.whole


BUILT_IN = Generals()
"""Where nobody says anything, and nothing trends."""


def general_profile(
    editorial: EditorialProfile,
    trend: store_pb2.Trend,
    names: Names,
    *,
    words: Vocabulary,
    cohort_attribute: str = "",
    topics_max: int,
    users_min: int,
    tokens_max: int,
) -> profile_pb2.Profile:
    """Return the default profile, with its text: the editorial's topics, then what trends and is not among them.

    The same input gives the same bytes, and counts of users are rounded down, so that a night in which little
    changed changes nothing.

    Args:
        editorial: What the operator says.
        trend: What trends; empty where nothing does.
        names: What may stand in a text; what may not is in no list either.
        words: Of the namespace's domains: topics that everybody meets are listed, and not said.
        cohort_attribute: By which the trend's cohort was told.
        topics_max: The most topics that trend.
        users_min: Users who must carry such a topic.
        tokens_max: The most tokens of the text.
    """
    profile = default_profile()
    said = {topic_key(topic) for topic in editorial.topics}
    fitting = (each for each in trend.topics if each.user_count >= users_min)
    trending = list(_named(fitting, names, said))[:topics_max]
    for topic in editorial.topics:
        profile.content_preferences.high_affinity_topics.add(
            topic=topic, score=EDITORIAL_SCORE, explanation=_BY_OPERATOR
        )
    for each, _ in trending:
        profile.content_preferences.high_affinity_topics.add(
            topic=each.topic, score=_rounded_score(each.score), explanation=_by_users(each.user_count)
        )
    _present(profile.presentation, editorial)
    told = [shown for each, shown in trending if not words.is_a(topic_key(each.topic), ("everywhere",))]
    sayings = list(_sayings(editorial, told))
    text = foreword(sayings, tokens_max, frame_for=general_frame_for)
    profile.foreword.CopyFrom(text if text.text else default_foreword())
    if editorial != EditorialProfile() or trending:
        _put_basis(profile, editorial, len(trending), trend)
        basis = profile.default_basis
        if editorial != EditorialProfile():
            # Of what is said here: an edit for another namespace changes nothing.
            basis.editorial_digest = f"{zlib.crc32(repr(editorial).encode()):08x}"
        if trending and trend.cohort:
            basis.cohort_attribute, basis.cohort = cohort_attribute, trend.cohort
        basis.digest = f"{zlib.crc32(profile.SerializeToString(deterministic=True)):08x}"
    return profile


def without_general(profile: profile_pb2.Profile) -> profile_pb2.Profile:
    """Return a profile without what is general in it, so that nobody takes it for the user's; another only then."""
    if not profile.HasField("default_basis"):
        return profile
    own, empty = profile_pb2.Profile(), default_profile()
    own.CopyFrom(profile)
    own.ClearField("default_basis")
    own.ClearField("content_preferences")
    own.foreword.CopyFrom(empty.foreword)
    own.presentation.CopyFrom(empty.presentation)
    return own


def rounded_down(users: int) -> int:
    """Return a count of users that tells of none of them: to fives below a hundred, else to two digits."""
    step = 5 if users < 100 else 10 ** (len(str(users)) - 2)
    return users - users % step


def _named(
    topics: Iterator[store_pb2.TrendTopic], names: Names, said: set[str]
) -> Iterator[tuple[store_pb2.TrendTopic, str]]:
    """Yield the topics that may be named, each once, and how they are shown."""
    found = set(said)
    for each in topics:
        shown = names.shown(each.topic)
        if shown is not None and topic_key(each.topic) not in found:
            found.add(topic_key(each.topic))
            yield each, shown


def _present(presentation: profile_pb2.Presentation, editorial: EditorialProfile) -> None:
    if editorial.depth:
        presentation.depth = _DEPTHS[editorial.depth]
    if editorial.length:
        presentation.length = _LENGTHS[editorial.length]
    presentation.tone = editorial.tone or presentation.tone
    presentation.locale = editorial.locale
    presentation.example_domains.extend(editorial.example_domains)
    presentation.emphasis.extend(editorial.emphasis)


def _sayings(editorial: EditorialProfile, trending: Sequence[str]) -> Iterator[Saying]:
    for sentence in editorial.sentences:
        yield Saying("editorial", sentence)
    if editorial.topics:
        yield Saying("offered", f"To begin with: {join(list(editorial.topics))}.")
    if trending:
        yield Saying("trend", f"Many users here turn to {join(list(trending))}.")
    wanted = list(_wanted(editorial))
    if wanted:
        yield Saying("style", f"Answers by default: {', '.join(wanted)}.")


def _wanted(editorial: EditorialProfile) -> Iterator[str]:
    if editorial.depth:
        yield _DEPTH_WORDS[editorial.depth]
    if editorial.length:
        yield f"{editorial.length} length"
    if editorial.tone:
        yield f"{editorial.tone} tone"
    if editorial.locale:
        yield f"language {editorial.locale}"


def _by_users(users: int) -> str:
    return f"Not of this user: of {rounded_down(users):,} users or more"


def _rounded_score(share: float) -> float:
    # Two digits: the third moves from night to night, and with it every answer.
    return min(round(share, 2), EDITORIAL_SCORE)


def _put_basis(
    profile: profile_pb2.Profile, editorial: EditorialProfile, trending: int, trend: store_pb2.Trend
) -> None:
    profile.default_basis.editorial_topic_count = len(editorial.topics)
    profile.default_basis.trending_topic_count = trending
    profile.default_basis.user_count = rounded_down(trend.user_count) if trending else 0
