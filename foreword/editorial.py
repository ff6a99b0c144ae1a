"""What an operator says to those nobody knows yet: a file of their own, checked key by key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from foreword.errors import FieldError
from foreword.keys import NAMESPACE_BYTES_MAX
from foreword.naming import quoted
from foreword.own_names import OWN_NAME_ALLOWED, is_own_name
from foreword.toml_lines import read_toml
from foreword.topics import topic_key

FILE_BYTES_MAX = 1_000_000
"""Some two thousand namespaces; the file is held in memory."""
NAMESPACES_TABLE = "namespaces"
TOPICS_MAX = 10
"""Half of what a profile may hold, so that what trends has room beside it."""
SENTENCES_MAX = 5
SENTENCE_CHARACTERS_MAX = 200
EXAMPLE_DOMAINS_MAX = 5
EMPHASIS_MAX = 5
DEPTHS = ("overview", "standard", "deep")
LENGTHS = ("short", "medium", "long")
TONES = ("direct", "friendly", "formal", "neutral")

_SENTENCE_ALLOWED = (
    f"a sentence of at most {SENTENCE_CHARACTERS_MAX} printable characters on one line that ends in . ! or ?, "
    "without quotation marks"
)
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_LOCALE_ALLOWED = "a language as BCP 47 has it, such as de or pt-BR, of at most 35 characters"


@dataclass(frozen=True)
class EditorialProfile:
    """What is said to those nobody knows in one namespace; empty says nothing.

    Attributes:
        topics: What to begin with, the most important first; at most 10.
        sentences: For the text, word for word; at most 5.
        depth: overview, standard or deep.
        length: short, medium or long.
        tone: direct, friendly, formal or neutral.
        locale: The language of answers, as BCP 47 has it.
        example_domains: Where examples are taken from; at most 5.
        emphasis: What to put first; at most 5.
    """

    topics: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    depth: str = ""
    length: str = ""
    tone: str = ""
    locale: str = ""
    example_domains: tuple[str, ...] = ()
    emphasis: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return all that stands for a thing, and may be withheld for its name."""
        return (*self.topics, *self.example_domains, *self.emphasis)


@dataclass(frozen=True)
class Editorial:
    """What a file says for every namespace.

    Attributes:
        common: For namespaces without a table of their own.
        namespaces: The others; what one leaves out is as in `common`.
        digest: Of the file, 8 hexadecimal digits; empty without one.
    """

    common: EditorialProfile = EditorialProfile()
    namespaces: Mapping[str, EditorialProfile] = field(default_factory=dict)
    digest: str = ""

    def of(self, namespace: str) -> EditorialProfile:
        """Return what is said in a namespace."""
        return self.namespaces.get(namespace, self.common)


def read_editorial(path: Path) -> Editorial:
    """Return what an editorial file says.

    Raises:
        FieldError: It cannot be read, or breaks the form; names file, line, key, what was found and what is allowed.
    """
    return read_toml(path, parse_editorial, bytes_max=FILE_BYTES_MAX)


def parse_editorial(text: str, digest: str = "") -> Editorial:
    """Return what a file's text says, as `read_editorial` does; raises likewise, and TOMLDecodeError."""
    tables = tomllib.loads(text)
    spaces = tables.pop(NAMESPACES_TABLE, {})
    if not isinstance(spaces, dict):
        raise FieldError(NAMESPACES_TABLE, repr(spaces), "tables [namespaces.NAME]")
    common = _profile("", tables, EditorialProfile())
    namespaces = {}
    for name, table in spaces.items():
        place = f"{NAMESPACES_TABLE}.{name}"
        if len(name.encode()) > NAMESPACE_BYTES_MAX:
            raise FieldError(place, quoted(name), f"at most {NAMESPACE_BYTES_MAX} bytes of UTF-8")
        if not isinstance(table, dict):
            raise FieldError(place, repr(table), "a table")
        namespaces[name] = _profile(f"{place}.", table, common)
    return Editorial(common, namespaces, digest)


def _profile(above: str, table: Mapping[str, Any], below: EditorialProfile) -> EditorialProfile:
    changes: dict[str, Any] = {}
    for key, entry in table.items():
        if key not in _FORMS:
            allowed = [*sorted(_FORMS), *([] if above else [f"[{NAMESPACES_TABLE}.NAME]"])]
            raise FieldError(f"{above}{key}", "an unknown key", ", ".join(allowed))
        changes[key] = _FORMS[key](f"{above}{key}", entry)
    return replace(below, **changes)


@dataclass(frozen=True)
class _Listed:
    """What a list may hold."""

    things: str
    count_max: int
    is_one: Callable[[str], bool]
    allowed: str

    def __call__(self, place: str, entry: object) -> tuple[str, ...]:
        if not isinstance(entry, list):
            raise FieldError(place, repr(entry), f"a list of {self.things}")
        if len(entry) > self.count_max:
            raise FieldError(place, f"{len(entry)} {self.things}", f"at most {self.count_max}")
        found: dict[str, str] = {}
        for number, each in enumerate(entry):
            shown = quoted(each) if isinstance(each, str) else repr(each)
            if not isinstance(each, str) or not self.is_one(each):
                raise FieldError(f"{place}[{number}]", shown, self.allowed)
            key = topic_key(each)
            if key in found:
                raise FieldError(f"{place}[{number}]", shown, f"each once; {quoted(found[key])} is the same")
            found[key] = each
        return tuple(entry)


def _names(count_max: int) -> _Listed:
    return _Listed("names", count_max, is_own_name, OWN_NAME_ALLOWED)


def _is_sentence(text: str) -> bool:
    return (
        0 < len(text) <= SENTENCE_CHARACTERS_MAX
        and text.isprintable()
        and text == text.strip()
        and '"' not in text
        and text.endswith((".", "!", "?"))
    )


def _one_of(values: tuple[str, ...]) -> Callable[[str, object], str]:
    def one(place: str, entry: object) -> str:
        if not isinstance(entry, str) or entry not in values:
            raise FieldError(place, repr(entry), ", ".join(values))
        return entry

    return one


def _locale(place: str, entry: object) -> str:
    if not isinstance(entry, str) or len(entry) > 35 or not _LOCALE.fullmatch(entry):
        raise FieldError(place, repr(entry), _LOCALE_ALLOWED)
    return entry


_FORMS: Mapping[str, Callable[[str, object], Any]] = {
    "topics": _names(TOPICS_MAX),
    "sentences": _Listed("sentences", SENTENCES_MAX, _is_sentence, _SENTENCE_ALLOWED),
    "depth": _one_of(DEPTHS),
    "length": _one_of(LENGTHS),
    "tone": _one_of(TONES),
    "locale": _locale,
    "example_domains": _names(EXAMPLE_DOMAINS_MAX),
    "emphasis": _names(EMPHASIS_MAX),
}
