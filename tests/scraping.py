"""Reading a page of metrics as Prometheus does."""

from __future__ import annotations

import urllib.request

from prometheus_client.parser import text_string_to_metric_families
from waiting import PATIENCE_SECONDS

from foreword.telemetry import Metric


def page(address: str) -> str:
    """Return the page that a daemon serves its metrics on."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=PATIENCE_SECONDS) as answer:
        text: str = answer.read().decode()
        return text


class Scrape:
    """What a page said at one time."""

    def __init__(self, address: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(page(address))}

    def value(self, metric: Metric, part: str = "", **labels: str) -> float | None:
        """Return the value of a metric; None when the page has none.

        Args:
            metric: Which.
            part: Of a histogram `_count`, `_sum` or `_bucket`.
            labels: All of its labels.
        """
        name = metric.name + part
        for family in self.families.values():
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return float(sample.value)
        return None

    def values(self, metric: Metric) -> dict[tuple[str, ...], float]:
        """Return all values of a counter or gauge, by the values of its labels as it declares them."""
        return {
            tuple(sample.labels[label] for label in metric.labels): float(sample.value)
            for family in self.families.values()
            for sample in family.samples
            if sample.name == metric.name
        }

    def names(self) -> set[str]:
        """Return the names of our own metrics on the page, as they are declared."""
        ours = [family for family in self.families.values() if family.name.startswith("foreword_")]
        return {f"{family.name}_total" if family.type == "counter" else family.name for family in ours}
