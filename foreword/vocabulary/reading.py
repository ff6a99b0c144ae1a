"""Reading a vocabulary file: a table of any of the forms that Foreword's own files have, checked key by key."""

from __future__ import annotations

import tomllib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from foreword.errors import FieldError
from foreword.own_names import OWN_NAME_ALLOWED, is_own_name
from foreword.topics import topic_key
from foreword.vocabulary.vocabulary import CLASSES, KINDS, KindWords, Medium, Vocabulary

Words = TypeVar("Words", KindWords, Medium)

FILE_BYTES_MAX = 1_000_000
"""A vocabulary is held in memory for each namespace; the longest of Foreword's own has 2 kB."""
_TABLES = ("kinds", "media", "classes", "labels", "attributes")
_JOINTS_ALLOWED = "a word, or a colon"
_PATTERN_ALLOWED = "a text with one {}, where the values stand"


def read(path: Path, below: Vocabulary) -> Vocabulary:
    """Return a vocabulary with what a file adds to it: lists and tables grow, single words are replaced.

    Raises:
        FieldError: The file cannot be read, or breaks the form; names key, what was found and what is allowed.
    """
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise FieldError(str(path), exc.strerror or str(exc), "a file that can be read") from exc
    if len(raw) > FILE_BYTES_MAX:
        raise FieldError(str(path), f"{len(raw):,} bytes", f"at most {FILE_BYTES_MAX:,} bytes")
    try:
        return parse(raw.decode(), below, digest=f"{zlib.crc32(raw):08x}")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise FieldError(str(path), str(exc), "TOML in UTF-8") from exc
    except FieldError as exc:
        raise FieldError(f"{path}: {exc.field}", exc.found, exc.allowed) from exc


def parse(text: str, below: Vocabulary, *, digest: str = "") -> Vocabulary:
    """Return a vocabulary with what a text adds to it, as `read` does; raises likewise, and TOMLDecodeError."""
    tables = tomllib.loads(text)
    for name, table in tables.items():
        if name not in _TABLES:
            raise FieldError(name, "an unknown table", ", ".join(_TABLES))
        _check_table(name, table)
    return Vocabulary(
        kinds=_merged("kinds", tables, below.kinds, KindWords(), KINDS),
        media=_merged("media", tables, below.media, Medium()),
        classes={**below.classes, **dict(_classes(tables, below))},
        labels={**below.labels, **_labels(tables)},
        attributes={**below.attributes, **_patterns("attributes", tables.get("attributes", {}))},
        digest=digest,
    )


def _merged(
    name: str,
    tables: Mapping[str, Any],
    below: Mapping[str, Words],
    empty: Words,
    allowed: Sequence[str] = (),
) -> dict[str, Words]:
    merged = dict(below)
    for key, table in tables.get(name, {}).items():
        if allowed and key not in allowed:
            raise FieldError(f"{name}.{key}", "an unknown kind", ", ".join(allowed))
        _check_table(f"{name}.{key}", table)
        merged[key] = _grown(f"{name}.{key}", table, below.get(key, empty))
    return merged


def _classes(tables: Mapping[str, Any], below: Vocabulary) -> Iterator[tuple[str, frozenset[str]]]:
    for name, entry in tables.get("classes", {}).items():
        if name not in CLASSES:
            raise FieldError(f"classes.{name}", "an unknown class", ", ".join(CLASSES))
        topics = frozenset(map(topic_key, _texts(f"classes.{name}", entry)))
        yield name, below.classes.get(name, frozenset()) | topics


def _grown(place: str, table: Mapping[str, Any], words: Words) -> Words:
    known = {each.name for each in fields(words)}
    changes: dict[str, Any] = {}
    for key, entry in table.items():
        if key not in known:
            raise FieldError(f"{place}.{key}", "an unknown key", ", ".join(sorted(known)))
        former = getattr(words, key)
        if isinstance(former, frozenset):
            changes[key] = former | frozenset(each.lower() for each in _texts(f"{place}.{key}", entry))
        elif isinstance(former, dict):
            _check_table(f"{place}.{key}", entry)
            changes[key] = {**former, **_patterns(f"{place}.{key}", entry)}
        elif isinstance(former, float):
            changes[key] = _share(f"{place}.{key}", entry)
        else:
            changes[key] = (
                _joint(f"{place}.{key}", entry) if key == "joint" else _text(f"{place}.{key}", entry)
            )
    return replace(words, **changes)


def _labels(tables: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels, and each genre and language without one in its usual form: with a capital."""
    classes = tables.get("classes", {})
    capitals = {
        each.lower(): each.capitalize()
        for name in ("language", "genre")
        for each in _texts(f"classes.{name}", classes.get(name, []))
    }
    given = {key.lower(): _text(f"labels.{key}", entry) for key, entry in tables.get("labels", {}).items()}
    return capitals | given


def _patterns(place: str, table: Mapping[str, Any]) -> dict[str, str]:
    for key, entry in table.items():
        if not isinstance(entry, str) or entry.count("{}") != 1 or not is_own_name(entry):
            raise FieldError(f"{place}.{key}", repr(entry), _PATTERN_ALLOWED)
    return dict(table)


def _check_table(place: str, table: object) -> None:
    if not isinstance(table, dict):
        raise FieldError(place, repr(table), "a table")


def _texts(place: str, entry: object) -> list[str]:
    if not isinstance(entry, list):
        raise FieldError(place, repr(entry), "a list of texts")
    return [_text(f"{place}[{number}]", each) for number, each in enumerate(entry)]


def _text(place: str, entry: object) -> str:
    if not isinstance(entry, str) or not is_own_name(entry):
        raise FieldError(place, repr(entry), OWN_NAME_ALLOWED)
    return entry


def _joint(place: str, entry: object) -> str:
    if not isinstance(entry, str) or not (entry == ":" or entry.isalpha()):
        raise FieldError(place, repr(entry), _JOINTS_ALLOWED)
    return entry


def _share(place: str, entry: object) -> float:
    if not isinstance(entry, (int, float)) or isinstance(entry, bool) or not 0 <= entry <= 1:
        raise FieldError(place, repr(entry), "0 to 1")
    return float(entry)
