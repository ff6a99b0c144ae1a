"""Where the first sentence of a text ends."""

from __future__ import annotations

import re

# A mark, what closes around it, and space behind; the marks of Chinese and Japanese need none.
_END = re.compile(r"""[.!?…]+[")\]*_”’»]*(?=\s)|[。！？]+[」』”）]*""")
# What ends in a full stop and no sentence with it.
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|incl|resp|no|fig|sec|dr|mr|mrs|ms|prof|st|[A-Z]))\.$", re.I
)
# A sentence that takes longer ends too late for what it is wanted for.
_LOOKED_AT = 2000
_CODE = re.compile(r"(`+)(?:.*?)\1", re.DOTALL)


def first_sentence(text: str) -> str:
    """Return the first sentence of a paragraph of Markdown; all of it where no sentence ends before its end.

    A mark within code, brackets or emphasis ends nothing, nor does one that small letters follow.
    """
    # Of equal length, so that places stay.
    masked = _CODE.sub(lambda code: "x" * len(code[0]), text[:_LOOKED_AT])
    for end in _END.finditer(masked):
        before, after = masked[: end.end()], masked[end.end() :].lstrip()
        is_open = before.count("(") > before.count(")") or before.count("[") > before.count("]")
        if is_open or before.count("**") % 2 or after[:1].islower() or _SHORT.search(before[-8:]):
            continue
        return text[: end.end()]
    return text
