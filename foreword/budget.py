"""Fitting a text into a budget of tokens: the parts that go in, under a frame that leaves them room."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from foreword.frames import brief_for
from foreword.lists import without
from foreword.tokens import count_line_tokens, count_tokens
from foreword.v1.profile_pb2 import Foreword, ForewordCut, ForewordPart
from foreword.v1.profile_service_pb2 import GetForewordResponse

TOKENS_MAX = 200
"""The most a foreword has; a larger budget means this one, and so does 0."""
# A frame that takes more of a budget than this share leaves too little to say.
_FRAME_SHARE_MAX = 0.25
# The kind of the part that says what the user said.
_STATED = "stated"


def budget_tokens(asked: int) -> int:
    """Return the budget in force for one that was asked for, 0 or more."""
    return min(asked, TOKENS_MAX) or TOKENS_MAX


def cut(served: Foreword | GetForewordResponse, tokens_max: int) -> None:
    """Fit a text into a budget: of its parts those that go in, one too long left out, under the brief frame if small.

    Of the first part stands as much as goes in, at one of the cuts within it. The text is empty when nothing goes in.
    A text without parts, of an older row, ends at the last of its cuts within the budget.
    """
    if served.token_count <= tokens_max:
        return
    if served.parts:
        _fit(served, tokens_max)
    else:
        _end_at_a_cut(served, tokens_max)


def leave_out(served: Foreword | GetForewordResponse, names: Collection[str]) -> None:
    """Leave out what a text says of some things; what the user themselves said of them stays.

    A line that says something of one of them goes, but the first: of what it lists the others stay.

    Args:
        served: Whole, with its parts; a text without parts, of an older row, stays as it is.
        names: As they are shown in a text.
    """
    kept = [each for part in served.parts for each in _less(part, names)]
    if kept == list(served.parts):
        return
    frame = served.text.partition("\n")[0]
    is_first_kept = bool(kept) and kept[0].text == served.parts[0].text
    _put(served, frame, kept, list(_beginnings(served, frame)) if is_first_kept else [])


def _less(part: ForewordPart, names: Collection[str]) -> Iterator[ForewordPart]:
    """Yield a part, or what of it is still true without some names."""
    if part.kind == _STATED or not _names_any(part.text, names):
        yield part
    elif (text := without(part.text, names)) is not None:
        yield ForewordPart(kind=part.kind, text=text, token_count=count_line_tokens(text))


def _names_any(text: str, names: Collection[str]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in names)


def _fit(served: Foreword | GetForewordResponse, tokens_max: int) -> None:
    whole = served.text.partition("\n")[0]
    frame = whole if _tokens(whole) <= _FRAME_SHARE_MAX * tokens_max else brief_for(whole)
    beginnings = list(_beginnings(served, whole))
    _put(served, frame, _fitting(served.parts, beginnings, tokens_max - _tokens(frame)), beginnings)


def _put(
    served: Foreword | GetForewordResponse,
    frame: str,
    parts: Sequence[ForewordPart],
    beginnings: Sequence[ForewordPart],
) -> None:
    """Make a text of a frame and parts."""
    served.text = "\n".join([frame, *(part.text for part in parts)]) if parts else ""
    del served.cuts[:]
    served.cuts.extend(_cuts(frame, parts, beginnings))
    served.token_count = served.cuts[-1].token_count if parts else 0
    del served.parts[:]
    served.parts.extend(parts)


def _beginnings(served: Foreword | GetForewordResponse, frame: str) -> Iterator[ForewordPart]:
    """Yield the first part up to each of the cuts within it."""
    first, start = served.parts[0], len(frame.encode()) + 1
    raw = first.text.encode()
    for place in served.cuts:
        if place.byte_end >= start + len(raw):
            return
        yield ForewordPart(
            kind=first.kind,
            text=raw[: place.byte_end - start].decode(),
            token_count=place.token_count - _tokens(frame),
        )


def _fitting(
    parts: Sequence[ForewordPart], beginnings: Sequence[ForewordPart], room: int
) -> list[ForewordPart]:
    """Return the parts that go in, in their order; in the place of the first perhaps its beginning."""
    found: list[ForewordPart] = []
    for place, part in enumerate(parts):
        candidates = [part] if place else [part, *reversed(beginnings)]
        taken = next((each for each in candidates if each.token_count <= room), None)
        if taken is not None:
            found.append(taken)
            room -= taken.token_count
    return found


def _cuts(
    frame: str, parts: Sequence[ForewordPart], beginnings: Sequence[ForewordPart]
) -> Iterator[ForewordCut]:
    """Yield where a text of these parts may end."""
    end, tokens = len(frame.encode()), _tokens(frame)
    for beginning in beginnings:
        if parts and beginning.text != parts[0].text and parts[0].text.startswith(beginning.text):
            yield ForewordCut(
                byte_end=end + 1 + len(beginning.text.encode()), token_count=tokens + beginning.token_count
            )
    for part in parts:
        end, tokens = end + 1 + len(part.text.encode()), tokens + part.token_count
        yield ForewordCut(byte_end=end, token_count=tokens)


def _end_at_a_cut(served: Foreword | GetForewordResponse, tokens_max: int) -> None:
    cuts = [place for place in served.cuts if place.token_count <= tokens_max]
    served.text = served.text.encode()[: cuts[-1].byte_end].decode() if cuts else ""
    served.token_count = cuts[-1].token_count if cuts else 0
    del served.cuts[:]
    served.cuts.extend(cuts)


@lru_cache(maxsize=8)
def _tokens(frame: str) -> int:
    return count_tokens(frame)
