"""Untrusted words on their way to a model: none that is sensitive, and none longer than it need be."""

from __future__ import annotations

from foreword.naming import Names

NAME_CHARACTERS_MAX = 80
"""Topics, items, attributes and their values; of ten real projects' items 99 in 100 are shorter."""
_ELLIPSIS = "…"


class Words:
    """Lets words of activity through to a model. Made for one prompt.

    Args:
        names: What the namespace withholds: sensitive names and the operator's denied ones. Other than in a foreword
            all other names pass: what a model makes of them comes back through the door of names.
    """

    def __init__(self, names: Names) -> None:
        self._withholds = names.withholds

    def name(self, raw: str) -> str:
        """Return a name as a model may read it; empty when it must not."""
        return self.text(raw, NAME_CHARACTERS_MAX)

    def text(self, raw: str, characters_max: int) -> str:
        """Return a text as a model may read it, cut with an ellipsis; empty when it must not."""
        text = _cut(raw.strip(), characters_max)
        return "" if self._withholds(text) else text


def _cut(text: str, characters_max: int) -> str:
    return text if len(text) <= characters_max else text[: characters_max - 1].rstrip() + _ELLIPSIS
