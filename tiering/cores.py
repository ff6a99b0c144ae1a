"""The cores that are stored, and what leads to them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from foreword.store.v1.answers_pb2 import (
    Epoch,
    LastChange,
    Lease,
    StoredAlias,
    StoredAliases,
    StoredChange,
    StoredCore,
    TaggedCores,
)
from foreword.v1.core_pb2 import Core, CoreOrigin, CoreRevisions
from tiering.ages import made_ms_of
from tiering.digest import CoreId, Digests
from tiering.errors import CoreExistsError
from tiering.rows import put_row, read_row
from tiering.shelf import Shelf

ALIASES_MAX = 200
"""Aliases of one core; with more the oldest go."""

_CORE = b"c"
_ALIAS = b"a"
_ALIASES = b"A"
_TAG = b"t"
_EPOCH = b"e"
_CHANGE = b"j"
_LAST_CHANGE = b"J"
LEASE = b"l"


class Asked(NamedTuple):
    """A question, as the cache knows it.

    Attributes:
        namespace: The tenant's space.
        locale: Its language, as BCP 47 has it.
        question: As it was put, for people.
        normalised: As it is compared.
    """

    namespace: str
    locale: str
    question: str
    normalised: str


@dataclass(frozen=True, slots=True)
class Found:
    """A core that answers a question.

    Attributes:
        core: The core.
        alias: Set where another question's core answers: who says so.
    """

    core: Core
    alias: StoredAlias | None = None


class Place(NamedTuple):
    """A shelf, and what is part of the ids of its cores beside the question."""

    shelf: Shelf
    revisions: tuple[str, ...]


class Cores:
    """Cores on two shelves: what people put is kept; what a model made may go, and goes by itself when room is short.

    Args:
        kept: For what people put, and for epochs.
        made: For what a model made.
        digests: Makes the ids.
        model: The model that writes cores, `tiering.model`.
        prompt: The revision of the prompt that asks for them.
        corpus: `tiering.corpus_revision`.
    """

    def __init__(
        self, kept: Shelf, made: Shelf, digests: Digests, *, model: str, prompt: str, corpus: str
    ) -> None:
        self._kept = kept
        self._made = made
        self._digests = digests
        self._made_with = (model, prompt, corpus)

    # -- reading ----------------------------------------------------------------------------------------------

    def find(self, asked: Asked) -> Found | None:
        """Return the core for a question: its own, or one that an alias leads to; what people put goes first.

        Raises:
            CacheError: The cache cannot be read.
        """
        for place in self._places(asked.namespace):
            own_id = self._id(asked, place)
            core = _core(place.shelf, own_id)
            if core is not None:
                return Found(core)
            alias = read_row(place.shelf, _ALIAS + own_id, StoredAlias)
            core = _core(place.shelf, CoreId(alias.core_id)) if alias is not None else None
            if core is not None:
                return Found(core, alias)
        return None

    def curated(self, asked: Asked) -> Core | None:
        """Return the core that people put for this very question.

        Raises:
            CacheError: The cache cannot be read.
        """
        return _core(self._kept, self._id(asked, Place(self._kept, ())))

    def by_id(self, core_id: CoreId) -> Core | None:
        """Return a core by its id, whatever its age.

        Raises:
            CacheError: The cache cannot be read.
        """
        return _core(self._kept, core_id) or _core(self._made, core_id)

    def id_of(self, asked: Asked) -> CoreId:
        """Return the id that a core has which a model makes for a question now."""
        return self._id(asked, self._made_place(asked.namespace))

    def revisions(self, namespace: str) -> CoreRevisions:
        """Return what is in force for cores that a model makes now.

        Raises:
            CacheError: The cache cannot be read.
        """
        model, prompt, corpus = self._made_with
        return CoreRevisions(model=model, prompt=prompt, corpus=corpus, epoch=self.epoch(namespace))

    def epoch(self, namespace: str) -> int:
        """Return how often everything in a namespace was invalidated."""
        row = read_row(self._kept, self._epoch_key(namespace), Epoch)
        return row.epoch if row is not None else 0

    def aliases(self, core_id: CoreId) -> list[StoredAlias]:
        """Return what leads to a core, the newest last."""
        shelf = self._shelf_of(core_id)
        ids = read_row(shelf, _ALIASES + core_id, StoredAliases) or StoredAliases()
        rows = (read_row(shelf, _ALIAS + alias_id, StoredAlias) for alias_id in ids.alias_ids)
        return [row for row in rows if row is not None and row.core_id == core_id]

    def tagged(self, namespace: str, tag: str) -> list[CoreId]:
        """Return the cores with a tag."""
        return [
            CoreId(core_id)
            for shelf in (self._kept, self._made)
            for shard in range(256)
            for core_id in _tagged(shelf, self._tag_key(namespace, tag, shard)).core_ids
            if _core(shelf, CoreId(core_id)) is not None
        ]

    def changes(self, shelf: Shelf, after: int) -> Iterator[tuple[int, StoredCore | None]]:
        """Yield what was stored on a shelf after a change, each with its number, the oldest first.

        A core that was stored again comes once for each time, as it is now; None stands for one that is gone.
        """
        numbers = range(after + 1, _last_change(shelf) + 1)
        if numbers and shelf.get(_change_key(numbers[0])) is None:
            # Evicted, as the oldest are: years of them would have to be looked for one by one.
            first = bisect_left(numbers, True, key=lambda number: shelf.get(_change_key(number)) is not None)
            numbers = numbers[first:]
        for number in numbers:
            change = read_row(shelf, _change_key(number), StoredChange)
            yield number, read_row(shelf, _CORE + change.core_id, StoredCore) if change is not None else None

    def newest(self, before: tuple[int, int] | None = None) -> Iterator[tuple[Core | None, tuple[int, int]]]:
        """Yield what is stored, what was stored last first, each with the place behind which to go on.

        A core that was stored again comes once for each time, as it is now; None stands for one that is gone.

        Args:
            before: The place to go on behind; None for the newest.
        """
        kept, made = (
            _last_change(shelf) + 1 if before is None else number
            for shelf, number in zip((self._kept, self._made), before or (0, 0), strict=True)
        )
        kept_row, made_row = _change_before(self._kept, kept), _change_before(self._made, made)
        while kept_row or made_row:
            if made_row is None or (kept_row is not None and kept_row.made_ms >= made_row.made_ms):
                assert kept_row is not None
                kept = kept_row.number
                yield kept_row.core, (kept, made)
                kept_row = _change_before(self._kept, kept)
            else:
                made = made_row.number
                yield made_row.core, (kept, made)
                made_row = _change_before(self._made, made)

    # -- writing ----------------------------------------------------------------------------------------------

    def put(
        self,
        asked: Asked,
        core: Core,
        *,
        vector: bytes = b"",
        vector_model: str = "",
        lease: Lease | None = None,
        replace: bool = True,
    ) -> bool:
        """Store a core as the one that answers a question; return whether that was still wanted.

        Sets the core's id, and a time of its own. Where a lease is given that somebody else holds by now, nothing is
        stored.

        Raises:
            CoreExistsError: It is a curated one, there is one already, and it may not be replaced.
            CacheError: The cache cannot be written.
        """
        is_curated = core.origin == CoreOrigin.CORE_ORIGIN_CURATED
        place = Place(self._kept, ()) if is_curated else self._made_place(asked.namespace)
        core_id = self._id(asked, place)
        core.core_id = core_id.hex()
        with place.shelf.writing():
            if lease is not None and not holds_lease(place.shelf, core_id, lease):
                return False
            former = _core(place.shelf, core_id)
            if former is not None and not replace:
                raise CoreExistsError(
                    "a person put a core for this question already",
                    hint="say replace to put this one in its place",
                )
            if former is not None and former.created_at.ToMilliseconds() == core.created_at.ToMilliseconds():
                # What is kept of a core is kept by its time: two of one moment must not be taken for each other.
                core.created_at.nanos = former.created_at.nanos + 1
            row = StoredCore(core=core, vector=vector, vector_model=vector_model)
            put_row(place.shelf, _CORE + core_id, row)
            # Of its own now: it no longer leads elsewhere.
            place.shelf.delete(_ALIAS + core_id)
            self._retag(place.shelf, core_id, former, core)
            _note_change(place.shelf, core_id)
        return True

    def add_alias(self, asked: Asked, core_id: CoreId, alias: StoredAlias) -> CoreId | None:
        """Let a question lead to a core; return the alias's id, or None where the core is gone.

        Raises:
            CacheError: The cache cannot be written.
        """
        shelf = self._shelf_of(core_id)
        alias_id = self._id(asked, self._place(shelf, asked.namespace))
        with shelf.writing():
            if _core(shelf, core_id) is None:
                return None
            alias.core_id = core_id
            alias.alias.alias_id = alias_id.hex()
            put_row(shelf, _ALIAS + alias_id, alias)
            ids = read_row(shelf, _ALIASES + core_id, StoredAliases) or StoredAliases()
            kept = [each for each in ids.alias_ids if each != alias_id][-(ALIASES_MAX - 1) :]
            for gone in set(ids.alias_ids) - set(kept) - {alias_id}:
                shelf.delete(_ALIAS + gone)
            put_row(shelf, _ALIASES + core_id, StoredAliases(alias_ids=[*kept, alias_id]))
        return alias_id

    def alias_by_id(self, alias_id: CoreId) -> StoredAlias | None:
        """Return an alias by its id."""
        return next(
            (
                row
                for shelf in (self._kept, self._made)
                if (row := read_row(shelf, _ALIAS + alias_id, StoredAlias))
            ),
            None,
        )

    def drop_alias(self, alias_id: CoreId) -> bool:
        """Let a question lead to another's core no longer; return whether it did.

        Raises:
            CacheError: The cache cannot be written.
        """
        was_kept = self._kept.delete(_ALIAS + alias_id)
        return self._made.delete(_ALIAS + alias_id) or was_kept

    def drop(self, core_id: CoreId) -> bool:
        """Remove a core and what leads to it; return whether there was one.

        Raises:
            CacheError: The cache cannot be written.
        """
        shelf = self._shelf_of(core_id)
        with shelf.writing():
            core = _core(shelf, core_id)
            ids = read_row(shelf, _ALIASES + core_id, StoredAliases) or StoredAliases()
            for alias_id in ids.alias_ids:
                shelf.delete(_ALIAS + alias_id)
            shelf.delete(_ALIASES + core_id)
            if core is not None:
                self._retag(shelf, core_id, core, None)
            return shelf.delete(_CORE + core_id)

    def begin_epoch(self, namespace: str) -> int:
        """Make everything that a model made in a namespace a miss, at once and for good; return the new epoch.

        What people put stays: it goes by tag or by id.

        Raises:
            CacheError: The cache cannot be written.
        """
        with self._kept.writing():
            epoch = self.epoch(namespace) + 1
            put_row(self._kept, self._epoch_key(namespace), Epoch(epoch=epoch))
        return epoch

    # -- keys -------------------------------------------------------------------------------------------------

    def _places(self, namespace: str) -> tuple[Place, Place]:
        return Place(self._kept, ()), self._made_place(namespace)

    def _place(self, shelf: Shelf, namespace: str) -> Place:
        return Place(shelf, ()) if shelf is self._kept else self._made_place(namespace)

    def _made_place(self, namespace: str) -> Place:
        return Place(self._made, (*self._made_with, str(self.epoch(namespace))))

    def _id(self, asked: Asked, place: Place) -> CoreId:
        return self._digests.core(asked.namespace, asked.locale, asked.normalised, *place.revisions)

    def _shelf_of(self, core_id: CoreId) -> Shelf:
        return self._kept if _core(self._kept, core_id) is not None else self._made

    def _epoch_key(self, namespace: str) -> bytes:
        return _EPOCH + self._digests.row("epoch", namespace)

    def _tag_key(self, namespace: str, tag: str, shard: int) -> bytes:
        return _TAG + self._digests.row("tag", namespace, tag) + bytes([shard])

    def _retag(self, shelf: Shelf, core_id: CoreId, former: Core | None, core: Core | None) -> None:
        """Bring the rows of tags in line. Stored after the core, they are never evicted before it."""
        old = {(former.namespace, tag) for tag in former.tags} if former is not None else set()
        new = {(core.namespace, tag) for tag in core.tags} if core is not None else set()
        for namespace, tag in sorted(old | new):
            key = self._tag_key(namespace, tag, core_id[0])
            ids = [each for each in _tagged(shelf, key).core_ids if each != core_id]
            if (namespace, tag) in new:
                ids.append(core_id)
            put_row(shelf, key, TaggedCores(core_ids=ids))


def core_id_of(core: Core) -> CoreId:
    """Return the id of a stored core in bytes."""
    return CoreId(bytes.fromhex(core.core_id))


def _core(shelf: Shelf, core_id: CoreId) -> Core | None:
    row = read_row(shelf, _CORE + core_id, StoredCore)
    return row.core if row is not None else None


def _tagged(shelf: Shelf, key: bytes) -> TaggedCores:
    return read_row(shelf, key, TaggedCores) or TaggedCores()


def holds_lease(shelf: Shelf, core_id: CoreId, lease: Lease) -> bool:
    """Return whether a lease is still the newest that was given on a core.

    Raises:
        CacheError: The cache cannot be read.
    """
    row = read_row(shelf, LEASE + core_id, Lease)
    return row is not None and row.fence == lease.fence


class _Change(NamedTuple):
    number: int
    core: Core | None

    @property
    def made_ms(self) -> float:
        """When the core was made; one that is gone is passed over at once."""
        return made_ms_of(self.core) if self.core is not None else float("inf")


def _change_before(shelf: Shelf, number: int) -> _Change | None:
    """Return the change before this one; None where there is none, or it was evicted, as the oldest are."""
    change = read_row(shelf, _change_key(number - 1), StoredChange) if number > 1 else None
    return _Change(number - 1, _core(shelf, CoreId(change.core_id))) if change is not None else None


def _last_change(shelf: Shelf) -> int:
    return (read_row(shelf, _LAST_CHANGE, LastChange) or LastChange()).number


def _note_change(shelf: Shelf, core_id: CoreId) -> None:
    number = _last_change(shelf) + 1
    put_row(shelf, _change_key(number), StoredChange(core_id=core_id))
    put_row(shelf, _LAST_CHANGE, LastChange(number=number))


def _change_key(number: int) -> bytes:
    return _CHANGE + number.to_bytes(8, "big")
