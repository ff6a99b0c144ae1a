"""Names for messages, requests and batches: the provider's form, and the same from the same seed."""

from __future__ import annotations

import random
import string

_LETTERS = string.ascii_letters + string.digits


class Identifiers:
    """Makes one name after the other."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def make(self, prefix: str) -> str:
        """Return a name such as `msg_01…`."""
        return f"{prefix}_01{''.join(self._random.choices(_LETTERS, k=22))}"
