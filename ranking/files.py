"""A directory of arrays that is written once: whole, as it was, or refused."""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foreword.errors import StoreCorruptError, StoreMissingError, StoreNotWritableError, StoreVersionError

Array: TypeAlias = NDArray[Any]
Lists: TypeAlias = Mapping[str, Sequence[str]]

MANIFEST = "model.json"
"""Written last: a directory without it was never finished."""
_FORMAT = 1
_HINT = "go back to another version of the model, or train a new one"
# Words of a list in one line of its file, and between two looks at who waits: a tenth of a millisecond. 100,000 words
# parsed at once hold the interpreter for eight milliseconds, in which no request is answered.
_WORDS_AT_ONCE = 1_000


class Read(NamedTuple):
    """What was written.

    Attributes:
        facts: A few of them; whatever JSON knows.
        arrays: By name. They are views of what was read, and cannot be written to.
        lists: By name; long ones, of words.
    """

    facts: Any
    arrays: dict[str, Array]
    lists: dict[str, list[str]]


def in_turns(words: Sequence[str]) -> Iterator[str]:
    """Yield words, letting whoever waits for the interpreter go first now and then.

    Otherwise a thread that answers requests gets it back only after the interpreter's interval, five milliseconds, at
    each of its calls.
    """
    for start in range(0, len(words), _WORDS_AT_ONCE):
        yield from words[start : start + _WORDS_AT_ONCE]
        time.sleep(0)


def write_directory(
    directory: Path, facts: Mapping[str, Any], arrays: Mapping[str, Array], lists: Lists
) -> None:
    """Write arrays as `.npy` files, lists as lines of JSON, and a manifest with the facts and each file's SHA-256.

    Raises:
        StoreNotWritableError: The directory is there already, or the disk refuses.
    """
    try:
        directory.mkdir(parents=True)
        files = {name: _write(directory / f"{name}.npy", _npy(array)) for name, array in arrays.items()}
        said = {name: _write(directory / f"{name}.jsonl", _lines(words)) for name, words in lists.items()}
        body = json.dumps(facts, sort_keys=True)
        manifest = {
            **{"format": _FORMAT, "sha256": _digest(body.encode()), "facts": facts},
            **{"files": files, "lists": said},
        }
        _write(directory / MANIFEST, json.dumps(manifest, sort_keys=True).encode())
    except OSError as exc:
        raise StoreNotWritableError(f"The model cannot be written to {directory}: {exc}") from exc


def read_directory(directory: Path) -> Read:
    """Return what was written. In a thread of its own it holds up no other for more than a millisecond at a time.

    Raises:
        StoreMissingError: There is no manifest.
        StoreVersionError: A later Foreword wrote it.
        StoreCorruptError: A file is missing, shorter, longer, or has a changed byte.
    """
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
        version = int(manifest["format"])
    except FileNotFoundError as exc:
        raise StoreMissingError(
            f"No model is in {directory}, or one that was not written to its end"
        ) from exc
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise StoreCorruptError(f"{directory / MANIFEST} cannot be read: {exc}", hint=_HINT) from exc
    if version > _FORMAT:
        raise StoreVersionError(
            f"The model in {directory} has the format {version}; this Foreword reads up to {_FORMAT}",
            hint="start the version that wrote it, or train a new model",
        )
    try:
        facts, stated = manifest["facts"], manifest["sha256"]
        if _digest(json.dumps(facts, sort_keys=True).encode()) != stated:
            raise StoreCorruptError(f"{directory / MANIFEST} has changed since it was written", hint=_HINT)
        return Read(
            facts,
            {name: _array(directory / f"{name}.npy", each) for name, each in manifest["files"].items()},
            {name: _list(directory / f"{name}.jsonl", each) for name, each in manifest["lists"].items()},
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise StoreCorruptError(f"{directory / MANIFEST} lacks {exc}", hint=_HINT) from exc


def _npy(array: Array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _write(path: Path, data: bytes) -> dict[str, Any]:
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return {"bytes": len(data), "sha256": _digest(data)}


def _lines(words: Sequence[str]) -> bytes:
    starts = range(0, len(words), _WORDS_AT_ONCE)
    return "".join(json.dumps(words[start : start + _WORDS_AT_ONCE]) + "\n" for start in starts).encode()


def _read(path: Path, stated: Mapping[str, Any]) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise StoreCorruptError(f"{path} cannot be read: {exc}", hint=_HINT) from exc
    if len(data) != stated["bytes"] or _digest(data) != stated["sha256"]:
        raise StoreCorruptError(
            f"{path} has {len(data)} bytes that are not the {stated['bytes']} written", hint=_HINT
        )
    return data


def _array(path: Path, stated: Mapping[str, Any]) -> Array:
    data = _read(path, stated)
    stream = io.BytesIO(data)
    try:
        shape, is_fortran, dtype = _header(stream)
        # Not np.load, which copies it all without letting anybody else go on.
        found: Array = np.frombuffer(data, dtype, offset=stream.tell())
        return found.reshape(shape, order="F" if is_fortran else "C")
    except ValueError as exc:
        raise StoreCorruptError(f"{path} holds no array: {exc}", hint=_HINT) from exc


def _header(stream: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("its header is none of version 1")
    header: tuple[tuple[int, ...], bool, np.dtype[Any]] = np.lib.format.read_array_header_1_0(stream)
    return header


def _list(path: Path, stated: Mapping[str, Any]) -> list[str]:
    words: list[str] = []
    for line in _read(path, stated).splitlines():
        words += json.loads(line)
        time.sleep(0)
    return words


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
