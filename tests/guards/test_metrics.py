"""Every metric is explained where operators look, and named as Prometheus wants it."""

from __future__ import annotations

import re
from pathlib import Path

from docs_script import docs_script

from scheduler import metrics as scheduler_metrics
from sidecar import metrics as sidecar_metrics

ROOT = Path(__file__).parents[2]
METRICS = (*sidecar_metrics.METRICS, *scheduler_metrics.METRICS)
# By which a metric may be told apart: none of them is a user, a namespace or a text.
LABELS = {
    *("code", "component", "environment", "freshness", "hit", "method", "mode", "outcome", "period"),
    *("reason", "segment", "statistic", "tier", "version"),
}


def test_reference_is_current() -> None:
    """docs/metrics.md is what the daemons say of their metrics; `make docs` renews it."""
    assert (ROOT / "docs/metrics.md").read_text("utf-8") == docs_script("make_metrics").render()


def test_names_are_prometheus_own_kind() -> None:
    """Each name is one of ours, once, in small letters; a counter and nothing else ends with _total."""
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    for metric in METRICS:
        assert re.fullmatch(r"foreword(_[a-z]+)+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert not metric.name.endswith(("_count", "_sum", "_bucket")), metric.name


def test_labels_are_bounded() -> None:
    """No metric is told apart by anything whose values grow with use."""
    assert {label for metric in METRICS for label in metric.labels} <= LABELS


def test_every_metric_is_in_its_list() -> None:
    """A metric that is declared is also listed, so that the reference and the guards see it."""
    for module in (sidecar_metrics, scheduler_metrics):
        declared = {name for name, value in vars(module).items() if type(value).__name__ == "Metric"}
        assert {vars(module)[name] for name in declared} <= set(module.METRICS)
