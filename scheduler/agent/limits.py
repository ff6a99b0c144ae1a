"""The size a profile may have, and what gives way first."""

from __future__ import annotations

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

from foreword.store.codec import PROFILE_BYTES_MAX
from foreword.store.profile_size import check_profile_size
from foreword.v1 import profile_pb2
from scheduler.agent.observed import usefulness

# Of noes that are said in several places; the newest stand first.
_REPEATED_KEPT = 10


def fit(profile: profile_pb2.Profile, bytes_max: int = PROFILE_BYTES_MAX) -> None:
    """Drop what Foreword itself can spare until it fits: explanations, weak counts, then the least useful beliefs.

    Of beliefs those that ended go first, the longest ended before the others; then the least sure, of those the longest
    silent. What the user said, and what they said no to, stays. Event ids and topics may be 128 bytes each, so that all
    lists at their longest would not fit together.

    Raises:
        FieldError: What is left is still too large; names the largest field.
    """
    if profile.ByteSize() <= bytes_max:
        return
    # They say in words what the counts beside them say.
    preferences = profile.content_preferences
    for topic in (*preferences.high_affinity_topics, *preferences.low_affinity_topics):
        topic.ClearField("explanation")
    # They stand first, and are what the user must not have to say again.
    noes = sum(row.stance == profile_pb2.STANCE_NO for row in profile.memory.topics)
    for rows, kept_min in (
        (profile.memory.attributes, 10),
        (profile.memory.topics, max(30, noes)),
        (profile.search_defaults.boost_signals, 3),
        (profile.content_preferences.high_affinity_topics, 10),
        (profile.memory.recent, 4),
        (profile.memory.topics, max(10, noes)),
    ):
        while profile.ByteSize() > bytes_max and len(rows) > kept_min:
            del rows[-1]
    for count in (2, 1):
        if profile.ByteSize() > bytes_max:
            _keep_evidence(profile.self_model, count)
    while profile.ByteSize() > bytes_max and _drop_belief(profile.self_model.beliefs):
        pass
    _drop_repeated(profile, bytes_max)
    check_profile_size(profile, bytes_max)


def _keep_evidence(model: profile_pb2.SelfModel, count: int) -> None:
    """Keep only the newest events behind each row; how many there were stands beside them."""
    for rows in (model.beliefs, model.goals, model.expertise, model.preferences):
        for row in rows:
            del row.evidence[:-count]
    for belief in model.beliefs:
        del belief.contradictions[:-count]


def _drop_repeated(profile: profile_pb2.Profile, bytes_max: int) -> None:
    """Drop what repeats the noes of the memory, which stay: fifty of 128 bytes do not fit four times."""
    beliefs = profile.self_model.beliefs
    for rows in (
        profile.notification_config.suppress_topics,
        profile.content_preferences.low_affinity_topics,
    ):
        while profile.ByteSize() > bytes_max and len(rows) > _REPEATED_KEPT:
            del rows[-1]
    while profile.ByteSize() > bytes_max:
        least = min((row for row in beliefs if not row.proposed_by), key=usefulness, default=None)
        if least is None:
            return
        beliefs.remove(least)


def _drop_belief(beliefs: RepeatedCompositeFieldContainer[profile_pb2.Belief]) -> bool:
    """Drop the least useful belief; return whether there was one that may go."""
    # Those that ended stand last, the longest ended last of all.
    if beliefs and beliefs[-1].HasField("valid_to"):
        del beliefs[-1]
        return True
    least = min(beliefs, key=usefulness, default=None)
    if least is None or least.source == profile_pb2.BELIEF_SOURCE_EXPLICIT:
        return False
    beliefs.remove(least)
    return True
