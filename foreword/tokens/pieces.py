"""What a tokenizer holds whole, and how few such pieces a word takes."""

from __future__ import annotations

from functools import cache, lru_cache

BEGIN, END, CAPITAL = "␂", "␃", "⇧"
"""Marks in a stream: a word begins, a word ends, a capital stands in front; a token each where no piece holds it."""
_MARKS = frozenset((BEGIN, END, CAPITAL))


@lru_cache(maxsize=16_384)
def piece_count(stream: str) -> int:
    """Return the fewest pieces that make up a stream of characters and marks.

    The pieces known here are some of the tokenizer's, so that it may need fewer and never more. A character that is no
    piece counts its bytes of UTF-8.
    """
    pieces, characters_max = _pieces()
    fewest = [0]
    for end in range(1, len(stream) + 1):
        best = fewest[end - 1] + character_cost(stream[end - 1])
        for start in range(max(0, end - characters_max), end - 1):
            if fewest[start] + 1 < best and stream[start:end] in pieces:
                best = fewest[start] + 1
        fewest.append(best)
    return fewest[-1]


def character_cost(character: str) -> int:
    """Return the most tokens one character, or one mark, takes."""
    if character.isascii() or character in _MARKS or character in _pieces()[0]:
        return 1
    return len(character.encode("utf-8", "replace"))


@cache
def _pieces() -> tuple[frozenset[str], int]:
    """Return the pieces and the length of the longest; read when the first text is counted, 3 ms."""
    # Imported here: a client that only reads texts counts none.
    from importlib.resources import files

    text = files("foreword.tokens").joinpath("pieces.txt").read_text(encoding="utf-8")
    # No piece holds a space, and every line of explanation does.
    pieces = frozenset(line for line in text.split("\n") if line and " " not in line)
    return pieces, max(map(len, pieces))
