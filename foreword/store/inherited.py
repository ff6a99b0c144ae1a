"""What a forked child sees of its parent's environments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreword.errors import StoreError

_HINT = "open it after the fork"


def inherited(path: Path) -> StoreError:
    """Return the error about an environment that is the parent's."""
    return StoreError(f"{path} was opened before this process was forked", hint=_HINT)


class Inherited:
    """Stands in for LMDB's environment in a forked child, where its locks and slots are the parent's."""

    def __init__(self, env: Any) -> None:
        # Kept alive for good: closing it here would free the parent's reader slots.
        self._env = env

    def __getattr__(self, name: str) -> Any:
        raise StoreError("the store was opened before this process was forked", hint=_HINT)
