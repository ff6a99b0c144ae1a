"""How long calls take, one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Argument = TypeVar("Argument")


def call_times_us(call: Callable[[Argument], object], arguments: Iterable[Argument]) -> list[float]:
    """Return the time of each call, in microseconds and in the order of the arguments."""
    clock = time.perf_counter_ns
    taken = []
    for argument in arguments:
        started = clock()
        call(argument)
        taken.append((clock() - started) / 1000)
    return taken


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of `values` lie; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
