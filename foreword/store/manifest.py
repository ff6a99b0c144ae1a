"""What a backup says of itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from foreword.errors import StoreCorruptError, StoreVersionError
from foreword.store.identity import SCHEMA_VERSION

MANIFEST_FILE = "manifest.json"
MANIFEST_FORMAT = 1
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class EnvironmentCopy:
    """One environment in a backup."""

    id: str
    """The environment's id, in hexadecimal."""
    transaction: int
    """Newest transaction in it."""
    bytes: int
    """Size of its data file."""
    sha256: str
    """Digest of its data file, in hexadecimal."""


@dataclass(frozen=True)
class BackupManifest:
    """What is in a backup."""

    created_ms: int
    """When its moment was, in ms since 1970."""
    schema: int
    """Schema version of the store."""
    revision: int
    """Highest profile revision in it."""
    version: str
    """The Foreword that made it."""
    environments: dict[str, EnvironmentCopy] = field(default_factory=dict)
    """By name: `profiles.lmdb`, `activity.lmdb`; one that did not exist is left out."""
    format: int = MANIFEST_FORMAT
    """Format of the manifest itself."""

    def to_json(self) -> str:
        """Return the manifest as indented JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"


def read_manifest(backup: Path) -> BackupManifest | None:
    """Return the manifest of a backup, or None where there is none.

    Raises:
        StoreCorruptError: It cannot be read.
        StoreVersionError: A newer Foreword wrote it.
    """
    try:
        fields = json.loads((backup / MANIFEST_FILE).read_text())
        copies = {name: EnvironmentCopy(**copy) for name, copy in fields.pop("environments").items()}
        manifest = BackupManifest(**fields, environments=copies)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
        raise StoreCorruptError(
            f"{backup / MANIFEST_FILE} cannot be read: {exc}", hint="use another backup"
        ) from exc
    for what, found, known in (
        ("backup format", manifest.format, MANIFEST_FORMAT),
        ("schema", manifest.schema, SCHEMA_VERSION),
    ):
        if found > known:
            raise StoreVersionError(
                f"{backup} has {what} {found}; this Foreword reads up to {known}", hint="update Foreword"
            )
    return manifest


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
