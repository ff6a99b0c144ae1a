"""Whether what a user says after an answer corrects it: a rule that would rather miss one than invent one."""

from __future__ import annotations

import re

from foreword.corrections import TEXT_CHARACTERS_MAX, wishes_in

# Openings that speak of the answer before, and of nothing else.
_ABOUT_THE_ANSWER = re.compile(
    r"""(?:no+[,.!]?\s+|actually,?\s+|sorry,?\s+|but\s+)*
    (?: that(?:'s|\s+is)\s+(?:not\s+(?:it|right|correct|true|what)|wrong|incorrect)
      | this\s+is\s+(?:not\s+(?:it|right|correct|what)|wrong|incorrect)
      | not\s+what\s+i\b
      | i\s+(?:meant|didn't\s+mean|did\s+not\s+mean|didn't\s+ask|did\s+not\s+ask)\b
      | you\s+(?:misunderstood|got\s+(?:it|that|this)\s+wrong|are\s+wrong)\b
    )""",
    re.I | re.X,
)
# "No, …" answers a question as often as it corrects an answer: it counts where nothing was asked, and something
# follows it that is no thanks.
_NO = re.compile(
    r"(?:no|nope|wrong)\s*[,.!:;-]\s*(?!thank|thanks|that(?:'s|\s+is)\s+(?:all|everything|it)\b)\w", re.I
)

# How answers should be is said in a few words. "Thanks for the details, now cancel …" speaks of something else.
_WISH_WORDS_MAX = 12
_THANKS = re.compile(r"(?:thank|thanks|thx|great|perfect|hi|hello)\b", re.I)


def is_correction(text: str, answer: str) -> bool:
    """Return whether a user's turn corrects the answer before it.

    It does when it is short and begins with words about the answer ("that's not …", "I meant …"). After an answer
    without a question it also does when it begins with "No, …", or says in a few words how answers should be, by the
    rules of `foreword.corrections`. English alone, but for what corrections know. clients/node/src/follow_ups.js is
    the same for Node.
    """
    said = text.strip().replace("\u2019", "'")
    if not answer or len(said) > TEXT_CHARACTERS_MAX:
        return False
    if _ABOUT_THE_ANSWER.match(said) is not None:
        return True
    if "?" in answer:
        # Then it may be what was asked for: "No, one-way", "more details on the second".
        return False
    is_wish = len(said.split()) <= _WISH_WORDS_MAX and _THANKS.match(said) is None and bool(wishes_in(said))
    return is_wish or _NO.match(said) is not None
