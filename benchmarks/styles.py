"""Made users of mixed styles for measurements."""

from __future__ import annotations

from foreword.v1.profile_pb2 import Depth, Length, Presentation, Profile

STYLES = 36
_DEPTHS = (Depth.DEPTH_OVERVIEW, Depth.DEPTH_STANDARD, Depth.DEPTH_DEEP)
_LENGTHS = (Length.LENGTH_SHORT, Length.LENGTH_MEDIUM, Length.LENGTH_LONG)
_TONES = ("", "direct", "friendly", "formal")


def styled_profile(number: int) -> Profile:
    """Return a profile of which nothing but the style matters: one of 36, in turn."""
    presentation = Presentation(
        depth=_DEPTHS[number % 3],
        length=_LENGTHS[number // 3 % 3],
        tone=_TONES[number // 9 % 4],
        example_domains=["java", "retail"],
        emphasis=["limits"],
    )
    return Profile(user_id=f"user-{number}", revision=1, presentation=presentation)
