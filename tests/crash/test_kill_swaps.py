"""SIGKILL at every named point of a swap, and again in every attempt to clear up: one of the two stores is whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest
from crash.failpoint_deaths import points_until_death
from crash.test_kill_archiving import ERASING, FOLDING
from crash.test_kill_model_swaps import POINTS

from foreword import keys
from foreword.errors import StoreError
from foreword.store import ActivityReader, ActivityWriter, ProfileReader, ProfileWriter
from foreword.store.databases import CHANGES, META
from foreword.store.dataset import Versions, make_dataset
from foreword.store.dataset.versions import FOLDER
from foreword.store.failpoints import Failpoint
from foreword.store.files import ACTIVITY, PROFILES
from foreword.store.swap import RESTORE_MARKER
from foreword.store.upkeep import backup_store, compact, compact_store, restore_store

MAP_BYTES = 1 << 26
Rows = dict[str, dict[bytes, list[tuple[bytes, bytes]]]]


class Case(NamedTuple):
    """Something that swaps, and what a store may be once it was killed and is cleared up."""

    store: Path
    act: Callable[[], object]
    outcomes: list[Rows]
    """The one of before comes first."""
    undo: Callable[[], object] = lambda: None
    """What an operator does about an interrupted restore, as far as it puts the former back."""


def rows_of(directory: Path) -> Rows:
    """Return all rows of a store; an environment that is not there has none."""
    found: Rows = {}
    for kind in (ProfileReader, ActivityReader):
        with suppress(StoreError), closing(kind(directory)) as reader, reader.environment.begin() as txn:
            handles = reader.environment.handles
            rows = {name: list(txn.cursor(db=handles[name])) for name in handles}
            # One that a start has just made holds its own id and the beginning of an order, and no more.
            if any(rows[name] for name in handles if name not in (META, CHANGES)):
                found[reader.environment.name] = rows
    return found


def start_writers(directory: Path) -> None:
    """Do what a start of both daemons does."""
    for kind in (ActivityWriter, ProfileWriter):
        kind(directory, map_size_bytes=MAP_BYTES).close()


def clear_up(case: Case) -> Iterator[str]:
    """Clear up as an operator would, killed at the first point, then at the second, until it comes to its end."""
    for dies_at in range(1, 20):
        is_restoring = (case.store / RESTORE_MARKER).exists()
        attempt = case.undo if is_restoring else partial(start_writers, case.store)
        passed, has_ended = points_until_death(attempt, dies_at)
        yield from passed
        if has_ended and not is_restoring:
            return
    raise AssertionError("clearing up makes no progress")


def kill_everywhere(case: Case, pristine: Path) -> Iterator[str]:
    """Kill the case at its first point, its second, … until it ends; yield the names of the points."""
    for number in count(1):
        shutil.rmtree(case.store)
        shutil.copytree(pristine, case.store)
        passed, has_ended = points_until_death(case.act, number)
        yield from passed
        is_undone = (case.store / RESTORE_MARKER).exists()
        if is_undone:
            refuse_writers(case.store)
        yield from clear_up(case)
        assert rows_of(case.store) in (case.outcomes[:1] if is_undone else case.outcomes), passed
        left = {path.name for path in case.store.iterdir() if path.is_dir()}
        assert left <= {PROFILES, ACTIVITY, FOLDER}, (passed, left)
        if has_ended:
            return


def refuse_writers(directory: Path) -> None:
    """Neither daemon starts over half a restore."""
    for kind in (ActivityWriter, ProfileWriter):
        with pytest.raises(StoreError, match="interrupted"):
            kind(directory, map_size_bytes=MAP_BYTES)


def a_compaction(name: str, store: Path, _tmp_path: Path) -> Case:
    return Case(store, partial(compact_store, store, name), [rows_of(store)])


def a_wrong_compaction(store: Path, _tmp_path: Path) -> Case:
    """One whose successor is found not to hold what it should, so that it is swapped back."""

    return Case(store, partial(compact_wrongly, store), [rows_of(store)])


def compact_wrongly(store: Path) -> None:
    with (
        patch.object(compact, "_compare", side_effect=StoreError("wrong")),
        pytest.raises(StoreError, match="wrong"),
    ):
        compact_store(store, PROFILES)


def a_restore(store: Path, tmp_path: Path) -> Case:
    """One of a store that differs from the backup in both environments."""
    then = rows_of(store)
    backup_store(store, tmp_path / "backup")
    change(store)
    return restoring(store, tmp_path / "backup", then)


def a_restore_without_profiles(store: Path, tmp_path: Path) -> Case:
    """One of a backup made before there was any profile: those of the store must go with the rest of it."""
    young = tmp_path / "young"
    shutil.copytree(store / ACTIVITY, young / ACTIVITY)
    backup_store(young, tmp_path / "backup")
    change(store)
    return restoring(store, tmp_path / "backup", rows_of(young))


def a_dataset(store: Path, tmp_path: Path) -> Case:
    """One that takes the place of profiles that differ from it, and is kept beside them."""
    make_dataset(store, tmp_path / "set.tar")
    change(store)
    versions = Versions(store)
    versions.install(tmp_path / "set.tar", is_forced=True)
    then = rows_of(store)
    versions.use()
    return Case(store, versions.use, [rows_of(store), then])


def change(store: Path) -> None:
    """Make both environments differ from what was backed up."""
    for kind in (ActivityWriter, ProfileWriter):
        with closing(kind(store, map_size_bytes=MAP_BYTES)) as writer, writer.begin() as transaction:
            user = keys.user_key("user1")
            transaction.erase(user, 1) if kind is ActivityWriter else transaction.erase(user)


def restoring(store: Path, backup: Path, then: Rows) -> Case:
    undo = partial(undo_restore, backup, store)
    return Case(store, partial(restore, backup, store), [rows_of(store), then], undo)


def restore(backup: Path, store: Path, progress: Callable[[str, int, int], object] | None = None) -> None:
    # The check takes half a second each time, in a process of its own; test_store_maintenance holds that it is done.
    with patch("foreword.store.upkeep.restore._refuse_damaged"):
        restore_store(backup, store, progress=progress)


def undo_restore(backup: Path, store: Path) -> None:
    with suppress(ZeroDivisionError):
        restore(backup, store, progress=lambda name, done, total: 1 // 0)


SWAPPED = {Failpoint.SUCCESSOR_WRITTEN, Failpoint.FORMER_ASIDE, Failpoint.SUCCESSOR_STANDS}
CLEARED = {Failpoint.FORMER_BACK, Failpoint.REMOVAL_BEGUN}
MARKED = {
    Failpoint.RESTORE_MARKED,
    Failpoint.RESTORE_SWAPPED,
    Failpoint.RESTORE_DECIDED,
    Failpoint.RESTORE_UNDONE,
    Failpoint.SUCCESSOR_ASIDE,
}
# Each case with the points it is killed at, when it acts or when it is cleared up.
CASES = {
    "compacted profiles": (
        partial(a_compaction, PROFILES),
        SWAPPED | CLEARED | {Failpoint.SUCCESSOR_PROVED},
    ),
    "compacted activity": (
        partial(a_compaction, ACTIVITY),
        SWAPPED | CLEARED | {Failpoint.SUCCESSOR_PROVED},
    ),
    "wrong compaction": (a_wrong_compaction, SWAPPED | CLEARED | {Failpoint.SUCCESSOR_ASIDE}),
    "dataset": (a_dataset, SWAPPED | CLEARED | {Failpoint.SUCCESSOR_PROVED}),
    "restore": (a_restore, SWAPPED | CLEARED | MARKED),
    "restore without profiles": (a_restore_without_profiles, SWAPPED | CLEARED | MARKED),
}


@pytest.mark.parametrize("name", CASES)
def test_killed_anywhere_in_a_swap_a_store_is_whole(name: str, store: Path, tmp_path: Path, faults) -> None:
    """After a kill at any point, and kills in clearing up, all rows are those of before, or all are those of after."""
    make, points = CASES[name]
    case = make(store, tmp_path)
    shutil.copytree(store, tmp_path / "pristine")
    assert set(kill_everywhere(case, tmp_path / "pristine")) == {point.name for point in points}
    assert faults(store) == []


def test_every_failpoint_is_killed_at() -> None:
    """A failpoint that no case reaches would be one that nothing is known of."""
    swaps = set().union(*(points for _, points in CASES.values()))
    assert swaps | {Failpoint[name] for name in FOLDING | ERASING | POINTS} == set(Failpoint)
