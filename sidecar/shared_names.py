"""How many users carry a name, as the scheduler last wrote it; what the policy `shared` asks of an overlay."""

from __future__ import annotations

from collections.abc import Callable

from cachetools import LRUCache

from foreword.clock import Clock
from foreword.errors import StoreError
from sidecar.profiles import Profiles

# Reading 2,000 names takes about a millisecond, which no call should pay that another has just paid.
_KEPT_MS = 1000
# A namespace's names take up to 200 KB.
_NAMESPACES_MAX = 64


class SharedNames:
    """Reads the counts of namespaces, each at most once a second."""

    def __init__(self, profiles: Profiles, clock: Clock) -> None:
        self._profiles = profiles
        self._now_ms = clock.now_ms
        self._read: LRUCache[str, tuple[int, dict[str, int]]] = LRUCache(_NAMESPACES_MAX)

    def users_of(self, namespace: str) -> Callable[[str], int]:
        """Return the count of users by name, by `topic_key`; 0 while the store cannot be read."""

        return lambda name: self._counts(namespace).get(name, 0)

    def _counts(self, namespace: str) -> dict[str, int]:
        now_ms = self._now_ms()
        read_ms, counts = self._read.get(namespace, (0, {}))
        if namespace in self._read and 0 <= now_ms - read_ms < _KEPT_MS:
            return counts
        reader = self._profiles.reader
        try:
            rows = reader.population(namespace).names if reader is not None else ()
        except StoreError:
            rows = ()
        counts = {row.name: len(row.user_marks) for row in rows}
        self._read[namespace] = (now_ms, counts)
        return counts
