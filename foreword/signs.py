"""What an act says of its topics: the one table of event types and feedback with their signs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from foreword.v1.event_pb2 import FEEDBACK_CORRECTION, Feedback


class Sign(StrEnum):
    """What an act says of its topics."""

    NO = "no"
    """Decides against every topic it names, until a yes."""
    NO_TO_ITEM = "no_to_item"
    """The same where it names one topic or no item. An item of several topics leaves open which of them was meant:
    it counts against them and decides nothing."""
    AGAINST = "against"
    """Counts against its topics, and decides nothing."""
    NEUTRAL = "neutral"
    """Counts for its topics, as all behaviour does."""
    YES_TO_ITEM = "yes_to_item"
    """Decides for its topics where it names one topic or no item, until a no."""
    YES = "yes"
    """Decides for every topic it names, until a no."""
    CORRECTION = "correction"
    """Says how answers should be; counts for its topics."""


SIGNS: Mapping[str, Sign] = {
    **dict.fromkeys(("mute", "block", "unsubscribe", "unfollow", "opt_out"), Sign.NO),
    **dict.fromkeys(
        (
            "dislike",
            "dismiss",
            "downvote",
            "hide",
            "not_interested",
            "remove_from_cart",
            "remove_from_wishlist",
            "return",
            "thumbs_down",
            "unlike",
        ),
        Sign.NO_TO_ITEM,
    ),
    **dict.fromkeys(("reject", "skip"), Sign.AGAINST),
    **dict.fromkeys(
        ("add_to_cart", "add_to_wishlist", "favorite", "like", "purchase", "thumbs_up", "upvote"),
        Sign.YES_TO_ITEM,
    ),
    **dict.fromkeys(("follow", "opt_in", "subscribe", "unblock", "unhide", "unmute"), Sign.YES),
    "correction": Sign.CORRECTION,
}
"""The sign of each type of event; all others are neutral."""
FEEDBACK_SIGNS: Mapping[int, Sign] = {
    Feedback.FEEDBACK_LIKE: Sign.YES_TO_ITEM,
    Feedback.FEEDBACK_DISLIKE: Sign.NO_TO_ITEM,
    # What an assistant offers is taken or turned down by the dozen, mostly for what it says and not for its topic.
    Feedback.FEEDBACK_ACCEPT: Sign.NEUTRAL,
    Feedback.FEEDBACK_REJECT: Sign.AGAINST,
    Feedback.FEEDBACK_CORRECTION: Sign.CORRECTION,
}
"""The sign of feedback; it holds where the event's type is neutral."""

AGAINST = frozenset({Sign.NO, Sign.NO_TO_ITEM, Sign.AGAINST})
"""The signs of acts that count against their topics."""
_ORDER = list(Sign)
_SIGN_OF_GRADE = {Sign.NO_TO_ITEM: Sign.AGAINST, Sign.YES_TO_ITEM: Sign.NEUTRAL}
_SEPARATORS = re.compile(r"[\s_\-\u2010-\u2015]+")


class Signs:
    """Tells the sign of an event's type.

    Args:
        own: The operator's signs by type, which go before the table. Case and separators make no difference:
            `Thumbs-Down` and `thumbsDown` are `thumbs_down`.
    """

    def __init__(self, own: Mapping[str, Sign] | None = None) -> None:
        self._own = {_folded(name): sign for name, sign in (own or {}).items()}

    def of_type(self, event_type: str) -> Sign:
        """Return the sign of a type, by all of it or else by its last part: `topic.mute` is a `mute`."""
        if self._own:
            whole, last = _folded(event_type), _folded(event_type.rpartition(".")[2])
            own = self._own.get(whole) or self._own.get(last)
            if own is not None:
                return own
        return _usual_sign(event_type)

    def of(self, event_type: str, feedback: int, has_value: bool) -> Sign:
        """Return the sign of an event: the one of its type and feedback that is more against, or that is not neutral.

        Args:
            event_type: Its type.
            feedback: Its feedback.
            has_value: Whether it has a value, which makes its feedback a grade, such as two stars of five: that is
                weighed against the user's other grades, and decides nothing.
        """
        return _joined(self, event_type, feedback, has_value)


def signs_of(own: Mapping[str, Sign]) -> Signs:
    """Return the signs that an operator's table makes; the same ones for the same table."""
    return _signs(tuple(sorted(own.items())))


def decides(sign: Sign, item_id: str, topic_count: int) -> bool:
    """Return whether an act of this sign decides for or against its topics, until the user says otherwise."""
    if sign is Sign.NO_TO_ITEM or sign is Sign.YES_TO_ITEM:
        return not item_id or topic_count == 1
    return sign is Sign.NO or sign is Sign.YES


def corrects(sign: Sign, feedback: int) -> bool:
    """Return whether an act says how answers should be."""
    return sign is Sign.CORRECTION or feedback == FEEDBACK_CORRECTION


@lru_cache(maxsize=16)
def _signs(own: tuple[tuple[str, Sign], ...]) -> Signs:
    return Signs(dict(own))


# Asked for every event of every refresh, while few types are in use.
@lru_cache(maxsize=4096)
def _joined(signs: Signs, event_type: str, feedback: int, has_value: bool) -> Sign:
    of_type = signs.of_type(event_type)
    if not feedback:
        return of_type
    of_feedback = FEEDBACK_SIGNS.get(feedback, Sign.NEUTRAL)
    if has_value:
        of_feedback = _SIGN_OF_GRADE.get(of_feedback, of_feedback)
    if of_type in AGAINST and of_feedback in AGAINST:
        return min(of_type, of_feedback, key=_ORDER.index)
    return of_feedback if of_feedback in AGAINST or of_type is Sign.NEUTRAL else of_type


@lru_cache(maxsize=1024)
def _folded(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()


@lru_cache(maxsize=1024)
def _usual_sign(event_type: str) -> Sign:
    whole = _table().get(_folded(event_type))
    return whole or _table().get(_folded(event_type.rpartition(".")[2]), Sign.NEUTRAL)


@lru_cache(maxsize=1)
def _table() -> dict[str, Sign]:
    return {_folded(name): sign for name, sign in SIGNS.items()}
