"""Where sentences end."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A mark, what closes around it, and space behind; the marks of Chinese and Japanese need none.
_END = re.compile(r"""[.!?…]+[")\]*_”’»]*(?=\s)|[。！？]+[」』”）]*""")
# What ends in a full stop and no sentence with it.
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|incl|resp|no|fig|sec|dr|mr|mrs|ms|prof|st|[A-Z]))\.$", re.I
)
# Marks that stand farther from what they close, or close nothing, hold no sentence open.
_OPEN_LETTERS_MAX = 2000
_CODE = re.compile(r"(`+)(?:.*?)\1", re.DOTALL)


def first_sentence(text: str) -> str:
    """Return the first sentence of a paragraph of Markdown; all of it where no sentence ends before its end."""
    return next(split_sentences(text), text)


def split_sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a paragraph of Markdown, with the space behind each left out.

    A mark within code, brackets or emphasis ends nothing, nor does one that small letters follow.
    """
    # Of equal length, so that places stay.
    masked = _CODE.sub(lambda code: "x" * len(code[0]), text)
    start = 0
    for end in _END.finditer(masked):
        before, after = masked[start : end.end()], masked[end.end() : end.end() + 9].lstrip()
        if len(before) < _OPEN_LETTERS_MAX and _is_open(before):
            continue
        if after[:1].islower() or _SHORT.search(before[-8:]):
            continue
        yield text[start : end.end()].lstrip()
        start = end.end()
    if rest := text[start:].strip():
        yield rest


def _is_open(text: str) -> bool:
    return text.count("(") > text.count(")") or text.count("[") > text.count("]") or text.count("**") % 2 == 1
