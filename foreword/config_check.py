"""Checking tables against what can be configured, and saying in words what is wrong with them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard, get_args, get_origin

from pydantic import BaseModel, ValidationError

from foreword.config import Config
from foreword.config_segments import Segments, SegmentSettings
from foreword.errors import ConfigError, FieldError
from foreword.toml_lines import line_of

KeyPath: TypeAlias = tuple[str, ...]
Origins: TypeAlias = dict[KeyPath, str]
"""Which environment variable set which key."""


def check(tables: dict[str, Any], file: Path | None, text: str, origins: Origins) -> Config:
    """Return the configuration that `tables` hold.

    Args:
        tables: What the file and the environment say.
        file: Named in an error; None when there is none.
        text: The file's text, in which the line of an error is found.
        origins: What did not come from the file.

    Raises:
        ConfigError: Names file, line, key, what was found and what is allowed.
    """
    try:
        return Config.model_validate(tables)
    except ValidationError as exc:
        raise _config_error(exc, file, text, origins) from exc
    except FieldError as exc:
        path = tuple(exc.field.split("."))
        raise _located(exc.message, path, file, text, origins, hint=exc.hint) from exc


def _config_error(exc: ValidationError, file: Path | None, text: str, origins: Origins) -> ConfigError:
    first = exc.errors()[0]
    path = tuple(str(part) for part in first["loc"])
    key = ".".join(path)
    if first["type"] == "extra_forbidden":
        message = f"{key}: unknown key{_meant(path)}; allowed: {', '.join(sorted(_keys_at(path[:-1]))) or 'nothing'}"
    elif first["type"] == "value_error":
        message = str(first["ctx"]["error"]) if "ctx" in first else first["msg"]
        message = f"{key}: {message}" if key else message
    elif first["type"] == "missing":
        message = f"{key}: found nothing; allowed: a value, which has no default"
    else:
        message = f"{key}: found {first['input']!r}; allowed: {_allowed(path, first['msg'])}"
    return _located(message, path, file, text, origins)


def _located(
    message: str, path: KeyPath, file: Path | None, text: str, origins: Origins, *, hint: str = ""
) -> ConfigError:
    key = ".".join(path)
    variable = origins.get(path)
    if variable:
        return ConfigError(f"{variable}: {message}", file=None, line=None, key=key, hint=hint)
    return ConfigError(message, file=file, line=line_of(text, key), key=key, hint=hint)


def _meant(path: KeyPath) -> str:
    """Return the question whether a known key was meant: one of like spelling here, or of this name elsewhere."""
    near = difflib.get_close_matches(path[-1], _keys_at(path[:-1]), n=1)
    elsewhere = [".".join(known) for known in _all_keys(Config) if known[-1] == path[-1]]
    meant = near or elsewhere[:1]
    return f", did you mean {meant[0]}?" if meant else ""


def _allowed(path: KeyPath, message: str) -> str:
    said = message.removeprefix("Input should be ").removeprefix("a valid ").partition(", unable to")[0]
    if said == "dictionary":
        return "a table"
    last = path[-1] if path else ""
    for unit in ("seconds", "days", "hours", "ms", "bytes"):
        if last.endswith(f"_{unit}") or f"_{unit}_" in last:
            return f"{said} (a number of {'milliseconds' if unit == 'ms' else unit}, without a unit)"
    return said


def _keys_at(path: KeyPath) -> list[str]:
    kind: Any = Config
    for part in path:
        field = kind.model_fields.get(part) if _is_table(kind) else None
        if field is None and kind is Segments:
            kind = SegmentSettings
            continue
        # A table of tables, such as foreword.namespaces, takes any key; each holds the same keys.
        kind = (
            get_args(kind)[1] if get_origin(kind) is dict else field.annotation if field is not None else None
        )
    return list(kind.model_fields) if _is_table(kind) else []


def _all_keys(model: type[BaseModel], above: KeyPath = ()) -> Iterator[KeyPath]:
    for name in model.model_fields:
        table = _table(model, name)
        yield (*above, name)
        if table is not None:
            yield from _all_keys(table, (*above, name))


def _table(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    field = model.model_fields.get(name)
    kind = field.annotation if field is not None else None
    return kind if _is_table(kind) else None


def _is_table(kind: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
