"""What a dataset says of itself."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from foreword.errors import StoreCorruptError, StoreVersionError
from foreword.store.dataset.figures import DatasetFigures
from foreword.store.identity import SCHEMA_VERSION
from foreword.store.manifest import EnvironmentCopy

DATASET_FILE = "dataset.json"
DATASET_FORMAT = 1
_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-r[0-9]+-[0-9a-f]{8}")


@dataclass(frozen=True)
class DatasetManifest:
    """One set of profiles, as it was at one moment."""

    created_ms: int
    """When its moment was, in ms since 1970."""
    version: str
    """The Foreword that made it."""
    profiles: EnvironmentCopy
    """The environment in it: its id, transaction, bytes and SHA-256."""
    figures: DatasetFigures = field(default_factory=DatasetFigures)
    """What is in it."""
    schema: int = SCHEMA_VERSION
    """Schema version of the store."""
    format: int = DATASET_FORMAT
    """Format of the file and of this manifest."""

    @property
    def name(self) -> str:
        """What the set is called on every machine: its moment, highest revision and checksum; names sort by age."""
        moment = datetime.fromtimestamp(self.created_ms / 1000, UTC)
        return f"{moment:%Y%m%dT%H%M%SZ}-r{self.figures.revision}-{self.profiles.sha256[:8]}"

    def to_json(self) -> str:
        """Return the manifest as indented JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"


def parse_manifest(data: bytes, where: str) -> DatasetManifest:
    """Return the manifest that was written.

    Raises:
        StoreVersionError: A later Foreword made it.
        StoreCorruptError: It is none.
    """
    try:
        fields: dict[str, Any] = json.loads(data)
        _refuse_later(fields, where)
        copy, figures = EnvironmentCopy(**fields.pop("profiles")), DatasetFigures(**fields.pop("figures"))
        manifest = DatasetManifest(**fields, profiles=copy, figures=figures)
        _refuse_malformed(manifest)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError) as exc:
        raise StoreCorruptError(
            f"{where} has no manifest that can be read: {exc}",
            hint="use a file made by `foreword dataset snapshot`",
        ) from exc
    return manifest


def _refuse_malformed(manifest: DatasetManifest) -> None:
    """Refuse numbers that are none, and a name that leads out of the folder of datasets: files come from strangers."""
    for name, number in (*asdict(manifest.figures).items(), ("profiles.bytes", manifest.profiles.bytes)):
        if type(number) is not int:
            raise ValueError(f"{name} is no number")
    if not is_name(manifest.name):
        raise ValueError("its moment, revision or checksum is malformed")


def is_name(text: str) -> bool:
    """Return whether a text may be a dataset's name, and hence a folder's."""
    return _NAME.fullmatch(text) is not None


def _refuse_later(fields: dict[str, Any], where: str) -> None:
    for what, known in (("format", DATASET_FORMAT), ("schema", SCHEMA_VERSION)):
        if int(fields[what]) > known:
            raise StoreVersionError(
                f"{where} has {what} {fields[what]}; this Foreword reads up to {known}",
                hint="update Foreword",
            )
