"""Reading a vocabulary file: a table of any of the forms that Foreword's own files have, checked key by key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from foreword.errors import FieldError
from foreword.own_names import OWN_NAME_ALLOWED, is_own_name
from foreword.toml_lines import read_toml
from foreword.topics import topic_key
from foreword.vocabulary.vocabulary import CLASSES, DEPTHS, REST, KindWords, Medium, Vocabulary

Words = TypeVar("Words", KindWords, Medium)

FILE_BYTES_MAX = 1_000_000
"""A vocabulary is held in memory for each namespace; the longest of Foreword's own has 2 kB."""
_TABLES = ("kinds", "media", "classes", "labels", "attributes", "verbs", "offers", "depths")
_TYPE_KEYS = ("types", "type_prefixes", "weak_types")
_CLASS_KEYS = ("apart", "apart_unless_most", "knows")
# Their topics are common nouns; those of all others, as languages and genres, are names.
_PLAIN_CLASSES = ("file_kind", "everywhere")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_NAME_ALLOWED = "small letters, digits and _, a letter first, at most 60"
_JOINTS_ALLOWED = "a word, or a colon"
_PATTERN_ALLOWED = "a text with one {}, where the values stand, and no other brace"
_OUTCOMES_ALLOWED = "a text that begins with {} and has one more {}, and no other brace"


def read(path: Path, below: Vocabulary) -> Vocabulary:
    """Return a vocabulary with what a file adds to it: lists and tables grow, single words are replaced.

    Raises:
        FieldError: The file cannot be read, or breaks the form; names line, key, what was found and what is allowed.
    """
    return read_toml(path, lambda text, digest: parse(text, below, digest=digest), bytes_max=FILE_BYTES_MAX)


def parse(text: str, below: Vocabulary, *, digest: str = "") -> Vocabulary:
    """Return a vocabulary with what a text adds to it, as `read` does; raises likewise, and TOMLDecodeError."""
    tables = tomllib.loads(text)
    for name, table in tables.items():
        if name not in _TABLES:
            raise FieldError(name, "an unknown table", ", ".join(_TABLES))
        _check_table(name, table)
    kinds = _merged("kinds", tables, below.kinds, _unshown(below.kinds.get(REST, KindWords())))
    classes = {**below.classes, **dict(_topics(tables, below))}
    _check_classes(tables, classes)
    return Vocabulary(
        kinds=dict(_moved(tables, kinds)),
        media=_merged("media", tables, below.media, Medium()),
        classes=classes,
        labels={**below.labels, **_labels(tables)},
        attributes={**below.attributes, **_patterns("attributes", tables.get("attributes", {}))},
        verbs={**below.verbs, **_named(tables, "verbs")},
        offers={**below.offers, **_named(tables, "offers")},
        depths={**below.depths, **dict(_depths(tables, below))},
        digest=digest,
    )


def _unshown(words: KindWords) -> KindWords:
    """Return the words of a kind without what shows it, to begin another with."""
    return replace(words, types=frozenset(), type_prefixes=frozenset(), weak_types=frozenset(), events="")


def _merged(
    name: str, tables: Mapping[str, Any], below: Mapping[str, Words], empty: Words
) -> dict[str, Words]:
    merged = dict(below)
    for key, table in tables.get(name, {}).items():
        _check_name(f"{name}.{key}", key)
        _check_table(f"{name}.{key}", table)
        merged[key] = _grown(f"{name}.{key}", table, below.get(key, empty))
    return merged


def _moved(tables: Mapping[str, Any], kinds: Mapping[str, KindWords]) -> Iterator[tuple[str, KindWords]]:
    """Yield the kinds, each without the types that a file gives to another: a type shows one kind.

    Raises:
        FieldError: The file gives a type to two kinds.
    """
    owners: dict[tuple[bool, str], tuple[str, str]] = {}
    for name, table in tables.get("kinds", {}).items():
        for key in _TYPE_KEYS:
            for each in table.get(key, ()):
                owner, first = owners.setdefault((key == "type_prefixes", each.lower()), (name, key))
                if (owner, first) != (name, key):
                    raise FieldError(f"kinds.{name}.{key}", repr(each), f"a type that kinds.{owner} has not")
    for name, words in kinds.items():
        kept: dict[str, Any] = {
            key: frozenset(
                each
                for each in getattr(words, key)
                if owners.get((key == "type_prefixes", each), (name, key)) == (name, key)
            )
            for key in _TYPE_KEYS
        }
        yield name, replace(words, **kept)


def _topics(tables: Mapping[str, Any], below: Vocabulary) -> Iterator[tuple[str, frozenset[str]]]:
    for name, entry in tables.get("classes", {}).items():
        _check_name(f"classes.{name}", name)
        topics = frozenset(map(topic_key, _texts(f"classes.{name}", entry)))
        yield name, below.classes.get(name, frozenset()) | topics


def _check_classes(tables: Mapping[str, Any], classes: Mapping[str, object]) -> None:
    """Refuse a kind that tells topics apart by a class which no file has."""
    known = sorted({*CLASSES, *classes})
    for name, table in tables.get("kinds", {}).items():
        for key in _CLASS_KEYS:
            unknown = sorted(set(table.get(key, ())) - set(known))
            if unknown:
                raise FieldError(f"kinds.{name}.{key}", f"the unknown class {unknown[0]!r}", ", ".join(known))


def _depths(tables: Mapping[str, Any], below: Vocabulary) -> Iterator[tuple[str, frozenset[str]]]:
    for name, entry in tables.get("depths", {}).items():
        if name not in DEPTHS:
            raise FieldError(f"depths.{name}", "an unknown depth", ", ".join(DEPTHS))
        words = frozenset(each.lower() for each in _texts(f"depths.{name}", entry))
        yield name, below.depths.get(name, frozenset()) | words


def _named(tables: Mapping[str, Any], name: str) -> dict[str, str]:
    return {key.lower(): _text(f"{name}.{key}", entry) for key, entry in tables.get(name, {}).items()}


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
        elif isinstance(former, bool):
            changes[key] = _yes_or_no(f"{place}.{key}", entry)
        elif isinstance(former, float):
            changes[key] = _share(f"{place}.{key}", entry)
        else:
            changes[key] = _FORMS.get(key, _text)(f"{place}.{key}", entry)
    return replace(words, **changes)


def _labels(tables: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels, and each genre and language without one in its usual form: with a capital."""
    capitals = {
        each.lower(): each.capitalize()
        for name, topics in tables.get("classes", {}).items()
        if name not in _PLAIN_CLASSES
        for each in topics
    }
    return capitals | _named(tables, "labels")


def _patterns(place: str, table: Mapping[str, Any]) -> dict[str, str]:
    return {key: _pattern(f"{place}.{key}", entry) for key, entry in table.items()}


def _pattern(place: str, entry: object) -> str:
    if not isinstance(entry, str) or not _has_holes(entry, 1):
        raise FieldError(place, repr(entry), _PATTERN_ALLOWED)
    return entry


def _outcomes(place: str, entry: object) -> str:
    # At the beginning "None" can stand in the place of a number.
    if not isinstance(entry, str) or not entry.startswith("{}") or not _has_holes(entry, 2):
        raise FieldError(place, repr(entry), _OUTCOMES_ALLOWED)
    return entry


def _has_holes(text: str, count: int) -> bool:
    return is_own_name(text) and text.count("{}") == count and not re.search("[{}]", text.replace("{}", ""))


def _yes_or_no(place: str, entry: object) -> bool:
    if not isinstance(entry, bool):
        raise FieldError(place, repr(entry), "true or false")
    return entry


def _check_name(place: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise FieldError(place, repr(name), _NAME_ALLOWED)


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


# Single words are texts, but for these.
_FORMS: Mapping[str, Callable[[str, object], str]] = {
    "joint": _joint,
    "outcomes": _outcomes,
    **dict.fromkeys(("often", "namesake", "works_on", "looks_for"), _pattern),
}
