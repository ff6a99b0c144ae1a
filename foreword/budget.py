"""Cutting a text to a budget of tokens, inside its frame."""

from __future__ import annotations

from collections.abc import Iterable

from foreword.frames import brief
from foreword.tokens import count_tokens
from foreword.v1.profile_pb2 import Foreword, ForewordCut
from foreword.v1.profile_service_pb2 import GetForewordResponse

TOKENS_MAX = 200
"""The most a foreword has; a larger budget means this one, and so does 0."""


def budget_tokens(asked: int) -> int:
    """Return the budget in force for one that was asked for, 0 or more."""
    return min(asked, TOKENS_MAX) or TOKENS_MAX


def cut(served: Foreword | GetForewordResponse, tokens_max: int) -> None:
    """Cut a text at the last of its cuts within a budget.

    Where the frame and a first whole line do not fit, the brief frame stands over as much of that line as does; the
    text is empty when not even the first thing fits.
    """
    if served.token_count <= tokens_max:
        return
    raw = served.text.encode()
    cuts = [place for place in served.cuts if place.token_count <= tokens_max]
    if not any(_ends_a_line(raw, place.byte_end) for place in cuts):
        raw, cuts = _cut_briefly(served.text, served.cuts, tokens_max) or (raw, cuts)
    served.text = raw[: cuts[-1].byte_end].decode() if cuts else ""
    served.token_count = cuts[-1].token_count if cuts else 0
    del served.cuts[:]
    served.cuts.extend(cuts)


def _cut_briefly(
    text: str, cuts: Iterable[ForewordCut], tokens_max: int
) -> tuple[bytes, list[ForewordCut]] | None:
    """Return the text under the brief frame with its cuts within a budget; None when there are none."""
    shorter = brief(text)
    if shorter is None:
        return None
    raw = shorter.encode()
    moved_bytes = len(text.encode()) - len(raw)
    found: list[ForewordCut] = []
    for place in cuts:
        end = place.byte_end - moved_bytes
        tokens = count_tokens(raw[:end].decode())
        if tokens > tokens_max:
            break
        found.append(ForewordCut(byte_end=end, token_count=tokens))
    return (raw, found) if found else None


def _ends_a_line(raw: bytes, end: int) -> bool:
    return end == len(raw) or b"\n" in raw[end - 1 : end + 1]
