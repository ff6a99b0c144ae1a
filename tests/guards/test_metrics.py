"""Every metric is explained where operators look, and named as Prometheus wants it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
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

# Served for whoever looks at one daemon closely.
LEFT_OUT = {
    "foreword_counted_timestamp_seconds",
    "foreword_ranking_model_version",
    "foreword_scheduler_info",
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


def expressions() -> list[str]:
    """Return all that the dashboard and the alerts ask Prometheus for."""
    dashboard = json.loads((ROOT / "docs/grafana/foreword.json").read_text("utf-8"))
    alerts = yaml.safe_load((ROOT / "docs/prometheus/alerts.yml").read_text("utf-8"))
    drawn = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    variables = [variable.get("query", {}) for variable in dashboard["templating"]["list"]]
    chosen = [query["query"] for query in variables if isinstance(query, dict)]
    ruled = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    assert drawn
    assert ruled
    return [*drawn, *chosen, *ruled]


def asked(expression: str) -> set[str]:
    """Return the metrics that an expression asks for; the parts of a histogram as the histogram."""
    names = set(re.findall(r"foreword_[a-z_]+", expression))
    histograms = {metric.name for metric in METRICS if metric.kind == "histogram"}
    parts = {f"{name}{part}": name for name in histograms for part in ("_bucket", "_sum", "_count")}
    return {parts.get(name, name) for name in names}


def test_dashboard_is_current() -> None:
    """The dashboard is what docs/make_dashboard.py says; `make docs` renews it."""
    written = (ROOT / "docs/grafana/foreword.json").read_text("utf-8")
    assert written == docs_script("make_dashboard").render()


def test_what_is_asked_for_is_served() -> None:
    """The dashboard and the alerts ask for no metric that neither daemon has."""
    known = {metric.name for metric in METRICS}
    unknown = {name for expression in expressions() for name in asked(expression)} - known
    assert unknown == set()


def test_what_is_served_is_shown() -> None:
    """The dashboard or an alert has a use for each metric, but for a few."""
    used = {name for expression in expressions() for name in asked(expression)}
    left_out = {metric.name for metric in METRICS} - used
    assert left_out == LEFT_OUT


def test_expressions_tell_apart_by_labels_that_are_there() -> None:
    """What is summed by a label, or chosen by one, is told apart by it."""
    labels = {metric.name: set(metric.labels) for metric in METRICS}
    for expression in expressions():
        named = set(re.findall(r"[({, ]([a-z_]+)=[~\"]|[({, ]([a-z_]+)!=\"", expression))
        wanted = {first or second for first, second in named}
        wanted |= {label for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(", ")}
        known = set().union(*(labels[name] for name in asked(expression)))
        # What Prometheus adds to each sample, and to each bucket.
        assert wanted - {"job", "instance", "le"} <= known, expression


def test_no_share_or_age_of_several_stores_is_added_up() -> None:
    """Two stores whose profiles are all as fresh as promised are not fresh to 200 %: the worse one is shown."""
    summed = [expression for expression in expressions() if expression.startswith("sum ")]
    assert summed
    for expression in summed:
        by = expression.partition(")")[0]
        names = {name for name in asked(expression) if name.endswith(("_ratio", "_age_seconds", "_readers"))}
        assert not names or "instance" in by, expression
