"""How much of a prompt is left to fill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from foreword.json_lines import json_line
from foreword.tokens import count_tokens

Item = TypeVar("Item")

# Lines in a row that did not fit, after which looking for a shorter one stops.
_MISSES_MAX = 8
# The tags of six blocks, an upper bound.
_TAG_TOKENS = 100


class Room:
    """Tokens that the lines of a prompt may still take; each line is counted once, when it is taken.

    Args:
        tokens_max: All there is.
    """

    def __init__(self, tokens_max: int) -> None:
        self._tokens_max = tokens_max
        self._left = tokens_max - _TAG_TOKENS

    def take(self, rows: Iterable[Mapping[str, Any]], share: float) -> list[str]:
        """Return rows as lines, the first ones, as many as fit in a share of all there is and in what is left."""
        return [json_line(row) for row in self.take_items(rows, json_line, share)]

    def take_items(
        self, items: Iterable[Item], line: Callable[[Item], str], share: float = 1.0
    ) -> Iterator[Item]:
        """Yield the items whose lines fit, likewise; one that is too long is passed over."""
        room, misses = min(self._left, int(share * self._tokens_max)), 0
        for item in items:
            # With the end of the line; counted apart, lines take no less than together.
            tokens = count_tokens(f"{line(item)}\n")
            if tokens <= room:
                room -= tokens
                self._left -= tokens
                misses = 0
                yield item
            else:
                misses += 1
                if misses == _MISSES_MAX:
                    return
