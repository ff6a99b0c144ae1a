"""A file that is followed: what it says is taken over when it changes, unless it cannot be used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from foreword.errors import FieldError
from foreword.file_signature import signature_of
from foreword.problems import Problems

Value = TypeVar("Value")


class FollowedFile(Generic[Value]):
    """Holds what a file said when it could last be used. One that is damaged or removed changes nothing, and is said.

    Args:
        file: The file.
        read: Returns what it says; raises FieldError when it cannot be used.
        problems: Where a file that is refused is stated.
        component: The part under which it is stated.
        what: What it is, such as `callers file`.

    Attributes:
        current: What is in force.

    Raises:
        FieldError: It cannot be used to begin with.
    """

    def __init__(
        self, file: Path, read: Callable[[Path], Value], problems: Problems, *, component: str, what: str
    ) -> None:
        self._file = file
        self._read = read
        self._problems = problems
        self._component = component
        self._what = what
        self._seen = signature_of(file)
        self.current = read(file)

    async def follow(self) -> None:
        """Take over a changed file, unless it is refused; to see that it has not changed takes microseconds."""
        if (signature := signature_of(self._file)) == self._seen:
            return
        try:
            # In a thread: a thousand callers take some 100 ms.
            self.current = await asyncio.to_thread(self._read, self._file)
        except FieldError as exc:
            said = f"the {self._what} was refused, the former stays in force: {exc}"
            self._problems.note(self._component, "refused", said)
        else:
            self._problems.end(self._component, "refused")
        self._seen = signature
