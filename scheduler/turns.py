"""Whose turn it is: the most urgent class of work first, and every other one often enough."""

from __future__ import annotations

from collections.abc import Sequence

# A class that has work waits for at most so many starts of more urgent ones: under a flood of reads the night's
# refreshes still get a sixteenth.
PASSED_MAX = 15


class Turns:
    """Chooses among classes of work, numbered by urgency from 0."""

    def __init__(self, classes: int) -> None:
        self._passed = [0] * classes

    def choose(self, waiting: Sequence[bool]) -> int | None:
        """Return the class whose turn it is; None when nothing waits.

        Args:
            waiting: Of each class, whether it has work.
        """
        classes = [number for number, waits in enumerate(waiting) if waits]
        if not classes:
            return None
        overdue = [number for number in classes if self._passed[number] >= PASSED_MAX]
        # Of several that were passed over long enough the least urgent: it has nobody else to go before it.
        chosen = overdue[-1] if overdue else classes[0]
        for number in classes:
            self._passed[number] += number > chosen
        self._passed[chosen] = 0
        return chosen
