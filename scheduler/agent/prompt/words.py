"""Untrusted words on their way to a model: nothing personal, none that is sensitive, and none longer than need be."""

from __future__ import annotations

from foreword.naming import Names
from foreword.redaction import redact, redact_value

NAME_CHARACTERS_MAX = 80
"""Topics, items, attributes and their values; of the items of 20,000 commits, 99 in 100 have at most 68."""
# What is personal is looked for this far behind the cut: the longest keys begin before it and end behind it.
_BEHIND_CUT_CHARACTERS = 1000
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
        return self._passed(redact(raw[: characters_max + _BEHIND_CUT_CHARACTERS]), characters_max)

    def value(self, name: str, raw: str) -> str:
        """Return the value of a named field likewise: the name may say that it is a secret."""
        return self._passed(redact_value(name, raw), NAME_CHARACTERS_MAX)

    def _passed(self, redacted: str, characters_max: int) -> str:
        text = _cut(redacted.strip(), characters_max)
        return "" if self._withholds(text) else text


def _cut(text: str, characters_max: int) -> str:
    return text if len(text) <= characters_max else text[: characters_max - 1].rstrip() + _ELLIPSIS
