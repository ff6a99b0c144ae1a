"""What kind of thing a statement says, by the words of Foreword's own in it."""

from __future__ import annotations

import re
from functools import lru_cache

from foreword.v1 import profile_pb2
from scheduler.agent.framing import ATTITUDES, DEEPLY, NEGATIVE, NEW_TO, NEWLY, SOME, UNIVERSAL, WELL

# Names say nothing of the kind: "not" in quotation marks is somebody's topic.
_NAMES = re.compile(r'"[^"]*"')
_WORDS = re.compile(r"[a-z]+")
_TURNING = "turns away"


@lru_cache(maxsize=4096)
def belief_kind(statement: str) -> profile_pb2.BeliefKind:
    """Return the kind of a statement: what it is against goes first, then what it leaves no exception from."""
    said = _NAMES.sub("", statement).casefold()
    words = frozenset(_WORDS.findall(said))
    if words & NEGATIVE or said.startswith(_TURNING):
        return profile_pb2.BELIEF_KIND_DISLIKE
    if words & UNIVERSAL:
        return profile_pb2.BELIEF_KIND_CONSTRAINT
    if words & ATTITUDES:
        return profile_pb2.BELIEF_KIND_PREFERENCE
    if words & (DEEPLY | WELL | SOME | NEWLY) or NEW_TO in said:
        return profile_pb2.BELIEF_KIND_EXPERTISE
    return profile_pb2.BELIEF_KIND_INTEREST
