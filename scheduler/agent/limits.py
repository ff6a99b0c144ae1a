"""The size a profile may have, and what gives way first."""

from __future__ import annotations

from foreword.errors import FieldError
from foreword.store.codec import PROFILE_BYTES_MAX
from foreword.v1 import profile_pb2


def fit(profile: profile_pb2.Profile, bytes_max: int = PROFILE_BYTES_MAX) -> None:
    """Drop what Foreword itself can spare until the profile fits: old beliefs first, then the weakest counts.

    Event ids and topics may be 128 bytes each, so that all lists at their longest would not fit together.

    Raises:
        FieldError: What is left is still too large; names the largest field.
    """
    for rows, kept_min in (
        (profile.memory.attributes, 10),
        (profile.memory.topics, 30),
        (profile.search_defaults.boost_signals, 3),
        (profile.content_preferences.high_affinity_topics, 10),
        (profile.self_model.beliefs, 4),
        (profile.memory.topics, 10),
    ):
        while profile.ByteSize() > bytes_max and len(rows) > kept_min:
            del rows[-1]
    if profile.ByteSize() > bytes_max:
        name, size_bytes = max(
            ((field.name, _size_bytes(profile, field.name)) for field, _ in profile.ListFields()),
            key=lambda entry: entry[1],
        )
        raise FieldError(
            f"profile.{name}",
            f"{size_bytes} of {profile.ByteSize()} bytes",
            f"a profile of at most {bytes_max} bytes",
        )


def _size_bytes(profile: profile_pb2.Profile, name: str) -> int:
    """Return how much the profile shrinks without the field."""
    without = profile_pb2.Profile()
    without.CopyFrom(profile)
    without.ClearField(name)
    return profile.ByteSize() - without.ByteSize()
