"""A plan from a small store, held against a larger one that lived the same days."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from foreword.store.check import inspect_store

ROOT = Path(__file__).parents[3]
DAYS = 13
COUNTED_DAYS = 4


@pytest.fixture
def plan_check(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The benchmark that does the same with thousands of users."""
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.plan_check")


@pytest.mark.slow
def test_a_plan_for_more_users_is_what_more_users_come_to(plan_check: ModuleType, tmp_path: Path) -> None:
    """From 50 users to 150: acts, refreshes, rows and sizes are within a third; what is `at most` is never exceeded."""
    few, many = tmp_path / "few", tmp_path / "many"
    plan_check.live(few, 50, DAYS, COUNTED_DAYS, plan_check.LIFE, seed=1)
    planned = plan_check.plan_from(few, users=150, days=DAYS)
    lived = plan_check.live(many, 150, DAYS, COUNTED_DAYS, plan_check.LIFE, seed=2)
    actual = plan_check.actual_figures(many, lived)
    close = (
        "visits",
        "sessions",
        "events",
        "reads",
        "written",
        "profiles_bytes",
        "ids_kept",
        "disk_bytes",
    )
    ratios = {name: planned[name] / actual[name] for name in close}
    assert {name: ratio for name, ratio in ratios.items() if not 0.67 < ratio < 1.5} == {}
    for name in ("refresh_writes_bytes", "backup_bytes", "revisions"):
        assert planned[name] >= 0.9 * actual[name], name
    assert list(inspect_store(many)) == []
