"""The cache's key: who does not have it can neither tell what a row is about nor make one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_bytes, token_hex

from foreword.store.files import make_directory, sync_directory, write_private
from tiering.errors import CacheError

SECRET_BYTES = 32
_FILE = "key"


def cache_secret(directory: Path) -> bytes:
    """Return the key of the cache in a folder, made when there is none; several processes get the same.

    Raises:
        CacheError: It cannot be read or made, or is none.
    """
    file = directory / _FILE
    try:
        make_directory(directory)
        if not file.exists():
            _make(file)
        secret = file.read_bytes()
    except OSError as exc:
        raise CacheError(
            f"the key of the cache, {file}, cannot be had: {exc}", hint="give tiering.directory another place"
        ) from exc
    if len(secret) != SECRET_BYTES:
        raise CacheError(
            f"the key of the cache, {file}, has {len(secret)} bytes; allowed: {SECRET_BYTES}",
            hint="restore it, or remove the folder: curated cores go with it",
        )
    return secret


def _make(file: Path) -> None:
    draft = file.with_name(f"{_FILE}.{os.getpid()}.{token_hex(4)}")
    write_private(draft, token_bytes(SECRET_BYTES))
    try:
        # The first of several processes wins, whole: a link is there or not.
        with suppress(FileExistsError):
            file.hardlink_to(draft)
    finally:
        draft.unlink()
    sync_directory(file.parent)
