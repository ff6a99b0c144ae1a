"""Writes docs/metrics.md from what the daemons say of their metrics, so that the reference cannot differ from them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from foreword.telemetry import Metric
from scheduler import metrics as scheduler_metrics
from sidecar import metrics as sidecar_metrics

TARGET = Path(__file__).with_name("metrics.md")

_INTRODUCTION = """\
# Metrics

<!-- Written by docs/make_metrics.py from sidecar/metrics.py and scheduler/metrics.py; `make docs` renews it. -->

What each daemon serves at `/metrics` ([operations](operations.md#metrics) says how to turn it on), beside what
Prometheus' library says of the process: processor time, memory, open files. A counter begins at zero with its daemon,
but for those of answers, which the cache keeps. No label holds a user, a namespace or a text; names of segments are the
configuration's, and of a segment that is no longer there it is `segment-` and its number.
"""


def render() -> str:
    """Return the whole reference as Markdown."""
    return "\n".join(
        [
            _INTRODUCTION,
            *_table("Sidecar", sidecar_metrics.METRICS),
            *_table("Scheduler", scheduler_metrics.METRICS),
        ]
    )


def _table(daemon: str, metrics: Sequence[Metric]) -> Iterator[str]:
    yield f"## {daemon}\n"
    yield "| metric | kind | labels | meaning |"
    yield "|---|---|---|---|"
    for metric in metrics:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        yield f"| `{metric.name}` | {metric.kind} | {labels} | {metric.text} |"
    yield ""


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET}\n")
