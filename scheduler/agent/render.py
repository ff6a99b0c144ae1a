"""From sayings to the texts that are served: the foreword with its parts and cuts, and the summary."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from foreword.budget import cut
from foreword.frames import frame_for
from foreword.tokens import TOKENIZER, count_line_tokens, count_tokens
from foreword.v1 import profile_pb2
from scheduler.agent.saying import Saying

SUMMARY_BYTES_MAX = 600
# Where the first sentence may end early: before the next of the things it lists. Not within a quoted name.
_NEXT_THING = re.compile(r', | \(|(?<=[")]) and ')
# A date, or a single word, "Reads".
_NOTHING_YET = re.compile(r"As of \w+ \d+|\S+")


def foreword(
    sayings: Sequence[Saying], tokens_max: int, *, frame_for: Callable[[str], str] = frame_for
) -> profile_pb2.Foreword:
    """Return the text of at most `tokens_max` tokens, a line a saying, with its parts and where it may be cut.

    The frame alone says nothing, so the first cut lies in the first sentence, after the first thing it says. A saying
    that does not fit is left out. Without any, as when a user only refused what may not be named, the text is empty.
    """
    result = profile_pb2.Foreword(tokenizer=TOKENIZER)
    if sayings:
        lines = [saying.text for saying in sayings]
        result.text = "\n".join([frame_for("\n".join(lines)), *lines])
        for saying in sayings:
            result.parts.add(kind=saying.kind, text=saying.text, token_count=count_line_tokens(saying.text))
        result.cuts.extend(_cuts(result))
        result.token_count = result.cuts[-1].token_count
        cut(result, tokens_max)
    if not result.cuts:
        result.cuts.add(byte_end=0, token_count=0)
    return result


def _cuts(whole: profile_pb2.Foreword) -> Iterator[profile_pb2.ForewordCut]:
    """Yield where the text may be cut, ascending: within its first sentence, and after every line."""
    frame, start = whole.text.partition("\n")[0], whole.text.index("\n") + 1
    first, tokens = whole.parts[0].text, _frame_tokens(frame)
    for end in _ends(first):
        size_bytes, said_tokens = len(whole.text[: start + end].encode()), count_line_tokens(first[:end])
        yield profile_pb2.ForewordCut(byte_end=size_bytes, token_count=tokens + said_tokens)
    end = len(frame.encode())
    for part in whole.parts:
        end, tokens = end + 1 + len(part.text.encode()), tokens + part.token_count
        yield profile_pb2.ForewordCut(byte_end=end, token_count=tokens)


# There are a handful of frames, and each text has one.
@lru_cache(maxsize=16)
def _frame_tokens(frame: str) -> int:
    return count_tokens(frame)


def _ends(first: str) -> Iterator[int]:
    for match in _NEXT_THING.finditer(first):
        said = first[: match.start()]
        if (
            not _NOTHING_YET.fullmatch(said)
            and said.count('"') % 2 == 0
            and said.count("(") == said.count(")")
        ):
            yield match.start()


def summary(sayings: Sequence[Saying]) -> str:
    """Return the sayings as running text of at most 600 bytes, cut between them."""
    text = ""
    for saying in sayings:
        longer = f"{text} {saying.text}".lstrip()
        if len(longer.encode()) > SUMMARY_BYTES_MAX:
            break
        text = longer
    return text
