"""What came of what an operator did, for the page they see next."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import NamedTuple

# Each is shown once, a moment later; those of pages that were never loaded go.
_KEPT_MAX = 200


class Notice(NamedTuple):
    """What came of it."""

    text: str
    """One sentence, or a few."""
    is_good: bool
    """Whether it is what was wanted."""


class Notices:
    """Keeps notices until they are shown. The address of a page has only a name, so that nobody else writes one."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Notice] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, notice: Notice) -> str:
        """Return the name of a notice."""
        name = secrets.token_urlsafe(9)
        with self._lock:
            self._kept[name] = notice
            if len(self._kept) > _KEPT_MAX:
                self._kept.popitem(last=False)
        return name

    def take(self, name: str) -> Notice | None:
        """Return a notice that was not shown yet."""
        with self._lock:
            return self._kept.pop(name, None)
