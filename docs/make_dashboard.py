"""Writes docs/grafana/foreword.json: the figures of both daemons as a dashboard, a line a panel instead of fifty."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

TARGET = Path(__file__).parent / "grafana" / "foreword.json"

# Of dashboards; what Grafana 10 writes, and later ones bring forward by themselves.
_SCHEMA = 38
_COLUMNS = 24
_HEIGHT = 8
_FILE, _MAP = 'foreword_store_file_bytes{job=~"$job"}', 'foreword_store_map_bytes{job=~"$job"}'
_SOURCE = {"type": "prometheus", "uid": "${source}"}


class Panel(NamedTuple):
    """A graph: its title, what it says when asked, the unit of its axis, and its lines, each with a legend."""

    title: str
    text: str
    unit: str
    lines: dict[str, str]
    is_stacked: bool = False


def _rate(metric: str, *by: str) -> str:
    return f'sum by ({", ".join(by)}) (rate({metric}{{job=~"$job"}}[$__rate_interval]))'


def _sum(metric: str, *by: str) -> str:
    return f'sum by ({", ".join(by)}) ({metric}{{job=~"$job"}})'


def _worst(function: str, metric: str, *by: str) -> str:
    """Of several stores: the share of one and that of another make no sum."""
    return f'{function} by ({", ".join(by)}) ({metric}{{job=~"$job"}})'


def _quantile(share: float, metric: str, by: str) -> str:
    return f"histogram_quantile({share}, {_rate(f'{metric}_bucket', 'le', by)})"


PANELS: dict[str, list[Panel]] = {
    "Serving": [
        Panel(
            "Calls",
            "Calls that ended, by method.",
            "reqps",
            {_rate("foreword_calls_total", "method"): "{{method}}"},
        ),
        Panel(
            "Refused and failed calls",
            "By method and status code. INVALID_ARGUMENT is the caller's; INTERNAL and DATA_LOSS are for the log.",
            "reqps",
            {
                'sum by (method, code) (rate(foreword_calls_total{job=~"$job", code!="OK"}[$__rate_interval]))': (
                    "{{method}} {{code}}"
                )
            },
        ),
        Panel(
            "Time in the sidecar, p50 and p99",
            "Without what gRPC and the network take.",
            "s",
            {
                _quantile(0.5, "foreword_call_duration_seconds", "method"): "{{method}} p50",
                _quantile(0.99, "foreword_call_duration_seconds", "method"): "{{method}} p99",
            },
        ),
        Panel(
            "Reads by segment",
            "Profiles and forewords handed out; unknown are users without a profile.",
            "reqps",
            {_rate("foreword_reads_total", "segment"): "{{segment}}"},
            is_stacked=True,
        ),
        Panel(
            "Reads by freshness",
            "As it was told: fresh, stale and expired are users' own profiles; all others got a default.",
            "reqps",
            {_rate("foreword_reads_total", "freshness"): "{{freshness}}"},
            is_stacked=True,
        ),
        Panel(
            "Events",
            "Accepted and refused a second.",
            "eps",
            {
                _rate("foreword_events_accepted_total", "instance"): "accepted {{instance}}",
                _rate("foreword_events_refused_total", "instance"): "refused {{instance}}",
            },
        ),
        Panel(
            "Under way",
            "Calls that run, and events that wait for the disk.",
            "short",
            {
                _sum("foreword_calls_running", "instance"): "calls {{instance}}",
                _sum("foreword_write_queue_events", "instance"): "events queued {{instance}}",
            },
        ),
        Panel(
            "Refused for who called",
            "By why: no token, one that is malformed, unknown or expired, a right that is missing, or a namespace.",
            "reqps",
            {_rate("foreword_access_refused_total", "reason"): "{{reason}}"},
        ),
        Panel(
            "Native front",
            "Calls that it answered, and those it forwarded to the sidecar; starts again, and whether it serves.",
            "short",
            {
                _rate("foreword_front_calls_total", "outcome"): "{{outcome}}",
                _sum("foreword_front_native", "instance"): "serves {{instance}}",
                _sum("foreword_front_restarts_total", "instance"): "started again {{instance}}",
                _sum("foreword_front_connections", "instance"): "connections {{instance}}",
                _rate("foreword_front_limited_total", "outcome"): "{{outcome}}",
            },
        ),
    ],
    "Freshness": [
        Panel(
            "Profiles by freshness",
            "As counted last; in a large store that is some minutes ago.",
            "short",
            {_sum("foreword_profiles", "freshness"): "{{freshness}}"},
            is_stacked=True,
        ),
        Panel(
            "Not expired, and what is promised",
            "Share of each segment's own profiles, in the store where it is lowest; below the promise an alert is due.",
            "percentunit",
            {
                _worst("min", "foreword_freshness_found_ratio", "segment"): "{{segment}}",
                _worst("max", "foreword_freshness_promised_ratio", "segment"): "{{segment}} promised",
            },
        ),
        Panel(
            "Age of profiles",
            "Median and 95th percentile since they were computed, in the store where they are oldest.",
            "s",
            {
                'max by (segment, statistic) (foreword_profile_age_seconds{job=~"$job", statistic!="max"})': (
                    "{{segment}} {{statistic}}"
                )
            },
        ),
        Panel(
            "Users and events",
            "In the store; unarchived are events past retention that wait for the archive.",
            "short",
            {
                _sum("foreword_users", "instance"): "users {{instance}}",
                _sum("foreword_events", "instance"): "events {{instance}}",
                _sum("foreword_events_unarchived", "instance"): "unarchived {{instance}}",
            },
        ),
    ],
    "Refreshing": [
        Panel(
            "Refreshes by outcome",
            "By code, as they were written.",
            "ops",
            {_rate("foreword_refreshes_total", "outcome"): "{{outcome}}"},
            is_stacked=True,
        ),
        Panel(
            "Refreshes by reason",
            "Why they were begun: a cadence, a session's end, a read, an operator.",
            "ops",
            {_rate("foreword_refreshes_total", "reason"): "{{reason}}"},
            is_stacked=True,
        ),
        Panel(
            "From trigger to profile, p50 and p99",
            "How long after a trigger was acknowledged its refresh was on disk.",
            "s",
            {
                _quantile(0.5, "foreword_refresh_wait_seconds", "reason"): "{{reason}} p50",
                _quantile(0.99, "foreword_refresh_wait_seconds", "reason"): "{{reason}} p99",
            },
        ),
        Panel(
            "Time of a refresh, p99",
            "Reading and computing, without its commit.",
            "s",
            {_quantile(0.99, "foreword_refresh_duration_seconds", "outcome"): "{{outcome}}"},
        ),
        Panel(
            "Waiting",
            "Users due, held back by a pause, triggers not taken, refreshes under way.",
            "short",
            {
                _sum("foreword_users_due", "instance"): "due {{instance}}",
                _sum("foreword_users_held", "instance"): "held {{instance}}",
                _sum("foreword_triggers_waiting", "instance"): "triggers {{instance}}",
                _sum("foreword_refreshes_running", "instance"): "running {{instance}}",
            },
        ),
        Panel(
            "Problems",
            "Conditions that last, by component; `foreword status` says each in words.",
            "short",
            {
                _sum("foreword_problems", "component"): "{{component}}",
                _sum("foreword_scheduler_problems", "instance"): "as the scheduler sees it {{instance}}",
            },
        ),
        Panel(
            "Since the scheduler showed life",
            "Grows when it does not run; reads go on.",
            "s",
            {'time() - (foreword_scheduler_seen_timestamp_seconds{job=~"$job"} > 0)': "{{instance}}"},
        ),
    ],
    "Models and budget": [
        Panel(
            "Spent today, and what a day may cost",
            "UTC. At the budget users wait for the next day, and code goes on.",
            "currencyUSD",
            {
                'sum by (instance) (foreword_model_cost_dollars{job=~"$job", period="today"})': "spent {{instance}}",
                _sum("foreword_model_reserved_dollars", "instance"): "under way, at most {{instance}}",
                _sum("foreword_model_day_budget_dollars", "instance"): "budget {{instance}}",
            },
        ),
        Panel(
            "Who waits for a model",
            "Due by mode, and beyond their time by reason.",
            "short",
            {
                _sum("foreword_model_users_due", "mode"): "due, {{mode}}",
                _sum("foreword_model_users_waiting", "reason"): "waiting: {{reason}}",
            },
        ),
        Panel(
            "What became of questions to models",
            "Per second, by outcome.",
            "ops",
            {_rate("foreword_model_answers_total", "outcome"): "{{outcome}}"},
            is_stacked=True,
        ),
    ],
    "Answers and ranking": [
        Panel(
            "Answers by hit",
            "How their core was found; generated and first_asker cost a model call.",
            "reqps",
            {
                _rate("foreword_answers_total", "hit"): "{{hit}}",
                _rate("foreword_answers_failed_total", "job"): "no answer",
                _rate("foreword_answers_stale_total", "job"): "of them stale",
            },
        ),
        Panel(
            "Cost of answers in a day",
            "What was spent, beside what they would have cost without shared cores.",
            "currencyUSD",
            {
                'sum by (tier) (increase(foreword_answers_cost_dollars_total{job=~"$job"}[1d]))': "{{tier}}",
                'sum(increase(foreword_answers_untiered_cost_dollars_total{job=~"$job"}[1d]))': "without shared cores",
            },
        ),
        Panel(
            "Orders and feedback",
            "Orders of actions offered, and what came of them.",
            "ops",
            {
                _rate("foreword_rankings_total", "instance"): "orders {{instance}}",
                _rate("foreword_ranking_feedback_total", "instance"): "feedback {{instance}}",
            },
        ),
    ],
    "Store": [
        Panel(
            "Files",
            "Size of each environment, and of the cache of cores.",
            "bytes",
            {
                _sum("foreword_store_file_bytes", "environment"): "{{environment}}",
                _sum("foreword_answer_cache_bytes", "job"): "answers",
            },
        ),
        Panel(
            "Use of the map",
            "A map that is full refuses writes: raise store.*_map_size_bytes.",
            "percentunit",
            {
                f"max by (environment) ({_FILE} / {_MAP})": "{{environment}}",
            },
        ),
        Panel(
            "Disk",
            "Free on the disk of the store.",
            "bytes",
            {_sum("foreword_store_disk_free_bytes", "instance"): "{{instance}}"},
        ),
        Panel(
            "Readers",
            "Slots in use of store.readers_max, in the store with the most.",
            "short",
            {_worst("max", "foreword_store_readers", "environment"): "{{environment}}"},
        ),
        Panel(
            "Pages held by a view",
            "The file grows while a process holds an old view; `foreword status` names it.",
            "bytes",
            {_sum("foreword_store_kept_bytes", "environment"): "{{environment}}"},
        ),
        Panel(
            "Memory of both daemons",
            "Resident memory; the store's mapped pages count in it.",
            "bytes",
            {'process_resident_memory_bytes{job=~"$job"}': "{{instance}}"},
        ),
    ],
}


def render() -> str:
    """Return the dashboard as Grafana imports it."""
    dashboard = {
        "title": "Foreword",
        "uid": "foreword",
        "description": "Both daemons of Foreword. Each metric is explained in docs/metrics.md.",
        "tags": ["foreword"],
        "schemaVersion": _SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "annotations": {"list": []},
        "templating": {"list": [_source(), _job()]},
        "panels": list(_panels()),
    }
    return json.dumps(dashboard, indent=1, ensure_ascii=False) + "\n"


def _source() -> dict[str, Any]:
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _job() -> dict[str, Any]:
    query = "label_values(foreword_sidecar_info, job)"
    return {
        "name": "job",
        "label": "Job",
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": "job"},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _panels() -> Iterator[dict[str, Any]]:
    number, top = 0, 0
    for row, panels in PANELS.items():
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row,
            "collapsed": False,
            "panels": [],
            "gridPos": {"x": 0, "y": top, "w": _COLUMNS, "h": 1},
        }
        top += 1
        width = _COLUMNS // 3
        for place, panel in enumerate(panels):
            number += 1
            x, y = place % 3 * width, top + place // 3 * _HEIGHT
            yield _graph(number, panel) | {"gridPos": {"x": x, "y": y, "w": width, "h": _HEIGHT}}
        top += -(-len(panels) // 3) * _HEIGHT


def _graph(number: int, panel: Panel) -> dict[str, Any]:
    drawing = {"fillOpacity": 20 if panel.is_stacked else 0, "lineWidth": 1, "showPoints": "never"}
    stacking = {"stacking": {"mode": "normal" if panel.is_stacked else "none", "group": "A"}}
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.text,
        "datasource": _SOURCE,
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "min": 0, "custom": drawing | stacking},
            "overrides": [],
        },
        "options": {
            "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": expression,
                "legendFormat": legend,
            }
            for place, (expression, legend) in enumerate(panel.lines.items())
        ],
    }


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET}\n")
