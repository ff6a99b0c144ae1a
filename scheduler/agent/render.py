"""From sentences to the texts that are served: the foreword with its cuts, and the summary."""

from __future__ import annotations

from collections.abc import Sequence

from foreword.frames import frame_for
from foreword.tokens import TOKENIZER, count_tokens
from foreword.v1 import profile_pb2

SUMMARY_BYTES_MAX = 600


def foreword(sentences: Sequence[str], tokens_max: int) -> profile_pb2.Foreword:
    """Return the text of at most `tokens_max` tokens, a line a sentence, cut after any line.

    The frame alone says nothing, so the first cut lies after the first sentence. A sentence that does not fit is
    left out with all that follow: what comes first is worth more.
    """
    result = profile_pb2.Foreword(tokenizer=TOKENIZER)
    text = frame_for("\n".join(sentences))
    for sentence in sentences:
        longer = f"{text}\n{sentence}"
        tokens = count_tokens(longer)
        if tokens > tokens_max:
            break
        text = longer
        result.cuts.add(byte_end=len(text.encode()), token_count=tokens)
    if result.cuts:
        result.text, result.token_count = text, result.cuts[-1].token_count
    else:
        result.cuts.add(byte_end=0, token_count=0)
    return result


def summary(sentences: Sequence[str]) -> str:
    """Return the sentences as running text of at most 600 bytes, cut between sentences."""
    text = ""
    for sentence in sentences:
        longer = f"{text} {sentence}".lstrip()
        if len(longer.encode()) > SUMMARY_BYTES_MAX:
            break
        text = longer
    return text
