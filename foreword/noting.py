"""What is noted of a user beside the events themselves, as they are written."""

from __future__ import annotations

from typing import NamedTuple


class Noting(NamedTuple):
    """What is noted."""

    idle_ms: int = 1_800_000
    """Quiet time after which another event begins a session."""
    attributes: frozenset[str] = frozenset()
    """Attributes of events whose newest value is kept, because segments ask for them."""


NOTED = Noting()
"""What is noted where nobody asks for more."""
