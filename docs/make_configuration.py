"""Writes docs/configuration.md from foreword/config.py, so that the reference cannot differ from the code."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import EnumType
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from foreword.config import Config, Section

# What the name of a table in a table of tables is the name of.
_NAMED = {"prices": '"MODEL"'}

TARGET = Path(__file__).with_name("configuration.md")

_INTRODUCTION = """\
# Configuration

<!-- Written by docs/make_configuration.py from foreword/config.py; `make docs` renews it. -->

One TOML file holds everything: the one named by `--config`, else by `FOREWORD_CONFIG`, else
`./foreword.toml`. Without a file the defaults below hold. Every value can be overridden by an environment
variable `FOREWORD_<SECTION>__<KEY>`, such as `FOREWORD_STORE__DIRECTORY`; a nested table adds its name, as
in `FOREWORD_SEGMENTS__ACTIVE__STALE_AFTER_HOURS`.

The unit of a number is the last word of its key. `foreword config check` says what is wrong with a file,
with its line; `foreword config show` prints what the file, the environment and the defaults make together.

Running daemons follow the file. A change is taken over within a second and logged key by key with both
values; a few keys wait for a restart, and `foreword status` names them. A bad file is refused, and the
last good one stays in force: `foreword status` says that too, and works meanwhile, as every command does that
only needs to know where the store and the sidecar are. `./foreword.toml` may come later than the daemons,
and when it goes the defaults hold again. A file that was named must be there: without it nothing
starts, and daemons that run keep what it last said.

```toml
[store]
directory = "var/foreword"
retention_days = 120

[segments.active]
stale_after_hours = 30
```
"""


def render() -> str:
    """Return the whole reference as Markdown."""
    return "\n".join([_INTRODUCTION, *_sections()])


def _sections() -> Iterator[str]:
    for name, section in _tables(Config()):
        yield f"## `[{name}]`\n"
        yield f"{_paragraph(type(section).__doc__)}\n"
        yield from _key_table(section)
        yield from _subtables(name, section)


def _key_table(section: Section) -> Iterator[str]:
    keys = {key: field for key, field in _fields(section) if not _is_table(field)}
    if keys:
        yield "| key | default | allowed | meaning |"
        yield "|---|---|---|---|"
    for key, field in keys.items():
        default = _toml(getattr(section, key))
        yield f"| `{key}` | {default} | {_allowed(field)} | {_paragraph(section.meanings().get(key))} |"
    if keys:
        yield ""


def _is_table(field: FieldInfo) -> bool:
    """Return whether a key is a table of its own, or a table of such tables."""
    return _table_kind(field) is not None


def _table_kind(field: FieldInfo) -> type[Section] | None:
    kind = get_args(field.annotation)[1] if get_origin(field.annotation) is dict else field.annotation
    if get_origin(kind) in (Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not NoneType)
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _subtables(name: str, section: Section) -> Iterator[str]:
    """Render the tables inside a section: those of one kind as one table, with their defaults side by side."""
    tables = _tables(section)
    for kind in dict.fromkeys(type(table) for _, table in tables):
        for child, field in _fields(section):
            if _table_kind(field) is kind:
                many = f".{_NAMED.get(child, 'NAME')}" if isinstance(getattr(section, child), dict) else ""
                yield f"- `[{name}.{child}{many}]`: {_paragraph(section.meanings().get(child))}"
        yield ""
        yield from _side_by_side([(child, table) for child, table in tables if type(table) is kind])


def _side_by_side(tables: Sequence[tuple[str, Section]]) -> Iterator[str]:
    yield "| key | " + " | ".join(f"default in `{child}`" for child, _ in tables) + " | allowed | meaning |"
    yield "|---|" + "---|" * len(tables) + "---|---|"
    inner: dict[str, type[Section]] = {}
    for key, field in _fields(tables[0][1]):
        kind = _table_kind(field)
        if kind is not None:
            inner[key] = kind
        defaults = " | ".join(_toml(getattr(table, key)) for _, table in tables)
        allowed = "a table, below" if kind is not None else _allowed(field)
        yield f"| `{key}` | {defaults} | {allowed} | {_paragraph(tables[0][1].meanings().get(key))} |"
    yield ""
    for key, kind in inner.items():
        # A table that was shown already has a heading of its own.
        if kind not in {type(section) for _, section in _tables(Config())}:
            yield f"Keys of `{key}`: {_paragraph(kind.__doc__)}\n"
            yield from _key_table(kind())


def _tables(section: Section) -> list[tuple[str, Section]]:
    found: list[tuple[str, Section]] = []
    for key, _ in _fields(section):
        value = getattr(section, key)
        if isinstance(value, Section):
            found.append((key, value))
        elif isinstance(value, dict):
            found += [
                (f'{key}."{name}"', table) for name, table in value.items() if isinstance(table, Section)
            ]
    return found


def _fields(section: Section) -> list[tuple[str, FieldInfo]]:
    return list(type(section).model_fields.items())


def _toml(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int):
        return f"`{value:_}`" if value >= 10_000 else f"`{value}`"
    if isinstance(value, (dict, Section)):
        return _inline(value)
    if isinstance(value, (tuple, list)):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    return f"`{value}`" if isinstance(value, float) else f'`"{value}"`'


def _inline(table: dict[str, Any] | Section) -> str:
    given = {
        key: each
        for key, each in dict(table).items()
        if isinstance(table, Section) and each not in (None, {})
    }
    return "`{" + ", ".join(f"{key} = {each}" for key, each in given.items()) + "}`" if given else "empty"


def _allowed(field: FieldInfo) -> str:
    kind: Any = field.annotation
    bounds = list(_bounds(field.metadata))
    if get_origin(kind) is tuple and get_origin(get_args(kind)[0]) is Literal:
        return "a list of " + ", ".join(f'`"{choice}"`' for choice in get_args(get_args(kind)[0]))
    if get_origin(kind) in (Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not NoneType)
    if get_origin(kind) is Annotated:
        kind, *inner = get_args(kind)
        bounds += [text for bound in inner for text in _bounds(bound.metadata)]
    if get_origin(kind) is Literal:
        return ", ".join(f'`"{choice}"`' for choice in get_args(kind))
    if get_origin(kind) is dict:
        values = get_args(kind)[1]
        named = ", ".join(f'`"{choice.value}"`' for choice in values) if isinstance(values, EnumType) else ""
        return f"a table with values {named}" if named else "a table of lists of texts"
    if kind is bool:
        return "`true`, `false`"
    if kind in (int, float):
        return " and ".join(bounds) or "a number"
    return {Path: "a path", str: "text", tuple: "a list of texts"}[get_origin(kind) or kind]


def _bounds(metadata: Iterable[Any]) -> Iterator[str]:
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    for bound in metadata:
        for attribute, word in words.items():
            if (limit := getattr(bound, attribute, None)) is not None:
                yield f"{word} {limit:_}"


def _paragraph(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET}\n")
