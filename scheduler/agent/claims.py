"""What a statement claims beyond being busy with something, and what that must rest on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from foreword.errors import FieldError
from foreword.v1 import profile_pb2
from scheduler.agent.evidence import Evidence
from scheduler.agent.framing import (
    ATTITUDES,
    DEEPLY,
    MOSTLY,
    NEWLY,
    OFTEN,
    SOME,
    UNIVERSAL,
    WELL,
)
from scheduler.agent.observed import evidence_kind, is_statement
from scheduler.agent.statement import Statement

# Without a word of the user's, a liking shows in doing it this many times.
LIKING_EVENTS_MIN = 5
# How many events make which word, the same as where code itself uses such words.
_KNOWING_EVENTS_MIN: Sequence[tuple[AbstractSet[str], int]] = ((DEEPLY, 100), (WELL, 25), (SOME, 8))
_OFTEN_EVENTS_MIN = 3
# Whoever did it more often is no beginner.
_NEWLY_EVENTS_MAX = 25
_SHARE_EVENTS_MIN = 5
_SHARES_MIN: Mapping[frozenset[str], float] = {UNIVERSAL: 0.9, MOSTLY: 0.3}
_NEGATION = re.compile(
    r"\b(?:no|not|never|don'?t|doesn'?t|didn'?t|won'?t|can'?t|isn'?t|aren'?t|stop\w*|without|hate\w*|dislike\w*|avoid\w*"
    r"|quit\w*|skip\w*|fewer|less|instead of|rather than|longer|sick of|tired of)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Basis:
    """What there is to rest a claim on.

    Attributes:
        sources: The events cited.
        naming: Those of them that name two of the things stated, or all.
        naming_all: How many of them name all.
        event_count: Events read in this refresh.
        counted: Tells in how many events all of the things are named, cited or not.
        is_refused: The user said no to something among the things.
    """

    sources: Sequence[Evidence]
    naming: Sequence[Evidence]
    naming_all: int
    event_count: int
    counted: Callable[[], int]
    is_refused: bool


def says_no(item: Evidence) -> bool:
    """Return whether an event turns something down, by its kind or in the user's words."""
    return item.against or _NEGATION.search(item.event.text) is not None


def check_claims(statement: Statement, basis: Basis) -> None:
    """Return if all that the statement claims has something to rest on.

    Raises:
        FieldError: It has not; names the claim.
    """
    if statement.is_negative:
        if not any(says_no(item) for item in basis.naming if item.against or is_statement(item)):
            raise _unfounded("a turning away", "acts against it, or a word of the user's that says so")
    elif basis.is_refused or any(item.against for item in basis.sources):
        raise _unfounded("something for what the user turned down", "what the events speak for")
    words = statement.words
    if words & ATTITUDES and not statement.is_negative and not _shows_liking(basis):
        raise _unfounded(
            "a liking", f"a word or feedback of the user's, or {LIKING_EVENTS_MIN} events that each name all"
        )
    _check_degrees(words, basis)


def _shows_liking(basis: Basis) -> bool:
    return basis.naming_all >= LIKING_EVENTS_MIN or any(
        not says_no(item)
        and (is_statement(item) or evidence_kind(item) == profile_pb2.EVIDENCE_KIND_FEEDBACK)
        for item in basis.naming
    )


def _check_degrees(words: AbstractSet[str], basis: Basis) -> None:
    for degree, events_min in _KNOWING_EVENTS_MIN:
        if words & degree and basis.counted() < events_min:
            raise _unfounded(
                f"{min(words & degree)!r} from {basis.counted()} events", f"{events_min} or more"
            )
    if words & NEWLY and basis.counted() > _NEWLY_EVENTS_MAX:
        raise _unfounded(
            f"{min(words & NEWLY)!r} from {basis.counted()} events", f"at most {_NEWLY_EVENTS_MAX}"
        )
    if words & OFTEN and basis.counted() < _OFTEN_EVENTS_MIN:
        raise _unfounded(f"{min(words & OFTEN)!r}", f"{_OFTEN_EVENTS_MIN} events that name all")
    for degree, share_min in _SHARES_MIN.items():
        if words & degree:
            counted = basis.counted()
            if counted < max(_SHARE_EVENTS_MIN, share_min * basis.event_count):
                raise _unfounded(
                    f"{min(words & degree)!r} from {counted} of {basis.event_count} events",
                    f"{share_min:.0%} of them, and {_SHARE_EVENTS_MIN}",
                )


def _unfounded(found: str, allowed: str) -> FieldError:
    return FieldError("statement", found, allowed)
