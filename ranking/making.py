"""What was made of something immutable, kept with it for the next time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

WhatT = TypeVar("WhatT")
MadeT = TypeVar("MadeT")


def made_of(what: WhatT, kind: str, maker: object, make: Callable[[WhatT], MadeT]) -> MadeT:
    """Return what a maker makes of something, or what it made of it the last time.

    Kept is what was made last, until the thing itself goes; of what has no attributes, such as a list, nothing.

    Args:
        what: Something that never changes.
        kind: What is made; of each kind one is kept.
        maker: Whoever makes it, told apart by identity and kept with what is made: a mark rather than what is large.
        make: Makes it.
    """
    kept = getattr(what, "__dict__", None)
    if kept is None:
        return make(what)
    found = kept.get(kind)
    if found is None or found[0] is not maker:
        found = kept[kind] = maker, make(what)
    made: MadeT = found[1]
    return made
