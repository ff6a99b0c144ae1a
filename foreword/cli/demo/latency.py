"""How long reads take here."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Latency(NamedTuple):
    """What was measured.

    Attributes:
        calls: How many.
        p50_us: The median, in microseconds.
        p99_us: The time that 99 of 100 calls stay below, in microseconds.
    """

    calls: int
    p50_us: float
    p99_us: float


def measure(call: Callable[[str], object], users: Sequence[str], count: int) -> Latency:
    """Return the latency of `count` calls, over users in turn, after a tenth as many to warm up."""
    for number in range(count // 10):
        call(users[number % len(users)])
    times_ns = []
    for number in range(count):
        user = users[number % len(users)]
        started = time.perf_counter_ns()
        call(user)
        times_ns.append(time.perf_counter_ns() - started)
    times_ns.sort()
    return Latency(count, times_ns[count // 2] / 1000, times_ns[count * 99 // 100] / 1000)
