"""Whether a backup is what its manifest says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from foreword.errors import StoreCorruptError
from foreword.store.check.fault import Fault
from foreword.store.files import DATA_FILE
from foreword.store.manifest import MANIFEST_FILE, read_manifest, sha256_of


def manifest_faults(directory: Path) -> Iterator[Fault]:
    """Yield where a backup differs from its manifest; nothing for a folder without one."""
    try:
        manifest = read_manifest(directory)
    except StoreCorruptError as exc:
        yield Fault(MANIFEST_FILE, "", exc.message)
        return
    for name, copy in (manifest.environments if manifest is not None else {}).items():
        data = directory / name / DATA_FILE
        if not data.exists():
            yield Fault(name, "", "the manifest names it, but it is missing")
        elif sha256_of(data) != copy.sha256:
            yield Fault(name, "", "its bytes are not those that were backed up")
