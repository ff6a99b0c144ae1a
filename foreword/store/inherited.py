"""What a forked child sees of its parent's environments."""

from __future__ import annotations

from typing import Any

from foreword.errors import StoreError


class Inherited:
    """Stands in for LMDB's environment in a forked child, where its locks and slots are the parent's."""

    def __init__(self, env: Any) -> None:
        # Kept alive for good: closing it here would free the parent's reader slots.
        self._env = env

    def __getattr__(self, name: str) -> Any:
        raise StoreError("the store was opened before this process was forked", hint="open it after the fork")
