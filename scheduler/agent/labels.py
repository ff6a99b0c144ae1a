"""Names of topics and values as they stand in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from foreword.naming import Names


def labels(names: Names, raws: Iterable[str], count: int) -> list[str]:
    """Return the first `count` names that may stand in a text, each once, in quotation marks unless they are ours."""
    return [name.shown for name in names.named(raws, count)]


def join(names: Sequence[str]) -> str:
    """Return names as a list in English: `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
