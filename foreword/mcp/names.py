"""Names on their way to a model: through the door that texts have for them."""

from __future__ import annotations

from collections.abc import Iterable

from foreword.naming import well_shaped


class Names:
    """Lets names through the door that texts have for them, and counts what it holds back: a topic comes from whoever
    records events, and a model reads all it is given.
    """

    def __init__(self) -> None:
        self.withheld_count = 0

    def of(self, raw: str) -> str | None:
        """Return a name, or None when it reads like text."""
        name = well_shaped(raw)
        self.withheld_count += name is None
        return name

    def all(self, raws: Iterable[str]) -> list[str]:
        """Return those that are names."""
        return [name for raw in raws if (name := self.of(raw)) is not None]
