"""Every error Foreword raises: fields, a cause, and a hint for the operator."""

from __future__ import annotations

import copyreg
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class ForewordError(Exception):
    """Base of all errors Foreword raises.

    Attributes:
        message: One sentence that says what is wrong.
        hint: What to do about it; empty when there is nothing to add.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are unpickled by __init__ of their one argument, which our classes do not have; a worker process
        # would die of sending one.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class FieldError(ForewordError):
    """A value is missing, malformed or out of range."""

    def __init__(self, field: str, found: str, allowed: str, *, hint: str = "") -> None:
        super().__init__(f"{field}: found {found}; allowed: {allowed}", hint=hint)
        self.field = field
        self.found = found
        self.allowed = allowed


class ConfigError(ForewordError):
    """The configuration cannot be used; names file, line and key where they are known."""

    def __init__(
        self, message: str, *, file: Path | None, line: int | None, key: str, hint: str = ""
    ) -> None:
        place = ":".join(str(part) for part in (file, line) if part is not None)
        super().__init__(f"{place}: {message}" if place else message, hint=hint)
        self.file = file
        self.line = line
        self.key = key


class StoreError(ForewordError):
    """The store failed; base of the errors below.

    Attributes:
        store: The environment it is about, such as `activity.lmdb`; empty when it is about the whole folder.
    """

    def __init__(self, message: str, *, hint: str = "", store: str = "") -> None:
        super().__init__(message, hint=hint)
        self.store = store


class StoreMissingError(StoreError):
    """No store is at the given place."""


class StoreVersionError(StoreError):
    """The store was written by a newer Foreword than this one."""


class StoreLockedError(StoreError):
    """Another process holds what only one process may hold."""


class StoreFullError(StoreError):
    """The map or the disk has no room left."""


class StoreNotWritableError(StoreError):
    """The store cannot be written: read-only, disk failing, or no permission."""


class StoreCorruptError(StoreError):
    """A row fails its checksum, cannot be parsed, or breaks the format."""


class StoreRowError(StoreCorruptError):
    """One row fails its checksum or cannot be parsed; the others are not concerned."""


class ServiceError(ForewordError):
    """A call to the sidecar failed.

    Attributes:
        reason: The documented ErrorReason, without its prefix, or the gRPC code's name.
        metadata: What the sidecar adds to the reason: field, found, allowed, store, setting.
        from_sidecar: Whether the sidecar answered, and refused; False when it was not reached.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        hint: str = "",
        metadata: Mapping[str, str] | None = None,
        from_sidecar: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.from_sidecar = from_sidecar


class MissingExtraError(ForewordError):
    """An optional part of Foreword is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the {extra!r} extra", hint=f"pip install 'foreword[{extra}]'")
        self.extra = extra
