"""Looking through a whole store in this process; `check` does it in one that may crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from foreword.errors import MissingExtraError, StoreError
from foreword.store.archive.folder import STORE
from foreword.store.check.activity import check_activity
from foreword.store.check.fault import Fault
from foreword.store.check.pair import check_pair
from foreword.store.check.profiles import check_profiles
from foreword.store.check.retention import archive
from foreword.store.check.structure import structural_faults
from foreword.store.files import ACTIVITY, PROFILES
from foreword.store.snapshot import Snapshot, open_snapshot, present

_CHECKS = {PROFILES: check_profiles, ACTIVITY: check_activity}


def inspect_store(
    directory: Path, begun: Callable[[str], None] | None = None, archive_directory: Path | None = None
) -> Iterator[Fault]:
    """Yield what is wrong with a store; `begun` is told which environment comes next.

    The archive is looked through when its folder is given, and the extra `archive` is installed.

    LMDB trusts its files: a damaged one can end this process. Call `check_store` for files of unknown health.
    """
    begin = begun or _ignore
    with ExitStack() as stack:
        snapshots: dict[str, Snapshot] = {}
        for path in present(directory):
            begin(path.name)
            try:
                snapshots[path.name] = stack.enter_context(open_snapshot(path))
            except StoreError as exc:
                yield Fault(path.name, "", exc.message)
        sound = []
        for snapshot in snapshots.values():
            begin(snapshot.name)
            faults = structural_faults(snapshot)
            yield from (Fault(snapshot.name, "", fault) for fault in faults)
            # LMDB is let into sound trees only.
            if not faults:
                sound.append(snapshot.name)
                yield from _rows(snapshot)
        if len(sound) == len(_CHECKS):
            yield from check_pair(snapshots[PROFILES], snapshots[ACTIVITY])
        if archive_directory is not None and ACTIVITY in sound:
            begin(STORE)
            with suppress(MissingExtraError):
                yield from archive(snapshots[ACTIVITY], archive_directory)


def _rows(snapshot: Snapshot) -> Iterator[Fault]:
    try:
        yield from _CHECKS[snapshot.name](snapshot)
    except Exception as exc:
        # Whatever a damaged row provokes is a finding; the other environment is still to be looked at.
        yield Fault(snapshot.name, "", f"the check could not go on: {exc!r}")


def _ignore(_: str) -> None:
    """Tell nobody."""
