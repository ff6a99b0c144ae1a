"""What the writers of both environments share: becoming the one writer, and giving up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from foreword.keys import EnvironmentId
from foreword.store.environment import Environment
from foreword.store.lock import FileLock
from foreword.store.sharing import open_environment


class Writer:
    """Holds one environment open for writing, making it when missing, and its lock, so that nobody else does.

    The lock is taken here and not by the caller: whoever forgot it would write into what a restore or compaction
    that was cut short left behind, and the next one to take it would put the former environment back over that.

    Raises:
        StoreLockedError: Another process, or another writer in this one, holds the lock.
        StoreError: A restore was interrupted.
        StoreVersionError: A newer Foreword wrote it.
        StoreNotWritableError: It cannot be written.
    """

    def __init__(
        self,
        path: Path,
        databases: Sequence[bytes],
        lock: Callable[[Path], FileLock],
        *,
        map_size_bytes: int,
        readers_max: int,
    ) -> None:
        self._closed = False
        self._lock = lock(path.parent)
        try:
            self._environment = open_environment(
                path, databases, readonly=False, map_size_bytes=map_size_bytes, readers_max=readers_max
            )
        except BaseException:
            self._lock.release()
            raise

    @property
    def environment(self) -> Environment:
        """The environment behind the writer."""
        return self._environment

    @property
    def environment_id(self) -> EnvironmentId:
        """The 16 bytes that tell this environment from one made in its place."""
        return self._environment.id

    def close(self) -> None:
        """Release the environment, then its lock."""
        if not self._closed:
            self._closed = True
            self._environment.close()
            self._lock.release()
