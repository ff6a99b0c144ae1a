"""Which stored questions are near a question: a place to look, made anew from the cache, and never the truth."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from foreword.store.v1.answers_pb2 import StoredCore
from foreword.v1.core_pb2 import Core, CoreOrigin
from tiering.cores import Cores, core_id_of
from tiering.digest import CoreId
from tiering.shelf import Shelf
from tiering.vectors import Vectors

FOLLOWED_MAX = 5000
"""Changes that one call of `follow` takes in: a second or two of its thread."""
# Rows that each call looks up again, so that what is gone leaves the memory though nobody asks near it.
_SWEPT = 200
# Candidates looked at for each one wanted: those of an epoch that is over stand in the way until they are swept.
_WIDTH = 8


class Near(NamedTuple):
    """A stored question that is near.

    Attributes:
        core_id: The core that answers it.
        question: The question, as the core has it.
        similarity: The cosine of the two vectors.
    """

    core_id: CoreId
    question: str
    similarity: float


class _Place(NamedTuple):
    namespace: str
    locale: str


class Nearest:
    """The vectors of the questions of all cores in memory, some 800 bytes each.

    `search` may run while `follow` does in another thread. Only where to look, and in which order, rests on the
    vectors: each core is read from the cache, and is one that answers now.

    Args:
        cores: The cores.
        shelves: Those that they are on.
        embed: Makes a vector of signed bytes of a text.
        vector_model: What makes these vectors; rows with another's are embedded anew.
        similarity_min: Cosine from which on a question is near.
    """

    def __init__(
        self,
        cores: Cores,
        shelves: Sequence[Shelf],
        embed: Callable[[str], bytes],
        vector_model: str,
        *,
        similarity_min: float,
    ) -> None:
        self._cores = cores
        self._embed = embed
        self._vector_model = vector_model
        self._similarity_min = similarity_min
        self._dimensions = len(embed("a question"))
        self._followed = dict.fromkeys(shelves, 0)
        self._vectors: dict[_Place, Vectors] = {}
        self._gone: deque[tuple[_Place, CoreId]] = deque()
        self._round: Iterator[tuple[_Place, CoreId]] = iter(())

    def follow(self) -> int:
        """Take in what was stored since; return how many changes that were. With `FOLLOWED_MAX` there may be more.

        Raises:
            CacheError: The cache cannot be read.
        """
        touched = self._sweep()
        count = 0
        for shelf, after in self._followed.items():
            for number, row in islice(self._cores.changes(shelf, after), FOLLOWED_MAX - count):
                if row is not None and self._is_in_force(row.core) and any(vector := self._vector(row)):
                    place = _Place(row.core.namespace, row.core.locale)
                    if place not in self._vectors:
                        self._vectors[place] = Vectors(self._dimensions)
                    self._vectors[place].add(core_id_of(row.core), vector)
                    touched.add(place)
                self._followed[shelf] = number
                count += 1
        for place in touched:
            self._vectors[place].settle()
        return count

    def search(self, namespace: str, locale: str, question: str, count: int = 3) -> list[Near]:
        """Return the stored questions that are near, the nearest first: only those whose cores answer now.

        Raises:
            CacheError: The cache cannot be read.
        """
        place, vector = _Place(namespace, locale), self._embed(question)
        near: list[Near] = []
        if place not in self._vectors or not any(vector):
            return near
        for core_id, similarity in self._vectors[place].search(vector, _WIDTH * count):
            if similarity < self._similarity_min or len(near) == count:
                break
            core = self._answering(core_id)
            if core is not None:
                near.append(Near(core_id, core.question, similarity))
            else:
                self._gone.append((place, core_id))
        return near

    def _sweep(self) -> set[_Place]:
        """Let go of what is gone; return where something was."""
        swept = list(islice(self._round, _SWEPT))
        if not swept:
            self._round = ((place, each) for place, own in list(self._vectors.items()) for each in own.ids())
        while self._gone:
            swept.append(self._gone.popleft())
        # Looked up again: one that a search missed may have been stored since.
        gone = [each for each in swept if self._answering(each[1]) is None]
        for place, core_id in gone:
            self._vectors[place].remove(core_id)
        return {place for place, _ in gone}

    def _answering(self, core_id: CoreId) -> Core | None:
        core = self._cores.by_id(core_id)
        return core if core is not None and self._is_in_force(core) else None

    def _is_in_force(self, core: Core) -> bool:
        is_curated = core.origin == CoreOrigin.CORE_ORIGIN_CURATED
        return is_curated or core.revisions == self._cores.revisions(core.namespace)

    def _vector(self, row: StoredCore) -> bytes:
        # Put while there was no embedding, or another one.
        is_ours = row.vector_model == self._vector_model and len(row.vector) == self._dimensions
        return row.vector if is_ours else self._embed(row.core.question)
