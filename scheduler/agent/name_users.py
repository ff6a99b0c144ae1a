"""How many users of a namespace carry each name; what the policy `shared` asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

from foreword.naming import NAME_USERS_MAX, well_shaped
from foreword.store.v1 import store_pb2
from foreword.topics import topic_key

# As many as the population has topics; the rest of any namespace's names are rare ones.
NAMES_MAX = 2000
# Pruning costs a sort; waiting until a quarter more have come makes it rare.
_NAMES_BEFORE_PRUNING = NAMES_MAX * 5 // 4
# Two of twenty users share a mark of 32 bits once in twenty million times; the name then counts one user less.
_MARK_BYTES = 4


def user_mark(user_id: str) -> int:
    """Return what stands for a user in the counts: the same for the same user, and too short to be one."""
    digest = blake2b(user_id.encode(), digest_size=_MARK_BYTES, person=b"foreword name").digest()
    return int.from_bytes(digest)


def names_among(raws: Iterable[str]) -> frozenset[str]:
    """Return those that have the shape of a name, by `topic_key`."""
    return frozenset(topic_key(name) for name in map(well_shaped, raws) if name is not None)


class NameUsers:
    """Counts users by name, up to twenty each; holds a mark of each user, so that nobody counts twice."""

    def __init__(self, rows: Iterable[store_pb2.NameUsers] = ()) -> None:
        self._marks: dict[str, list[int]] = {row.name: list(row.user_marks) for row in rows}

    def count(self, name: str, mark: int) -> int:
        """Return how many users carry a name, by `topic_key`, the one of this mark among them; up to about twenty."""
        marks = self._marks.get(name, ())
        return len(marks) + (mark not in marks)

    def users(self, name: str) -> int:
        """Return how many users carry a name, by `topic_key`; up to about twenty."""
        return len(self._marks.get(name, ()))

    def add(self, names: Iterable[str], mark: int) -> None:
        """Count a user for the names carried."""
        for name in sorted(names):
            marks = self._marks.setdefault(name, [])
            if len(marks) < NAME_USERS_MAX and mark not in marks:
                marks.append(mark)
                # The order is that of the last new user: who floods the counts with names pushes out the oldest rare.
                self._marks[name] = self._marks.pop(name)
        if len(self._marks) > _NAMES_BEFORE_PRUNING:
            self._prune()

    def remove(self, mark: int) -> bool:
        """Take an erased user out of every count; return whether any held the user."""
        names = [name for name, marks in self._marks.items() if mark in marks]
        for name in names:
            self._marks[name].remove(mark)
            if not self._marks[name]:
                del self._marks[name]
        return bool(names)

    def rows(self) -> Iterator[store_pb2.NameUsers]:
        """Return the rows to store, at most NAMES_MAX."""
        self._prune()
        for name, marks in self._marks.items():
            yield store_pb2.NameUsers(name=name, user_marks=marks)

    def _prune(self) -> None:
        if len(self._marks) <= NAMES_MAX:
            return
        newest_first = list(reversed(self._marks))
        kept = set(sorted(newest_first, key=lambda name: -len(self._marks[name]))[:NAMES_MAX])
        self._marks = {name: marks for name, marks in self._marks.items() if name in kept}
