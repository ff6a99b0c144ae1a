"""The datasets that a store keeps, of which one is in force: put there by a swap, and taken back likewise."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import foreword
from foreword.clock import Clock, SystemClock
from foreword.errors import FieldError, StoreCorruptError, StoreError
from foreword.naming import quoted
from foreword.store import databases as db
from foreword.store.check import check_store
from foreword.store.dataset.figures import DatasetFigures, dataset_figures
from foreword.store.dataset.file import read_dataset, unpack_dataset
from foreword.store.dataset.manifest import (
    DATASET_FILE,
    DatasetManifest,
    is_name,
    parse_manifest,
)
from foreword.store.dataset.rules import DatasetRules, objections
from foreword.store.engine import create_lmdb
from foreword.store.failpoints import Failpoint, passing
from foreword.store.files import DATA_FILE, LOCK_FILE, PROFILES, make_directory, sync_directory, write_private
from foreword.store.lock import FileLock, lock_profiles
from foreword.store.manifest import sha256_of
from foreword.store.snapshot import open_snapshot
from foreword.store.swap import former, incoming, recover, swap_back, swap_in, sync_environment
from foreword.store.translation import translated
from foreword.store.upkeep.backup import copied
from foreword.store.upkeep.partial import LOCK_FILE as PARTIAL_LOCK
from foreword.store.upkeep.partial import PARTIAL, disk_error, partial_folder
from foreword.store.upkeep.rewrite import Progress

FOLDER = "datasets"
_PINNED_FILE = "pinned"
_LOCK = "datasets.lock"
# What is made of the profiles in force, until it has its name.
_PRESENT = "present"
_NO_ROWS = DatasetFigures()


class InForce(NamedTuple):
    """Which dataset the profiles in force came from, and which was in force before; empty for none."""

    name: str = ""
    former: str = ""


class Version(NamedTuple):
    """A dataset that is kept."""

    manifest: DatasetManifest
    is_in_force: bool
    is_pinned: bool


class Installed(NamedTuple):
    """What became of a dataset's file."""

    manifest: DatasetManifest
    is_in_force: bool
    """False where another is pinned."""
    objections: tuple[str, ...] = ()
    """What was said against it, and overruled."""


class Versions:
    """Keeps datasets of one store in its folder `datasets`, and puts one of them in force.

    Args:
        directory: The store.
        clock: Dates what is kept of profiles that came from no dataset.
    """

    def __init__(self, directory: Path, *, clock: Clock | None = None) -> None:
        self.directory = directory
        self._folder = directory / FOLDER
        self._clock = clock or SystemClock()

    # -- looking --------------------------------------------------------------------------------------------

    @property
    def in_force(self) -> InForce:
        """Return which dataset is in force; nothing when the profiles are the scheduler's own."""
        if not (self.directory / PROFILES / DATA_FILE).exists():
            return InForce()
        with open_snapshot(self.directory / PROFILES) as snapshot:
            row = snapshot.get(db.META, db.META_DATASET)
        return InForce() if row is None else InForce(*json.loads(row))

    @property
    def pinned(self) -> str:
        """Return the name of the dataset that stays in force whatever is installed; empty for none."""
        with suppress(FileNotFoundError):
            return (self._folder / _PINNED_FILE).read_text().strip()
        return ""

    def kept(self) -> list[Version]:
        """Return the datasets that are kept, the newest first."""
        in_force, pinned = self.in_force.name, self.pinned
        return [
            Version(manifest, manifest.name == in_force, manifest.name == pinned)
            for manifest in map(self._manifest, sorted(self._names(), reverse=True))
        ]

    def figures(self, progress: Progress | None = None) -> DatasetFigures | None:
        """Return the figures of the profiles in force; None where there are none."""
        if not (self.directory / PROFILES / DATA_FILE).exists():
            return None
        with open_snapshot(self.directory / PROFILES) as snapshot:
            return dataset_figures(snapshot, progress)

    # -- changing -------------------------------------------------------------------------------------------

    def install(
        self,
        file: Path,
        rules: DatasetRules | None = None,
        *,
        is_forced: bool = False,
        progress: Progress | None = None,
    ) -> Installed:
        """Keep the dataset in a file, look through all of it, judge it, and put it in force.

        Args:
            file: As `make_dataset` wrote it.
            rules: How far its figures may be from those in force.
            is_forced: Whether it is put in force whatever is said against its figures; damage is never overruled.
            progress: Called with what is done, how much of it, and how much there is.

        Raises:
            StoreCorruptError: It is damaged; names the first problem.
            StoreVersionError: A later Foreword made it.
            StoreLockedError: A scheduler writes these profiles, or another process changes the datasets.
            StoreError: Its figures are too far from those in force.
        """
        manifest = read_dataset(file)
        with self._changing():
            self._recover()
            found = tuple(objections(manifest.figures, self.figures(progress), rules or DatasetRules()))
            if found and not is_forced:
                raise StoreError(
                    f"{file} may not take the place of what is in force: {'; '.join(found)}",
                    hint="look at the file, or overrule with --force",
                )
            self._keep(file, manifest, progress)
            if self.pinned not in {"", manifest.name}:
                return Installed(manifest, is_in_force=False, objections=found)
            self._put_in_force(manifest.name, progress)
        return Installed(manifest, is_in_force=True, objections=found)

    def use(self, name: str = "", progress: Progress | None = None) -> DatasetManifest:
        """Put a kept dataset in force; without a name the one that was before the present one.

        Raises:
            FieldError: It is not kept.
            StoreLockedError: A scheduler writes these profiles, or another process changes the datasets.
            StoreError: Another is pinned, or nothing was in force before.
        """
        with self._changing():
            self._recover()
            chosen = name or self.in_force.former
            if not chosen:
                raise StoreError("no dataset was in force before", hint="name one of `foreword dataset list`")
            manifest = self._known(chosen)
            if self.pinned not in {"", chosen}:
                raise StoreError(f"{self.pinned} is pinned", hint="`foreword dataset unpin` first")
            self._put_in_force(chosen, progress)
        return manifest

    def pin(self, name: str) -> None:
        """Have one dataset stay in force; an empty name lets others follow again.

        Raises:
            FieldError: It is not kept.
        """
        with self._changing():
            if name:
                self._known(name)
                # Beside it first: whatever happens, one of the two stays pinned.
                anew = self._folder / f"{_PINNED_FILE}.anew"
                write_private(anew, f"{name}\n".encode())
                anew.rename(self._folder / _PINNED_FILE)
            else:
                (self._folder / _PINNED_FILE).unlink(missing_ok=True)
            sync_directory(self._folder)

    def prune(self, kept_max: int) -> list[str]:
        """Remove the oldest datasets beyond a number; return their names.

        One that is in force, was before, or is pinned stays.

        Raises:
            FieldError: The number is below 1.
        """
        if kept_max < 1:
            raise FieldError("keep", str(kept_max), "1 or more")
        with self._changing():
            staying = {*self.in_force, self.pinned}
            spare = [name for name in sorted(self._names(), reverse=True)[kept_max:] if name not in staying]
            for name in spare:
                # Not removed in its place: cut short in that, its remains would pass for a dataset.
                gone = self._folder / f"{name}{PARTIAL}"
                (self._folder / name).rename(gone)
                shutil.rmtree(gone)
        return spare

    # -- inside ---------------------------------------------------------------------------------------------

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            make_directory(self._folder)
            with FileLock(self._folder / _LOCK, f"another process changes the datasets of {self.directory}"):
                self._clear()
                yield
        except OSError as exc:
            raise disk_error(self.directory, exc) from exc

    def _clear(self) -> None:
        """Remove what processes that died have left half made: each would take the room of a set for good."""
        for path in self._folder.glob(f"*{PARTIAL}"):
            name = path.name.removesuffix(PARTIAL)
            if path.is_dir() and (name == _PRESENT or is_name(name)):
                shutil.rmtree(path)

    def _recover(self) -> None:
        """Bring back profiles that a swap cut short has left aside: a set is judged beside them, and they are kept."""
        if former(self.directory / PROFILES).exists():
            with lock_profiles(self.directory):
                # Which does it.
                pass

    def _names(self) -> list[str]:
        if not self._folder.is_dir():
            return []
        return [path.name for path in self._folder.iterdir() if is_name(path.name) and path.is_dir()]

    def _manifest(self, name: str) -> DatasetManifest:
        file = self._folder / name / DATASET_FILE
        try:
            return parse_manifest(file.read_bytes(), str(file))
        except OSError as exc:
            raise StoreCorruptError(f"{file} cannot be read: {exc}", hint=f"remove {file.parent}") from exc

    def _known(self, name: str) -> DatasetManifest:
        names = sorted(self._names(), reverse=True)
        if name not in names:
            raise FieldError("name", quoted(name), f"one of {', '.join(names)}" if names else "none is kept")
        return self._manifest(name)

    def _keep(self, file: Path, manifest: DatasetManifest, progress: Progress | None) -> None:
        target = self._folder / manifest.name
        if target.exists():
            return
        with partial_folder(target, "a dataset") as partial:
            unpack_dataset(file, partial, progress)
            first = next(islice(check_store(partial), 1), None)
            if first is not None:
                raise StoreCorruptError(f"{file} is damaged: {first}", hint="use another file")
            self._refuse_other_figures(file, partial, manifest, progress)
            self._stand(partial, target)

    def _refuse_other_figures(
        self, file: Path, partial: Path, manifest: DatasetManifest, progress: Progress | None
    ) -> None:
        """Refuse a file whose profiles are not what it says of them, since by that it was judged."""
        with open_snapshot(partial / PROFILES) as snapshot:
            found = dataset_figures(snapshot, progress)
        if found != manifest.figures:
            raise StoreCorruptError(
                f"{file} is not what its manifest says: it has {found.users:,} users, {found.defaults:,} of them by "
                f"default, in {found.bytes:,} bytes, up to revision {found.revision:,}",
                hint="use a file made by `foreword dataset snapshot`",
            )

    def _keep_present(self, progress: Progress | None) -> str:
        """Keep the profiles in force, which came from no dataset: nothing is replaced that cannot come back."""
        with open_snapshot(self.directory / PROFILES) as snapshot:
            figures = dataset_figures(snapshot, progress)
            if figures == _NO_ROWS:
                return ""
            with partial_folder(self._folder / _PRESENT, "a dataset") as partial:
                copy = copied(snapshot, partial / PROFILES, progress)
                manifest = DatasetManifest(self._clock.now_ms(), foreword.__version__, copy, figures)
                write_private(partial / DATASET_FILE, manifest.to_json().encode())
                if (self._folder / manifest.name).exists():
                    # The same rows of the same moment.
                    shutil.rmtree(partial)
                else:
                    self._stand(partial, self._folder / manifest.name)
        return manifest.name

    def _stand(self, partial: Path, target: Path) -> None:
        # The check leaves the environment's lock file.
        (partial / PROFILES / LOCK_FILE).unlink(missing_ok=True)
        sync_directory(partial)
        partial.rename(target)
        sync_directory(self._folder)
        (target / PARTIAL_LOCK).unlink()

    def _put_in_force(self, name: str, progress: Progress | None) -> None:
        path = self.directory / PROFILES
        with lock_profiles(self.directory):
            present = self.in_force
            if present.name == name:
                return
            before = present.name
            if not before and (path / DATA_FILE).exists():
                before = self._keep_present(progress)
            try:
                self._bring(name, before, progress)
                swap_in(path)
                self._prove(name)
            except BaseException:
                swap_back(path)
                raise
            finally:
                # A success leaves the former, a failure an unfinished successor.
                recover(path)

    def _damaged(self, name: str, what: str) -> StoreCorruptError:
        folder = self._folder / name
        return StoreCorruptError(
            f"{folder} is damaged: {what}", hint=f"remove {folder}, then install its file again"
        )

    def _prove(self, name: str) -> None:
        if self.in_force.name != name:
            raise StoreError(f"{self.directory / PROFILES} is not what was put there", hint="check the disk")
        passing(Failpoint.SUCCESSOR_PROVED)

    def _bring(self, name: str, before: str, progress: Progress | None) -> None:
        """Write what is to be in force beside what is: a copy, since whoever follows a watch writes into it."""
        place = incoming(self.directory / PROFILES)
        make_directory(place)
        source = self._folder / name / PROFILES / DATA_FILE
        try:
            shutil.copyfile(source, place / DATA_FILE)
        except FileNotFoundError as exc:
            raise self._damaged(name, "its profiles are gone") from exc
        (place / DATA_FILE).chmod(0o600)
        size = source.stat().st_size
        if sha256_of(place / DATA_FILE) != self._manifest(name).profiles.sha256:
            raise self._damaged(name, "its profiles have another checksum")
        # The map as large as it was made: with room.
        with translated(PROFILES), closing(create_lmdb(place, 0, 1)) as env:
            meta = env.open_db(db.META, create=False)
            with env.begin(db=meta, write=True) as txn:
                txn.put(db.META_DATASET, json.dumps(InForce(name, before)).encode())
            env.sync(True)
        (place / LOCK_FILE).unlink(missing_ok=True)
        sync_environment(place)
        if progress is not None:
            progress(PROFILES, size, size)
        passing(Failpoint.SUCCESSOR_WRITTEN)
