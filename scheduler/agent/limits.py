"""The size a profile may have, and what gives way first."""

from __future__ import annotations

from foreword.store.codec import PROFILE_BYTES_MAX
from foreword.store.profile_size import check_profile_size
from foreword.v1 import profile_pb2


def fit(profile: profile_pb2.Profile, bytes_max: int = PROFILE_BYTES_MAX) -> None:
    """Drop what Foreword itself can spare until the profile fits: explanations, then weak counts and old beliefs.

    Event ids and topics may be 128 bytes each, so that all lists at their longest would not fit together.

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
        (profile.self_model.beliefs, 4),
        (profile.memory.topics, max(10, noes)),
    ):
        while profile.ByteSize() > bytes_max and len(rows) > kept_min:
            del rows[-1]
    check_profile_size(profile, bytes_max)
