"""The size a profile may have in the store."""

from __future__ import annotations

from foreword.errors import FieldError
from foreword.store.codec import PROFILE_BYTES_MAX
from foreword.v1.profile_pb2 import Profile


def check_profile_size(profile: Profile, bytes_max: int = PROFILE_BYTES_MAX) -> None:
    """Refuse a profile that is too large.

    Raises:
        FieldError: Names the largest field.
    """
    size_bytes = profile.ByteSize()
    if size_bytes <= bytes_max:
        return
    name, largest_bytes = max(
        ((field.name, _size_bytes(profile, field.name)) for field, _ in profile.ListFields()),
        key=lambda entry: entry[1],
    )
    raise FieldError(
        f"profile.{name}",
        f"{largest_bytes} of the profile's {size_bytes} bytes",
        f"at most {bytes_max} bytes for the whole profile",
    )


def _size_bytes(profile: Profile, name: str) -> int:
    """Return how much the profile shrinks without the field."""
    without = Profile()
    without.CopyFrom(profile)
    without.ClearField(name)
    return profile.ByteSize() - without.ByteSize()
