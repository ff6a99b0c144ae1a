"""What refused rows keep of a user who is erased."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from foreword.errors import StoreNotWritableError
from foreword.store.files import sync_directory, write_private
from foreword.v1.erasure_pb2 import StoreCount


def erase_leftovers(directory: Path, user_id: str) -> StoreCount:
    """Remove the refused rows that imports wrote aside and that name a user; return how many went.

    A refused row is what its source made of it, so it names a user wherever the id stands by itself: rather a row
    too many goes, which its source still has, than one too few.

    Args:
        directory: The store's folder.
        user_id: The user's id; refused rows belong to no namespace.

    Raises:
        StoreNotWritableError: A file cannot be written anew.
    """
    names = _naming(user_id)
    try:
        files = sorted((directory / "imports").glob("*.refused.jsonl"))
        return StoreCount(store="imports.refused", rows=sum(_filter(file, names) for file in files))
    except OSError as exc:
        raise StoreNotWritableError(f"the refused rows of imports cannot be written: {exc}") from exc


def _naming(user_id: str) -> Callable[[bytes], bool]:
    # As it is, and as JSON and a table's cell have it: a refused row stands as in its source.
    forms = {user_id, json.dumps(user_id)[1:-1], user_id.replace('"', '""')}
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, forms))})(?!\w)")

    def names(line: bytes) -> bool:
        try:
            entry = json.loads(line)
            return bool(pattern.search(f"{entry['reason']}\n{entry['row']}"))
        except (ValueError, KeyError, TypeError):
            # Cut short by a crash: nobody can read it, and it may name anybody.
            return True

    return names


def _filter(file: Path, names: Callable[[bytes], bool]) -> int:
    lines = file.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not names(line)]
    if len(kept) == len(lines):
        return 0
    if kept:
        anew = file.with_suffix(".anew")
        write_private(anew, b"".join(kept))
        anew.rename(file)
    else:
        file.unlink()
    sync_directory(file.parent)
    return len(lines) - len(kept)
