"""Made cores for measurements: of the size that a model writes, and many of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.population import NOW_MS
from foreword.v1.core_pb2 import Core, CoreCaveat, CoreOrigin, CoreRevisions, CoreSection, SectionKind
from tiering.cores import Asked, Cores
from tiering.digest import Digests
from tiering.shelf import Shelf

SECRET = bytes(range(32))
NO_LIMIT = 1 << 40
# Stored in one transaction: the file is what is measured, not how it came to be.
_TOGETHER = 1000


class OpenCache(NamedTuple):
    """A cache of cores as one process has it open."""

    kept: Shelf
    made: Shelf
    cores: Cores


@contextmanager
def open_cache(folder: Path, *, size_bytes_max: int = NO_LIMIT) -> Iterator[OpenCache]:
    """Open the cache in a folder for as long as the block runs."""
    kept = Shelf(folder / "kept", SECRET, eviction="none", size_bytes_max=NO_LIMIT)
    made = Shelf(folder / "made", SECRET, eviction="least-recently-stored", size_bytes_max=size_bytes_max)
    try:
        yield OpenCache(kept, made, Cores(kept, made, Digests(SECRET), model="m", prompt="p", corpus=""))
    finally:
        kept.close()
        made.close()


def asked(number: int) -> Asked:
    """Return the made question `number`."""
    question = f"how is part {number} of the product set up"
    return Asked("", "en", question, question)


def made_core(size_bytes: int, *, seed: int = 7) -> Core:
    """Return a core of about a size with four sections of three depths, for no question yet."""
    dice = random.Random(seed)
    core = Core(
        locale="en",
        lead_short=_words(dice, 80),
        lead_standard=_words(dice, 240),
        caveats=[CoreCaveat(caveat_id="limit", text=_words(dice, 120))],
        origin=CoreOrigin.CORE_ORIGIN_GENERATED,
        revisions=CoreRevisions(model="m", prompt="p"),
    )
    core.created_at.FromMilliseconds(NOW_MS)
    section_bytes = (size_bytes - core.ByteSize() - 200) // 4
    for number in range(4):
        core.sections.append(
            CoreSection(
                section_id=f"section-{number}",
                kind=SectionKind.SECTION_KIND_EXPLANATION,
                title=_words(dice, 24),
                overview=_words(dice, section_bytes // 6),
                standard=_words(dice, section_bytes // 3),
                deep=_words(dice, section_bytes // 2 - 40),
            )
        )
    return core


def put_cores(cores: Cores, shelf: Shelf, count: int, core: Core, *, tag_count: int) -> None:
    """Store a core as the answer to the questions 0 to `count`, each with one of `tag_count` tags."""
    for start in range(0, count, _TOGETHER):
        with shelf.writing():
            for number in range(start, min(start + _TOGETHER, count)):
                put_core(cores, number, core, f"tag-{number % tag_count}")


def put_core(cores: Cores, number: int, core: Core, tag: str) -> None:
    """Store a core as the answer to one question."""
    question = asked(number)
    core.question = question.question
    core.tags[:] = [tag]
    cores.put(question, core)


def _words(dice: random.Random, size_bytes: int) -> str:
    words, length = [], 0
    while length < size_bytes:
        words.append("".join(dice.choices("aeiourstlnmdg", k=dice.randrange(2, 10))))
        length += len(words[-1]) + 1
    return " ".join(words)
