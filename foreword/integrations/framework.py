"""The framework that an integration is for: installed with the extra of its name, or found wanting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, requires, version


@contextmanager
def framework(extra: str) -> Iterator[None]:
    """Import a framework within this: where it is missing, or of another version, the error says what to install.

    Raises:
        ImportError: As an application expects it that can do without the framework.
    """
    try:
        yield
    except ImportError as exc:
        message = f"{exc}: {_wanted(extra)}; pip install 'foreword[{extra}]'"
        raise ImportError(message, name=exc.name, path=exc.path) from exc


def _wanted(extra: str) -> str:
    """Return which version is wanted, and which was found."""
    try:
        lines = requires("foreword") or []
    except PackageNotFoundError:
        lines = []
    for line in lines:
        if found := re.fullmatch(rf"([\w.-]+)(.*?)\s*;\s*extra == ['\"]{extra}['\"]", line):
            name, versions = found.groups()
            try:
                return f"needs {name}{versions}, found {version(name)}"
            except PackageNotFoundError:
                return f"needs {name}{versions}, found none"
    return f"needs the extra {extra!r}"
