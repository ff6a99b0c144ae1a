"""Vectors of one namespace and language, by the cores that they are of: the one door to numpy and usearch."""

from __future__ import annotations

from typing import Any

from foreword.errors import MissingExtraError
from tiering.digest import CoreId

# Up to here all are compared, in 0.1 ms; a graph takes a megabyte from its first row on, which each namespace would.
_COMPARED_MAX = 2048


class Vectors:
    """Vectors of signed bytes. One thread changes them while another searches, which waits for one row at most.

    Args:
        dimensions: Numbers in each.

    Raises:
        MissingExtraError: The extra `embeddings` is not installed.
    """

    def __init__(self, dimensions: int) -> None:
        try:
            import numpy as np
            import usearch.index
        except ImportError as exc:
            raise MissingExtraError("Looking for near questions", "embeddings") from exc
        self._np: Any = np
        self._graphs: Any = usearch.index
        self._dimensions = dimensions
        self._ids: dict[int, CoreId] = {}
        self._few: dict[int, bytes] = {}
        self._compared: tuple[list[int], Any]
        self._graph: Any = None
        self.settle()

    def ids(self) -> list[CoreId]:
        """Return whose vectors there are."""
        return list(self._ids.values())

    def add(self, core_id: CoreId, vector: bytes) -> None:
        """Take in a core's vector, unless it has one: asked the same, it has the same. Found after `settle`."""
        key = _key(core_id)
        if key in self._ids:
            return
        if self._graph is None:
            self._few[key] = vector
        else:
            self._insert(self._graph, key, vector)
        self._ids[key] = core_id

    def remove(self, core_id: CoreId) -> None:
        """Let go of a core's vector. Until `settle` is called it may still be found."""
        key = _key(core_id)
        if self._ids.pop(key, None) is not None and self._few.pop(key, None) is None:
            self._graph.remove(key)

    def settle(self) -> None:
        """Bring in line what a search looks at."""
        if self._graph is None and len(self._few) > _COMPARED_MAX:
            graph = self._graphs.Index(ndim=self._dimensions, metric="cos", dtype="i8")
            for key, vector in self._few.items():
                self._insert(graph, key, vector)
            self._graph = graph
            self._few = {}
        steps = self._np.frombuffer(b"".join(self._few.values()), "i1").reshape(-1, self._dimensions)
        self._compared = list(self._few), self._unit(steps)

    def search(self, vector: bytes, count: int) -> list[tuple[CoreId, float]]:
        """Return the nearest with their cosines, the nearest first; by a graph nearly always these."""
        steps = self._np.frombuffer(vector, "i1")
        if self._graph is not None:
            # Its own threads would take longer to start than the search takes.
            found = self._graph.search(steps, count, threads=1)
            pairs = zip(found.keys.tolist(), (1 - found.distances).tolist(), strict=True)
        else:
            keys, units = self._compared
            cosines = units @ self._unit(steps)
            best = self._np.argsort(-cosines, kind="stable")[:count]
            pairs = zip([keys[place] for place in best], cosines[best].tolist(), strict=True)
        return [(core_id, cosine) for key, cosine in pairs if (core_id := self._ids.get(key)) is not None]

    def _insert(self, graph: Any, key: int, vector: bytes) -> None:
        # One at a time: while one is added no search begins, and many at once would hold it up for all of them.
        graph.add(key, self._np.frombuffer(vector, "i1"), threads=1)

    def _unit(self, steps: Any) -> Any:
        numbers = steps.astype("f4")
        return numbers / self._np.linalg.norm(numbers, axis=-1, keepdims=True)


def _key(core_id: CoreId) -> int:
    # usearch's keys have 64 bits. Two cores of a million share one once in 40 million caches; one of them is not found.
    return int.from_bytes(core_id[:8])
