"""What one scrape answers."""

from __future__ import annotations

from foreword.telemetry.histogram import Histogram
from foreword.telemetry.metric import Metric

Value = float | Histogram


class Page:
    """Values of metrics, as of one moment."""

    def __init__(self) -> None:
        self.samples: dict[Metric, list[tuple[tuple[str, ...], Value]]] = {}

    def put(self, metric: Metric, value: Value, *labels: str) -> None:
        """Add a value, with one text for each of the metric's labels, in their order."""
        assert len(labels) == len(metric.labels), metric.name
        self.samples.setdefault(metric, []).append((labels, value))
