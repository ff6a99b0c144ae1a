"""A dataset as a file: a tar of its manifest and of `profiles.lmdb`, compressed where its name ends in `.gz`."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import foreword
from foreword.clock import Clock, SystemClock
from foreword.errors import StoreCorruptError, StoreMissingError, StoreNotWritableError
from foreword.naming import quoted
from foreword.store.dataset.figures import dataset_figures
from foreword.store.dataset.manifest import DATASET_FILE, DatasetManifest, parse_manifest
from foreword.store.files import DATA_FILE, PROFILES, make_directory, sync_directory
from foreword.store.snapshot import open_snapshot
from foreword.store.swap import sync_environment, sync_file
from foreword.store.upkeep.backup import copied
from foreword.store.upkeep.partial import partial_folder
from foreword.store.upkeep.rewrite import Progress

_DATA_MEMBER = f"{PROFILES}/{DATA_FILE}"
# A manifest has some 700 bytes.
_MANIFEST_BYTES_MAX = 65_536
_CHUNK_BYTES = 1 << 20
# Pages of rows shrink to a third at any level; the higher ones take ten times as long.
_COMPRESSION = 1
_HINT = "use a file made by `foreword dataset snapshot`"


def make_dataset(
    directory: Path, target: Path, *, progress: Progress | None = None, clock: Clock | None = None
) -> DatasetManifest:
    """Write the profiles of a store, as they are at one moment, into a new file.

    Daemons go on meanwhile. Rows are written, not pages: no byte of what was erased is in it.

    Args:
        directory: The store.
        target: The file; it appears only once it is complete. Compressed when it ends in `.gz`.
        progress: Called with what is done, how much of it, and how much there is.
        clock: Dates the dataset.

    Raises:
        StoreMissingError: No profiles are there.
        StoreFullError: The disk under `target` is full.
        StoreLockedError: Another process makes a file of this name.
        StoreError: `target` exists already.
    """
    if not (directory / PROFILES / DATA_FILE).exists():
        raise StoreMissingError(
            f"no profiles at {directory}", hint="start the scheduler once, or see --config"
        )
    with partial_folder(target, "a dataset") as partial:
        with open_snapshot(directory / PROFILES) as snapshot:
            created_ms = (clock or SystemClock()).now_ms()
            figures = dataset_figures(snapshot, progress)
            copy = copied(snapshot, partial / PROFILES, progress)
        manifest = DatasetManifest(created_ms, foreword.__version__, copy, figures)
        packed = partial / "packed"
        _pack(packed, manifest, partial / PROFILES / DATA_FILE, is_compressed=target.suffix == ".gz")
        packed.rename(target)
        sync_directory(target.parent)
        shutil.rmtree(partial)
    return manifest


def read_dataset(file: Path) -> DatasetManifest:
    """Return what a dataset's file says of itself; what else is in it is not looked at.

    Raises:
        StoreMissingError: The file is not there.
        StoreVersionError: A later Foreword made it.
        StoreCorruptError: It is cut short, or no dataset.
    """
    with _opened(file) as tar:
        return _manifest(tar, file)


def unpack_dataset(file: Path, folder: Path, progress: Progress | None = None) -> DatasetManifest:
    """Write the environment in a dataset's file to `folder/profiles.lmdb`, its manifest beside it, synced to disk.

    Raises:
        StoreCorruptError: It is cut short, or a byte of it has changed.
        OSError: The folder cannot be written.
        As `read_dataset`.
    """
    place = folder / PROFILES
    make_directory(place)
    with _opened(file) as tar:
        manifest = _manifest(tar, file)
        size = manifest.profiles.bytes
        with _member(tar, _DATA_MEMBER, file) as source, (place / DATA_FILE).open("wb") as target:
            digest = _copied(source, target, size, progress)
        if digest != manifest.profiles.sha256:
            raise StoreCorruptError(
                f"{file} is damaged: its profiles have another checksum than its manifest, {digest} where "
                f"{quoted(manifest.profiles.sha256)} is allowed",
                hint=_HINT,
            )
    (place / DATA_FILE).chmod(0o600)
    sync_environment(place)
    (folder / DATASET_FILE).write_text(manifest.to_json())
    sync_file(folder / DATASET_FILE)
    return manifest


def _pack(packed: Path, manifest: DatasetManifest, data: Path, *, is_compressed: bool) -> None:
    text = manifest.to_json().encode()
    with (
        gzip.open(packed, "xb", _COMPRESSION) if is_compressed else packed.open("xb") as stream,
        tarfile.open(fileobj=stream, mode="w") as tar,
        data.open("rb") as source,
    ):
        for name, size, content in (
            (DATASET_FILE, len(text), io.BytesIO(text)),
            (_DATA_MEMBER, manifest.profiles.bytes, source),
        ):
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = size, 0o600, manifest.created_ms // 1000
            tar.addfile(member, content)
    packed.chmod(0o600)
    sync_file(packed)


def _copied(source: IO[bytes], target: IO[bytes], size: int, progress: Progress | None) -> str:
    digest, done = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
        target.write(chunk)
        done += len(chunk)
        if done > size:
            # A small file can be unpacked to any size.
            raise tarfile.TarError(f"its profiles are more than the {size:,} bytes it says")
        if progress is not None:
            progress(PROFILES, done, size)
    return digest.hexdigest()


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        stream = file.open("rb")
    except FileNotFoundError as exc:
        raise StoreMissingError(f"no dataset at {file}", hint=_HINT) from exc
    except OSError as exc:
        raise StoreNotWritableError(f"{file} cannot be read: {exc}", hint="check permissions") from exc
    with stream:
        try:
            # Read as it comes, so that a member that claims to be elsewhere is not looked for.
            with tarfile.open(fileobj=stream, mode="r|*") as tar:
                yield tar
        except (tarfile.TarError, EOFError, zlib.error) as exc:
            raise StoreCorruptError(f"{file} is cut short, or no dataset: {exc}", hint=_HINT) from exc


def _manifest(tar: tarfile.TarFile, file: Path) -> DatasetManifest:
    with _member(tar, DATASET_FILE, file) as source:
        return parse_manifest(source.read(_MANIFEST_BYTES_MAX), str(file))


def _member(tar: tarfile.TarFile, name: str, file: Path) -> IO[bytes]:
    member = tar.next()
    found = (
        tar.extractfile(member) if member is not None and member.name == name and member.isfile() else None
    )
    if found is None:
        raise StoreCorruptError(f"{file} is no dataset: {name} is not where it should be", hint=_HINT)
    return found
