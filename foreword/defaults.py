"""What is served of a user nobody knows yet."""

from __future__ import annotations

from foreword.tokens import TOKENIZER
from foreword.v1 import profile_pb2


def default_profile(user_id: str = "", namespace: str = "") -> profile_pb2.Profile:
    """Return the default profile: marked as such, with nothing claimed of the user.

    It has no time and revision zero; the scheduler, which stores one for a user with too few events, sets both.
    """
    return profile_pb2.Profile(
        user_id=user_id,
        namespace=namespace,
        foreword=default_foreword(),
        presentation=profile_pb2.Presentation(
            depth=profile_pb2.DEPTH_STANDARD, tone="neutral", length=profile_pb2.LENGTH_MEDIUM
        ),
        is_default=True,
    )


def default_foreword() -> profile_pb2.Foreword:
    """Return the default foreword: empty, with the single cut that says so.

    Empty rather than a neutral sentence: an agent that prepends it spends no token and learns nothing false.
    """
    return profile_pb2.Foreword(
        text="", token_count=0, tokenizer=TOKENIZER, cuts=[profile_pb2.ForewordCut(byte_end=0, token_count=0)]
    )
