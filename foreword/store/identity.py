"""What an environment says of itself in `meta`: its format, which one it is, and which databases it has."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import lmdb

from foreword import keys
from foreword.errors import StoreCorruptError, StoreVersionError
from foreword.keys import EnvironmentId
from foreword.store.databases import LATER_DATABASES, META
from foreword.store.translation import unfinished

SCHEMA_VERSION = 2
_SCHEMA = b"schema_version"
_ID = b"environment_id"
_DATABASES = b"databases"
_SEPARATOR = b"\n"


class Identity(NamedTuple):
    """What stands in `meta` since the environment was made."""

    schema: int
    id: EnvironmentId
    databases: frozenset[bytes]
    """Databases that were made; empty in schema 1, which does not say."""


def find_identity(path: Path, env: Any) -> Identity | None:
    """Return what an environment says of itself; None while nobody has finished making it.

    Raises:
        StoreVersionError: A newer Foreword wrote it.
        StoreCorruptError: It was finished once, and does not say so any more.
    """
    try:
        meta = env.open_db(META, create=False)
    except lmdb.NotFoundError as exc:
        # Made first of all, so that there is no other without it.
        if env.stat()["entries"]:
            raise _lost(path, "database meta") from exc
        return None
    with env.begin(db=meta) as txn:
        if not txn.stat(meta)["entries"]:
            return None
        schema, own_id, databases = (txn.get(name) for name in (_SCHEMA, _ID, _DATABASES))
    if schema is None or own_id is None:
        raise _lost(path, "row schema_version" if schema is None else "row environment_id")
    version = keys.read_u64(schema)
    if version > SCHEMA_VERSION:
        raise StoreVersionError(
            f"{path} has schema {version}; this Foreword reads up to {SCHEMA_VERSION}",
            hint="update Foreword, or restore a backup made by this version",
        )
    return Identity(version, EnvironmentId(own_id), frozenset((databases or b"").split(_SEPARATOR)) - {b""})


def open_databases(
    path: Path, env: Any, names: Sequence[bytes], identity: Identity | None, *, create: bool
) -> dict[bytes, Any]:
    """Return a handle for each database, making those that never were.

    Read-only, those that came later are left out where they are not made yet: their writer makes them when it starts.

    Raises:
        StoreCorruptError: One that was made is not there. Made anew, it would be empty, and nobody would be told.
        StoreMissingError: One was not made yet, and `create` is False.
    """
    handles = {}
    for name in names:
        was_made = identity is not None and name in identity.databases
        try:
            handles[name] = env.open_db(name, create=create and not was_made)
        except lmdb.NotFoundError as exc:
            if was_made:
                raise _lost(path, f"database {name.decode()}") from exc
            if name not in LATER_DATABASES:
                raise unfinished(path) from exc
    return handles


def write_identity(env: Any, meta: Any, names: Sequence[bytes], identity: Identity | None) -> Identity:
    """Write what this version makes of an environment, keeping its id; does nothing when it says so already."""
    made = (identity.databases if identity is not None else frozenset()) | frozenset(names)
    if identity is not None and identity == (SCHEMA_VERSION, identity.id, made):
        return identity
    own_id = identity.id if identity is not None else EnvironmentId(uuid.uuid4().bytes)
    with env.begin(db=meta, write=True) as txn:
        txn.put(_SCHEMA, keys.u64(SCHEMA_VERSION))
        txn.put(_ID, own_id)
        txn.put(_DATABASES, _SEPARATOR.join(sorted(made)))
    return Identity(SCHEMA_VERSION, own_id, made)


def _lost(path: Path, what: str) -> StoreCorruptError:
    return StoreCorruptError(
        f"{path} is damaged: its {what} is gone",
        hint="run `foreword store check`, then restore a backup",
        store=path.name,
    )
