"""Numbers as words: rules that are fixed beforehand, so that nothing of what is foretold chooses their borders."""

from __future__ import annotations

import math


def doubling(value: float) -> str:
    """Return the power of two at or below a size: 1, 2, 4, …; `0` for what is less than one."""
    return "0" if value < 1 else str(2 ** int(math.log2(value)))


def step(value: float, width: float) -> str:
    """Return the multiple of a width at or below a number."""
    # Rounded first, so that 0.3 is three tenths, though it lies just below them in binary.
    return f"{math.floor(round(value / width, 6)) * width:g}"
