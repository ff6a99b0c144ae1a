"""The stores of clients/vectors/reads.json as LMDB has them, made row by row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import lmdb

_MAP_BYTES = 1 << 24
_DATABASES_MAX = 32
# Both meta pages, and one more: everything else of the file is missing.
_CUT_BYTES = 3 * 4096
# What a restore leaves in the store's folder until both environments stand.
_RESTORE_MARKER = "restore.pending"

Rows = Mapping[str, Mapping[str, str]]


def build(stores: Mapping[str, Mapping[str, Rows]], directory: Path) -> None:
    """Make each store in a folder of its name.

    Of the one that is named `cut` the data file is cut short. That of `short` is shorter than its pages too, and whole:
    what one transaction took and gave back was never written. Into `restoring` a restore is under way.
    """
    for name, environments in stores.items():
        for environment, databases in environments.items():
            _build(directory / name / environment, databases)
        if name == "short":
            _take_and_give_back(directory / name / "profiles.lmdb")
        if name == "cut":
            with (directory / name / "profiles.lmdb" / "data.mdb").open("rb+") as file:
                file.truncate(_CUT_BYTES)
        if name == "restoring":
            (directory / name / _RESTORE_MARKER).write_text("[]")


def _build(path: Path, databases: Rows) -> None:
    path.mkdir(parents=True)
    environment = _open(path)
    for name, rows in databases.items():
        handle = environment.open_db(name.encode())
        with environment.begin(write=True, db=handle) as transaction:
            for key, row in rows.items():
                transaction.put(bytes.fromhex(key), bytes.fromhex(row))
    environment.close()


def _take_and_give_back(path: Path) -> None:
    environment = _open(path)
    handle = environment.open_db(b"ledger")
    with environment.begin(write=True, db=handle) as transaction:
        transaction.put(b"large", bytes(_CUT_BYTES * 8))
        transaction.delete(b"large")
        transaction.put(b"small", b"")
    environment.close()


def _open(path: Path) -> lmdb.Environment:
    # The engine of LMDB's 0.9 data format, as Foreword's own stores.
    return lmdb.open(str(path), map_size=_MAP_BYTES, max_dbs=_DATABASES_MAX, sync=False, lib_version=0)
