"""What an act says of its topics: the one table of event types and feedback with their signs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from foreword.v1.event_pb2 import Event, Feedback


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
    """Says how answers shall be; counts for its topics."""


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
        self._signs = {**_table(), **{_folded(name): sign for name, sign in (own or {}).items()}}

    def of_type(self, event_type: str) -> Sign:
        """Return the sign of a type, by all of it or else by its last part: `topic.mute` is a `mute`."""
        whole = self._signs.get(_folded(event_type))
        return whole or self._signs.get(_folded(event_type.rpartition(".")[2]), Sign.NEUTRAL)

    def of(self, event: Event) -> Sign:
        """Return the sign of an event's type or feedback: the one more against, or else the one that is not neutral."""
        of_type = self.of_type(event.type)
        if not event.feedback:
            return of_type
        of_feedback = FEEDBACK_SIGNS.get(event.feedback, Sign.NEUTRAL)
        if event.HasField("value"):
            # A grade, such as two stars of five: it is weighed against the user's other grades, and decides nothing.
            of_feedback = _SIGN_OF_GRADE.get(of_feedback, of_feedback)
        if of_type in AGAINST and of_feedback in AGAINST:
            return min(of_type, of_feedback, key=_ORDER.index)
        return of_feedback if of_feedback in AGAINST or of_type is Sign.NEUTRAL else of_type


def decides(event: Event, sign: Sign, topic_count: int) -> bool:
    """Return whether an event of this sign decides for or against its topics, until the user says otherwise."""
    if sign in (Sign.NO_TO_ITEM, Sign.YES_TO_ITEM):
        return not event.item_id or topic_count == 1
    return sign in (Sign.NO, Sign.YES)


@lru_cache(maxsize=1024)
def _folded(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()


@lru_cache(maxsize=1)
def _table() -> dict[str, Sign]:
    return {_folded(name): sign for name, sign in SIGNS.items()}
