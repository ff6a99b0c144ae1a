"""What a figure is called, and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a daemon.

    Attributes:
        name: As Prometheus has it: `foreword_`, what is measured, its unit; counters end with `_total`.
        kind: counter: grows, and begins anew with the daemon. gauge: goes up and down. histogram: durations.
        text: What it means, in a sentence for whoever reads the page or docs/metrics.md.
        labels: By what it is told apart. Each has few values, all known beforehand but for the names of segments, of
            which a configuration has a bounded number. Never a user, a namespace or a text.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    text: str
    labels: tuple[str, ...] = ()


def word(name: str, prefix: str) -> str:
    """Return the value of a label for one of an enum: `HIT_KIND_EXACT` without `HIT_KIND_` is `exact`."""
    return name.removeprefix(prefix).lower()
