"""What a text names: everything in quotation marks, and the names that are ours, which stand bare."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from foreword.naming import Names
from foreword.topics import topic_key
from foreword.vocabulary import built_in

# What is named as what is not expected of the user: behind one of these until the end of its clause.
_TURNED = re.compile(r"\b(?:Skip|No(?= ⟨))\b[^.;]*|(?<=; )(?:(?:, )?⟨\d+⟩ \d+\.\d)+")


class Masked(NamedTuple):
    """A text with a numbered mark, such as `⟨0⟩`, for every name, and the names."""

    text: str
    names: Sequence[str]

    def of(self, marks: str) -> list[str]:
        """Return the names that marks in a part of the text stand for."""
        return [self.names[int(number)] for number in re.findall(r"⟨(\d+)⟩", marks)]


def masked(text: str) -> Masked:
    """Return a text with marks for its names."""
    names: list[str] = []

    def mark(match: re.Match[str]) -> str:
        names.append(match.group(1) or match.group(0))
        return f"⟨{len(names) - 1}⟩"

    return Masked(_name().sub(mark, text), names)


def expected(text: str) -> list[str]:
    """Return what a text names as what may be expected of its user: each once, in the order of the text."""
    found = masked(text)
    return list(dict.fromkeys(found.of(_TURNED.sub("", found.text))))


@lru_cache(maxsize=16_384)
def as_named(raw: str) -> str:
    """Return what a text calls a topic, an item or a value; the word itself where no text may."""
    name = Names().name(raw)
    return raw if name is None else name.text


@lru_cache(maxsize=1)
def _name() -> re.Pattern[str]:
    ours = sorted(set(built_in().labels.values()), key=lambda name: (-len(name), name))
    bare = "|".join(map(re.escape, ours))
    return re.compile(rf'"([^"]+)"|(?<![\w"])(?:{bare})(?![\w+#])')


@lru_cache(maxsize=16_384)
def keys_of(name: str) -> frozenset[str]:
    """Return the topics, by `topic_key`, that a text calls by a name."""
    return frozenset(
        {topic_key(name), *(topic_key(raw) for raw, shown in built_in().labels.items() if shown == name)}
    )


def sentences(line: str) -> Iterator[str]:
    """Yield the sentences of a line: a full stop within quotation marks ends none."""
    start = 0
    for match in re.finditer(r'"[^"]*"|(?<=[.]) (?=[A-Z"])', line):
        if match.group(0) == " ":
            yield line[start : match.start()]
            start = match.end()
    yield line[start:]
