"""Each alert goes off when it should, in Prometheus' own words, and is silent otherwise."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

ALERTS = Path(__file__).parents[2] / "docs/prometheus/alerts.yml"
PAGE, TICKET = "page", "ticket"


class Case(NamedTuple):
    """What is scraped each minute, when the alert is on, and when not yet, or not again.

    Attributes:
        alert: Its name.
        series: Samples by metric and labels, in promtool's notation; each has an instance and a job besides.
        on: The minute in which it is on.
        off: Another in which it is not.
        labels: What tells it apart, beside the instance.
        severity: How urgent it is.
        summary: What it says.
    """

    alert: str
    series: dict[str, str]
    on: int
    off: int
    labels: dict[str, str]
    severity: str
    summary: str

    def samples(self) -> list[dict[str, str]]:
        """Return the series as promtool takes them."""
        found = []
        for name, values in self.series.items():
            metric, _, labels = name.rstrip("}").partition("{")
            own = f"{labels}, " if labels else ""
            found.append({"series": f'{metric}{{{own}instance="a:1", job="foreword"}}', "values": values})
        return found


METHOD = "ActivityService.RecordEvents"
FEED = "ActivityService.StreamEvents"
CASES = [
    Case("ForewordDown", {"up": "1x5 0x9"}, 9, 6, {"job": "foreword"}, PAGE, "a:1 serves no metrics"),
    Case(
        "ForewordFaults",
        {'foreword_calls_total{method="M", code="INTERNAL"}': "0x5 1+1x9 10x20"},
        12,
        8,
        {"method": "M"},
        PAGE,
        "M fails on a:1; its log has the reason by request id",
    ),
    *(
        Case(
            "ForewordEventsRefused",
            {
                f'foreword_calls_total{{method="{method}", code="{code}"}}': "0x5 1+1x20",
                f'foreword_calls_total{{method="{method}", code="OK"}}': "0+9x25",
            },
            14,
            8,
            {},
            PAGE,
            "events are refused on a:1: the disk, the map or the queue is full",
        )
        for method, code in (
            (METHOD, "RESOURCE_EXHAUSTED"),
            (METHOD, "UNAVAILABLE"),
            (FEED, "RESOURCE_EXHAUSTED"),
        )
    ),
    Case(
        "ForewordSchedulerSilent",
        {"foreword_scheduler_seen_timestamp_seconds": "0+60x5 300x9"},
        9,
        6,
        {"job": "foreword"},
        PAGE,
        "no scheduler works on the store of a:1; profiles grow stale",
    ),
    Case(
        "ForewordFreshnessBroken",
        {'foreword_freshness_broken{segment="active"}': "0x5 1x20"},
        17,
        12,
        {"segment": "active", "job": "foreword"},
        TICKET,
        "profiles of segment active are older than promised",
    ),
    Case(
        "ForewordRefreshesFail",
        {
            'foreword_refreshes_total{reason="cron", outcome="failed"}': "0x5 0+2x60",
            'foreword_refreshes_total{reason="cron", outcome="written"}': "0+10x65",
        },
        40,
        15,
        {},
        TICKET,
        "more than a tenth of the refreshes fail on a:1",
    ),
    Case(
        "ForewordDueGrows",
        {"foreword_users_due": "900+10x200"},
        200,
        100,
        {"job": "foreword"},
        TICKET,
        "more users come due than are refreshed, by a:1",
    ),
    Case(
        "ForewordBudgetNearlySpent",
        {
            'foreword_model_cost_dollars{period="today"}': "8x5 9.5x5",
            'foreword_model_cost_dollars{period="month"}': "99x10",
            "foreword_model_day_budget_dollars": "10x10",
        },
        8,
        4,
        {},
        TICKET,
        "nine tenths of the day's budget for models are spent",
    ),
    Case(
        "ForewordMapNearlyFull",
        {
            'foreword_store_file_bytes{environment="profiles.lmdb"}': "70x5 81x5",
            'foreword_store_map_bytes{environment="profiles.lmdb"}': "100x10",
        },
        8,
        4,
        {"environment": "profiles.lmdb", "job": "foreword"},
        TICKET,
        "profiles.lmdb fills four fifths of its map: raise its map size and restart",
    ),
    Case(
        "ForewordDiskNearlyFull",
        {"foreword_store_disk_free_bytes": "9e9x5 1073741824x9"},
        12,
        8,
        {"job": "foreword"},
        PAGE,
        "the disk of the store has 1GiB left",
    ),
    Case(
        "ForewordViewHeld",
        {
            'foreword_store_oldest_view_age_seconds{environment="profiles.lmdb"}': "300+60x9",
            'foreword_store_kept_bytes{environment="profiles.lmdb"}': "2e8x9",
        },
        8,
        4,
        {"environment": "profiles.lmdb", "job": "foreword"},
        TICKET,
        "a process holds an old view of profiles.lmdb, and the file grows",
    ),
    Case(
        "ForewordProblem",
        {'foreword_problems{component="sidecar.archive"}': "_x5 1x60"},
        40,
        20,
        {"component": "sidecar.archive"},
        TICKET,
        "sidecar.archive has had a problem for half an hour: foreword status",
    ),
]


def promtool_test(case: Case) -> dict[str, Any]:
    """Return promtool's test of a case."""
    expected = {
        "exp_labels": {"severity": case.severity, "instance": "a:1", **case.labels},
        "exp_annotations": {"summary": case.summary},
    }
    return {
        "interval": "1m",
        "input_series": case.samples(),
        "alert_rule_test": [
            {"eval_time": f"{case.off}m", "alertname": case.alert, "exp_alerts": []},
            {"eval_time": f"{case.on}m", "alertname": case.alert, "exp_alerts": [expected]},
        ],
    }


def test_each_alert_goes_off_when_it_should(tmp_path: Path) -> None:
    """Prometheus' own tool evaluates all of them on made samples: on, and not too early."""
    rules = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"][0]["rules"]
    assert {rule["alert"] for rule in rules} == {case.alert for case in CASES}
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    shutil.copy(ALERTS, tmp_path)
    made = {
        "rule_files": ["alerts.yml"],
        "evaluation_interval": "1m",
        "tests": [promtool_test(case) for case in CASES],
    }
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(made), "utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", "tests.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
