"""Whether a core may be stored: the limits that core.proto states, and what must not stand in one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator, Mapping
from typing import NamedTuple

from foreword.errors import FieldError
from foreword.naming import quoted
from foreword.redaction import personal_in
from foreword.v1.core_pb2 import Core, CoreSection, SectionKind

CORE_BYTES_MAX = 65_536
ID_BYTES_MAX = 48

_ID = re.compile(r"[a-z0-9-]{1,48}")
_LOCALE = re.compile(r"(?:[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)?")
# A path, or one of the two schemes that a reader may be sent to; `//host` would go to another machine.
_URI = re.compile(r"(?:https?://[^\s/]\S*|(?!//)[^\s:?#]*(?:[/?#]\S*)?)?", re.IGNORECASE)
_NO_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NO_TEXT = re.compile(r"(?![\n\t])[\x00-\x1f\x7f-\x9f]")
# Addresses that RFC 2606 sets apart for examples: answers about mail and git are full of them, and they are nobody's.
_NOBODYS = re.compile(
    r"[\w.+-]+@(?:[\w-]+\.)*(?:example\.(?:com|net|org)|example|test|invalid)(?![.-]?\w)", re.IGNORECASE
)


class _Text(NamedTuple):
    bytes_max: int
    is_required: bool = False
    has_lines: bool = True


_LINE = _Text(64, is_required=True, has_lines=False)
_IDENTIFIER = _Text(ID_BYTES_MAX, is_required=True, has_lines=False)
_TEXTS: Mapping[str, _Text] = {
    "namespace": _Text(64, has_lines=False),
    "question": _Text(2000, is_required=True),
    "lead_short": _Text(400, is_required=True),
    "lead_standard": _Text(1500),
}
_PARTS: Mapping[str, tuple[int, Mapping[str, _Text]]] = {
    "sections": (
        12,
        {
            "section_id": _IDENTIFIER,
            "title": _Text(120, has_lines=False),
            "overview": _Text(2000),
            "standard": _Text(4000),
            "deep": _Text(8000),
        },
    ),
    "caveats": (8, {"caveat_id": _IDENTIFIER, "text": _Text(500, is_required=True)}),
    "examples": (12, {"domain": _Text(64, has_lines=False), "text": _Text(2000, is_required=True)}),
    "sources": (
        12,
        {"title": _Text(200, is_required=True, has_lines=False), "uri": _Text(500, has_lines=False)},
    ),
}
_TAGS_MAX, _SECTION_TAGS_MAX = 16, 8


def check_core(core: Core) -> None:
    """Refuse a core that breaks a limit of core.proto; what Foreword sets itself is not looked at.

    Raises:
        FieldError: Names the field, such as `core.sections[2].deep`.
    """
    for name, (count_max, _) in _PARTS.items():
        _check_count(f"core.{name}", len(getattr(core, name)), count_max)
    _check_count("core.tags", len(core.tags), _TAGS_MAX)
    for field, text, limit in _texts(core):
        _check_text(field, text, limit)
    if not _LOCALE.fullmatch(core.locale):
        raise FieldError(
            "core.locale", quoted(core.locale), "a language as BCP 47 has it, such as en or pt-BR"
        )
    for place, section in enumerate(core.sections):
        _check_section(f"core.sections[{place}]", section)
    for place, source in enumerate(core.sources):
        if not _URI.fullmatch(source.uri):
            raise FieldError(f"core.sources[{place}].uri", quoted(source.uri), "http, https, or a path")
    _check_ids("core.sections", "section_id", [section.section_id for section in core.sections])
    _check_ids("core.caveats", "caveat_id", [caveat.caveat_id for caveat in core.caveats])
    if core.ByteSize() > CORE_BYTES_MAX:
        raise FieldError("core", f"{core.ByteSize():,} bytes", f"at most {CORE_BYTES_MAX:,} bytes")


def personal_fields(core: Core) -> list[str]:
    """Return the fields in which personal data or a secret stands, such as `core.lead_short`; none when none does."""
    return [field for field, text, _ in _texts(core) if personal_in(_NOBODYS.sub("", text))]


def make_id(title: str, taken: Container[str], otherwise: str) -> str:
    """Return an id made of a title, or of `otherwise` where it has no letter for one, that is not taken yet."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    # Room for a number behind it.
    stem = re.sub(r"[^a-z0-9]+", "-", plain)[: ID_BYTES_MAX - 4].strip("-") or otherwise
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name


def _texts(core: Core) -> Iterator[tuple[str, str, _Text]]:
    """Yield every text of a core that somebody writes, with its field and limit."""
    for name, limit in _TEXTS.items():
        yield f"core.{name}", getattr(core, name), limit
    for group, (_, fields) in _PARTS.items():
        for place, part in enumerate(getattr(core, group)):
            for name, limit in fields.items():
                yield f"core.{group}[{place}].{name}", getattr(part, name), limit
    for place, section in enumerate(core.sections):
        for number, tag in enumerate(section.tags):
            yield f"core.sections[{place}].tags[{number}]", tag, _LINE
    for number, tag in enumerate(core.tags):
        yield f"core.tags[{number}]", tag, _LINE


def _check_text(field: str, text: str, limit: _Text) -> None:
    size_bytes = len(text.encode())
    least = "1 to" if limit.is_required else "at most"
    if size_bytes > limit.bytes_max or (limit.is_required and not text.strip()):
        found = f"{size_bytes:,} bytes" if text.strip() or not text else "only space"
        raise FieldError(field, found, f"{least} {limit.bytes_max:,} bytes of UTF-8")
    control = (_NO_TEXT if limit.has_lines else _NO_LINE).search(text)
    if control is not None:
        allowed = "text with line ends and tabs" if limit.has_lines else "one line of text"
        raise FieldError(field, f"the control character U+{ord(control[0]):04X}", allowed)


def _check_section(field: str, section: CoreSection) -> None:
    if section.kind not in SectionKind.values():
        raise FieldError(f"{field}.kind", str(section.kind), ", ".join(SectionKind.keys()))
    _check_count(f"{field}.tags", len(section.tags), _SECTION_TAGS_MAX)
    if not any(depth.strip() for depth in (section.overview, section.standard, section.deep)):
        raise FieldError(field, "none of overview, standard and deep", "one of the three at least")


def _check_count(field: str, count: int, count_max: int) -> None:
    if count > count_max:
        raise FieldError(field, str(count), f"at most {count_max}")


def _check_ids(group: str, name: str, ids: list[str]) -> None:
    for place, found in enumerate(ids):
        if not _ID.fullmatch(found):
            allowed = f"1 to {ID_BYTES_MAX} lower-case letters, digits and hyphens"
            raise FieldError(f"{group}[{place}].{name}", quoted(found), allowed)
        if found in ids[:place]:
            raise FieldError(
                f"{group}[{place}].{name}", f"{quoted(found)} again", "a name of its own for each"
            )
