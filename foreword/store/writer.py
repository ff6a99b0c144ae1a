"""What the writers of both environments share: opening for writing, and giving up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from foreword.store.environment import Environment
from foreword.store.sharing import open_environment


class Writer:
    """Holds one environment open for writing, making it when missing.

    Raises:
        StoreVersionError: A newer Foreword wrote it.
        StoreNotWritableError: It cannot be written.
    """

    def __init__(
        self, path: Path, databases: Sequence[bytes], *, map_size_bytes: int, readers_max: int
    ) -> None:
        self._closed = False
        self._environment = open_environment(
            path, databases, readonly=False, map_size_bytes=map_size_bytes, readers_max=readers_max
        )

    @property
    def environment(self) -> Environment:
        """The environment behind the writer."""
        return self._environment

    def close(self) -> None:
        """Release the environment."""
        if not self._closed:
            self._closed = True
            self._environment.close()
