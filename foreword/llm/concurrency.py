"""How many calls a provider takes at once, found by trying: one more after a good round, half after a bad one."""

from __future__ import annotations


class Concurrency:
    """Calls under way, and how many may be.

    Additive increase, multiplicative decrease, as TCP does (Chiu and Jain 1989): of the rules that share a limit nobody
    states, the one that comes to a fair share and stays.

    Args:
        calls_max: Most calls at once, 1 or more. The start, too: a provider that states its limits is held to those
            anyway, and growing from one would take a thousand calls.
    """

    def __init__(self, calls_max: int) -> None:
        self._calls_max = calls_max
        self._good = 0
        self._from_before = 0
        self.limit = calls_max
        self.under_way = 0

    @property
    def free(self) -> int:
        """Return how many calls may begin."""
        return max(0, self.limit - self.under_way)

    def began(self) -> None:
        """Count a call that begins."""
        self.under_way += 1

    def ended(self) -> None:
        """Count a call that has ended, in whatever way."""
        self.under_way = max(0, self.under_way - 1)
        self._from_before = max(0, self._from_before - 1)

    def went_well(self) -> None:
        """Take one more after as many good calls as there may be at once."""
        self._good += 1
        if self._good >= self.limit:
            self._good = 0
            self.limit = min(self._calls_max, self.limit + 1)

    def was_too_much(self) -> None:
        """Take half; once for all calls that were under way together, or one burst would leave a single call."""
        self._good = 0
        if self._from_before:
            return
        self._from_before = self.under_way
        self.limit = max(1, self.limit // 2)
