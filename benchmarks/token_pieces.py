"""Makes foreword/tokens/pieces.txt: the pieces that both generations of Claude's tokenizer hold whole.

Needs ctok 1.3.0 (`pip install ctok==1.3.0`, Python 3.12 or later): `python -m benchmarks.token_pieces`.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import ctok.main
from ctok.constants import BOW_G, EOW_G, SHIFT_G

FILE = Path(__file__).parents[1] / "foreword" / "tokens" / "pieces.txt"
# Longer ones are runs of one sign.
CHARACTERS_MAX = 24
HEADER = """\
# Pieces that Claude's tokenizers of both generations (3 to 4.6, and 4.7 on) hold as one token, one a line.
# Made by `python -m benchmarks.token_pieces` of ctok 1.3.0, which found them with count_tokens; see pieces.LICENSE.
# ␂ begins a word, ␃ ends one, ⇧ stands for a capital in front of it.
"""
MARKS = str.maketrans({BOW_G: "␂", EOW_G: "␃", SHIFT_G: "⇧"})


def main() -> None:
    """Write the file."""
    vocabularies = [ctok.main._model(family).vocab for family in ("v3", "v4.8")]
    pieces = sorted(
        piece.translate(MARKS) for piece in frozenset.intersection(*vocabularies) if _is_kept(piece)
    )
    FILE.write_text(HEADER + "\n".join(pieces) + "\n", encoding="utf-8")


def _is_kept(piece: str) -> bool:
    """Return whether a piece lies within one word, or one run of punctuation; digits and spaces are counted by rule."""
    body = "".join(character for character in piece if character not in {BOW_G, EOW_G, SHIFT_G})
    kinds = {_kind(character) for character in body}
    return (
        len(piece) <= CHARACTERS_MAX
        and len(kinds) <= 1
        and not kinds & {"N", "Z"}
        and not any(ord(mark) < 0x20 for mark in body)
    )


def _kind(character: str) -> str:
    category = unicodedata.category(character)[0]
    return {"M": "L", "S": "P"}.get(category, category)


if __name__ == "__main__":
    main()
