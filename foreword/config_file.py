"""The configuration's file: which one it is, and what it says together with the environment."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreword.config import Config
from foreword.config_check import KeyPath, Origins, check
from foreword.errors import ConfigError
from foreword.file_signature import Signature, signature_of
from foreword.toml_lines import line_of

ENV_FILE = "FOREWORD_CONFIG"
ENV_PREFIX = "FOREWORD_"
DEFAULT_FILE = Path("foreword.toml")


@dataclass(frozen=True)
class ConfigFile:
    """The file a configuration is read from.

    Every value can be overridden by an environment variable `FOREWORD_<SECTION>__<KEY>`.

    Attributes:
        path: Where it is, or would be.
        is_named: Somebody named it, so it must be there; without the default one all values have their defaults.
    """

    path: Path
    is_named: bool

    @classmethod
    def find(cls, named: Path | None = None, environ: Mapping[str, str] = os.environ) -> ConfigFile:
        """Return `named`, else the file FOREWORD_CONFIG names, else ./foreword.toml, there or not."""
        chosen = named or (Path(environ[ENV_FILE]) if environ.get(ENV_FILE) else None)
        return cls(chosen or DEFAULT_FILE, is_named=chosen is not None)

    def read(self, environ: Mapping[str, str] = os.environ) -> Config:
        """Return the configuration.

        Raises:
            ConfigError: Names file, line, key, what was found and what is allowed.
        """
        text = self._text()
        tables = self._parse(text)
        return check(tables, self._origin(text), text, _override(tables, environ))

    def origins(self, environ: Mapping[str, str] = os.environ) -> Callable[[KeyPath], str]:
        """Return what tells where a key's value comes from: `file:line`, a variable's name, or `default`.

        Raises:
            ConfigError: The file cannot be read.
        """
        text = self._text()
        given = self._parse(text)
        variables = _override({}, environ)

        def origin(path: KeyPath) -> str:
            if path in variables:
                return variables[path]
            # A segment's window is filled from the window of all, a namespace's words from those of all.
            for place in (path, *_filled_from(path)):
                if _has(given, place):
                    line = line_of(text, ".".join(place))
                    return str(self.path) if line is None else f"{self.path}:{line}"
            return "default"

        return origin

    def read_keys(
        self, keys: Sequence[str], environ: Mapping[str, str] = os.environ
    ) -> tuple[Config, ConfigError | None]:
        """Return a configuration in which `keys` (`section.key`) are right, and what else is wrong with the file.

        For commands that need no more than these: a fault elsewhere does not stop the daemons, which go on with the
        last good file, and must not stop whoever wants to see how they do. With a fault all other keys have their
        defaults.

        Raises:
            ConfigError: One of `keys` is wrong, or cannot be told.
        """
        try:
            return self.read(environ), None
        except ConfigError as fault:
            text = self._text()
            tables = _only(self._parse_around(text, keys, fault), keys)
            names = {f"{ENV_PREFIX}{key.upper().replace('.', '__')}" for key in keys}
            origins = _override(tables, {name: environ[name] for name in names & environ.keys()})
            return check(tables, self._origin(text), text, origins), fault

    def signature(self) -> Signature | None:
        """Return what to compare to see a change; None while there is no file."""
        return signature_of(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError as exc:
            if not self.is_named:
                return ""
            raise self._unreadable("there is no such file") from exc
        except (OSError, UnicodeDecodeError) as exc:
            raise self._unreadable(str(exc)) from exc

    def _origin(self, text: str) -> Path | None:
        """Return the file to blame; an empty one has no part in what is wrong."""
        return self.path if text else None

    def _unreadable(self, reason: str) -> ConfigError:
        return ConfigError(
            f"cannot be read: {reason}",
            file=self.path,
            line=None,
            key="",
            hint=f"see --config and {ENV_FILE}",
        )

    def _parse(self, text: str) -> dict[str, Any]:
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as exc:
            raise ConfigError(
                f"not valid TOML: {exc}", file=self.path, line=_line_of(text, exc), key=""
            ) from exc

    def _parse_around(self, text: str, keys: Sequence[str], fault: ConfigError) -> dict[str, Any]:
        """Return the tables; of a file that is no TOML those before the fault, if `keys` cannot stand behind it."""
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as exc:
            lines = text.splitlines()
            before, behind = lines[: _line_of(text, exc) - 1], "\n".join(lines[_line_of(text, exc) - 1 :])
            if any(re.search(rf"\b{key.rpartition('.')[2]}\b", behind) for key in keys):
                raise fault from None
            return self._parse("\n".join(before))


def _filled_from(path: KeyPath) -> Iterator[KeyPath]:
    """Yield where the file may say a value that a table leaves out."""
    if path[:1] == ("segments",) and path[2:3] == ("window",):
        yield path[2:]
    if path[:2] == ("foreword", "namespaces"):
        yield ("foreword", "words", *path[3:])


def _has(tables: Any, path: KeyPath) -> bool:
    for part in path:
        if not isinstance(tables, dict) or part not in tables:
            return False
        tables = tables[part]
    return True


def _line_of(text: str, exc: tomllib.TOMLDecodeError) -> int:
    line = re.search(r"at line (\d+)", str(exc))
    return int(line[1]) if line else max(1, len(text.rstrip().splitlines()))


def _only(tables: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Return of `tables` only `keys`; what should be a table and is not stays, to be refused."""
    found: dict[str, Any] = {}
    for section, _, key in (name.partition(".") for name in keys):
        table = tables.get(section, {})
        if not isinstance(table, dict):
            found[section] = table
        elif key in table:
            found.setdefault(section, {})[key] = table[key]
    return found


def _override(tables: dict[str, Any], environ: Mapping[str, str]) -> Origins:
    """Put the environment's values into `tables`; return which variable set which key."""
    origins: Origins = {}
    for name, raw in sorted(environ.items()):
        if not name.startswith(ENV_PREFIX) or "__" not in name:
            continue
        path = tuple(part.lower() for part in name.removeprefix(ENV_PREFIX).split("__"))
        table = tables
        for part in path[:-1]:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise ConfigError(f"{name} does not name a key", file=None, line=None, key=".".join(path))
        table[path[-1]] = _value(raw)
        origins[path] = name
    return origins


def _value(raw: str) -> object:
    """Read a value as TOML would (numbers, lists, booleans), else as plain text."""
    try:
        return tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        return raw
