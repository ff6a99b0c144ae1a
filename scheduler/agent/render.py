"""From sentences to the texts that are served: the foreword with its cuts, and the summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from foreword.budget import cut
from foreword.frames import frame_for
from foreword.tokens import TOKENIZER, count_tokens
from foreword.v1 import profile_pb2
from scheduler.agent.saying import Saying

SUMMARY_BYTES_MAX = 600
# Where the first sentence may end early: before the next of the things it lists. Not within a quoted name.
_NEXT_THING = re.compile(r', |(?<=") and ')


def foreword(sayings: Sequence[Saying], tokens_max: int) -> profile_pb2.Foreword:
    """Return the text of at most `tokens_max` tokens, a line a sentence, cut after any line.

    The frame alone says nothing, so the first cut lies in the first sentence, after the first thing it says. A
    sentence that does not fit is left out with all that follow: what comes first is worth more. Without a sentence,
    as when a user only refused what may not be named, the text is empty.
    """
    if not sayings:
        return profile_pb2.Foreword(tokenizer=TOKENIZER, cuts=[profile_pb2.ForewordCut()])
    sentences = [saying.text for saying in sayings]
    result = profile_pb2.Foreword(
        tokenizer=TOKENIZER, text="\n".join([frame_for("\n".join(sentences)), *sentences])
    )
    for end in _ends(result.text, sentences[0]):
        tokens = count_tokens(result.text[:end])
        result.cuts.add(byte_end=len(result.text[:end].encode()), token_count=tokens)
    result.token_count = result.cuts[-1].token_count
    cut(result, tokens_max)
    if not result.cuts:
        result.cuts.add(byte_end=0, token_count=0)
    return result


def _ends(text: str, first: str) -> Iterator[int]:
    """Return where the text may be cut, ascending: within its first sentence, and after every line."""
    start = text.index("\n") + 1
    for match in _NEXT_THING.finditer(first):
        said = first[: match.start()]
        # A single word, "Reads", says nothing yet.
        if " " in said and said.count('"') % 2 == 0:
            yield start + match.start()
    for match in re.finditer("\n|$", text):
        if match.start() >= start:
            yield match.start()


def summary(sayings: Sequence[Saying]) -> str:
    """Return the sentences as running text of at most 600 bytes, cut between sentences."""
    text = ""
    for saying in sayings:
        longer = f"{text} {saying.text}".lstrip()
        if len(longer.encode()) > SUMMARY_BYTES_MAX:
            break
        text = longer
    return text
