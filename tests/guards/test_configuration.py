"""The configuration reference is complete, and no default moves unnoticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from docs_script import docs_script

from foreword.config import Config, Section

ROOT = Path(__file__).parents[2]

# A change here is a change for everyone who runs on defaults: it belongs in CHANGELOG.md too.
DEFAULTS = {
    "store.directory": "var/foreword",
    "store.profiles_map_size_bytes": 68_719_476_736,
    "store.activity_map_size_bytes": 68_719_476_736,
    "store.readers_max": 2048,
    "store.reader_check_seconds": 10.0,
    "store.view_age_seconds_max": 300.0,
    "store.scrub_hours": 24.0,
    "store.revisions_max": 10,
    "store.ledger_entries_max": 100_000,
    "store.changes_max": 100_000,
    "store.retention_days": 90,
    "store.archive": "off",
    "store.archive_directory": None,
    "store.ids_days": None,
    "sidecar.listen": ["unix:{store}/foreword.sock", "127.0.0.1:7464"],
    "sidecar.message_bytes_max": 16_777_216,
    "sidecar.write_queue_events_max": 50_000,
    "sidecar.group_commit_ms": 2.0,
    "sidecar.drain_seconds": 10.0,
    "sidecar.maintenance_seconds": 60.0,
    "sidecar.open_trigger_seconds": 60.0,
    "sidecar.streams_max": 512,
    "sidecar.watchers_max": 64,
    "sidecar.watch_message_bytes_max": 262_144,
    "sidecar.watch_heartbeat_seconds": 15.0,
    "sidecar.watch_poll_ms": 20,
    "sidecar.native": "auto",
    "sidecar.front_alone_seconds": 600,
    "sidecar.front_hold_seconds": 5.0,
    "sidecar.connections_max": 1024,
    "sidecar.unsent_bytes_max": 268_435_456,
    "scheduler.policy": "segments",
    "scheduler.refreshes_per_day": None,
    "scheduler.material_distance": 0.1,
    "scheduler.concurrency": 8,
    "scheduler.batch_users": 64,
    "scheduler.trigger_poll_ms": 50,
    "scheduler.compare_each": 100,
    "scheduler.sweep_seconds": 5.0,
    "scheduler.night": "03:00-04:00",
    "scheduler.time_zone": "UTC",
    "scheduler.review_seconds": 86400.0,
    "scheduler.retry_backoff_seconds": 30.0,
    "scheduler.retry_backoff_max_seconds": 21600.0,
    "scheduler.drain_seconds": 30.0,
    "window.days": 28,
    "window.recent_days": 7,
    "window.middle_days": 21,
    "window.recent_weight": 0.6,
    "window.half_life_days": 60.0,
    "window.events_max": 300,
    "session.idle_timeout_seconds": 1800.0,
    "session.settle_seconds": 2.0,
    "cold_start.events_min": 3,
    "cold_start.editorial": None,
    "cold_start.trend_topics_max": 5,
    "cold_start.trend_users_min": 5,
    "cold_start.cohort_attribute": "locale",
    "cold_start.cohort_users_min": 20,
    "cold_start.cohorts_max": 16,
    "segments.order": [],
    "segments.hysteresis": 0.1,
    "agent.provider": "extractive",
    "agent.model": "claude-haiku-4-5",
    "agent.base_url": "",
    "agent.api_key_file": None,
    "agent.admin_key_file": None,
    "agent.usage_report_lag_seconds": 900.0,
    "agent.prompt_tokens_max": 3000,
    "agent.output_tokens_max": 1500,
    "agent.effort": None,
    "agent.calls_max": 64,
    "agent.batch_users_max": 2000,
    "agent.batch_wait_seconds": 60.0,
    "agent.batch_poll_seconds": 60.0,
    "agent.batch_grace_seconds": 600.0,
    "agent.timeout_seconds": 60.0,
    "agent.embedding": "none",
    "agent.product.proto_file": None,
    "agent.product.message": "",
    # agent.signs is empty: the table of types stands in foreword/signs.py.
    "budget.day_micro_usd": 10_000_000,
    "budget.user_day_micro_usd": 100_000,
    "budget.run_micro_usd": None,
    "foreword.tokens_max": 200,
    "foreword.words.policy": "open",
    "foreword.words.users_min": 5,
    "foreword.words.vocabulary": [],
    "foreword.words.sensitive": ["health", "money", "sexuality", "religion", "politics"],
    "foreword.words.denied": [],
    "foreword.words.vocabulary_file": None,
    # No namespace has a table of its own: an empty table has no key to list.
    "tiering.directory": None,
    "tiering.size_bytes_max": 1_073_741_824,
    "tiering.provider": "none",
    "tiering.model": "claude-sonnet-5-5",
    "tiering.judge_model": "claude-haiku-5-5",
    "tiering.wrapper_model": "claude-haiku-5-5",
    "tiering.wrapper": "deterministic",
    "tiering.mode": "verified",
    "tiering.embedding": "none",
    "tiering.similarity_min": 0.8,
    "tiering.locale": "en",
    "tiering.context_file": None,
    "tiering.corpus_revision": "",
    "tiering.fresh_seconds": 86400.0,
    "tiering.stale_seconds": 604800.0,
    "tiering.error_seconds": 1209600.0,
    "tiering.jitter_share": 0.1,
    "tiering.askers_min": 2,
    "tiering.failure_seconds": 10.0,
    "tiering.lease_seconds": 10.0,
    "tiering.claim_seconds": 60.0,
    "tiering.output_tokens_max": 2000,
    "tiering.explained_max": 10_000,
    "tiering.audited_max": 1000,
    "tiering.day_micro_usd": 10_000_000,
    "ranking.mode": "on",
    "ranking.epsilon": 0.02,
    "ranking.thompson_scale": 0.2,
    "ranking.worlds": 32,
    "ranking.half_life_days": 180.0,
    "ranking.catch_up_seconds": 0.0,
    "ranking.cohort_attribute": "",
    "ranking.vector_size": 0,
    "ranking.decision_days": 7,
    "ranking.logged_max": 20,
    "ranking.replayed_max": 500,
    "ranking.profile_weight": 0.0,
    "ranking.train": "night",
    "ranking.train_examples_min": 500,
    "ranking.train_examples_max": 200_000,
    "ranking.holdout_share": 0.1,
    "ranking.models_kept": 7,
    "security.tls_certificate_file": None,
    "security.tls_key_file": None,
    "security.client_ca_file": None,
    "security.callers_file": None,
    "security.require_caller": "remote",
    "telemetry.alert_webhook_url": "",
    "telemetry.alert_webhook_timeout_seconds": 5.0,
    "telemetry.sidecar_metrics_listen": "",
    "telemetry.scheduler_metrics_listen": "",
    "telemetry.traces_url": "",
    "telemetry.traces_share": 0.01,
}


# US dollars per million tokens: input, output, read from the cache, written to it.
PRICES = {
    "claude-fable-5-1": (10.0, 50.0, 0.25, 12.5),
    "claude-fable-5": (10.0, 50.0, 1.0, 12.5),
    "claude-mythos-5-1": (10.0, 50.0, 0.25, 12.5),
    "claude-mythos-5": (10.0, 50.0, 1.0, 12.5),
    "claude-opus-5-5": (4.0, 20.0, 0.2, 5.0),
    "claude-opus-5": (5.0, 25.0, 0.5, 6.25),
    "claude-opus-4-8": (5.0, 25.0, 0.5, 6.25),
    "claude-opus-4-7": (5.0, 25.0, 0.5, 6.25),
    "claude-opus-4-6": (5.0, 25.0, 0.5, 6.25),
    "claude-opus-4-5": (5.0, 25.0, 0.5, 6.25),
    "claude-sonnet-5-5": (2.0, 10.0, 0.1, 2.5),
    "claude-sonnet-5": (2.0, 10.0, 0.2, 2.5),
    "claude-sonnet-4-6": (3.0, 15.0, 0.3, 3.75),
    "claude-sonnet-4-5": (3.0, 15.0, 0.3, 3.75),
    "claude-haiku-5-5": (0.1, 0.5, 0.01, 0.125),
    "claude-haiku-4-5": (1.0, 5.0, 0.1, 1.25),
}
SEGMENT = {
    "every_days": 1.0,
    "cron": None,
    "spread_minutes": 10.0,
    "night": None,
    "time_zone": None,
    "promised_share": None,
    "provider": None,
    "model": None,
    "mode": None,
    "window": None,
    "when.age_days_min": None,
    "when.age_days_below": None,
    "when.active_days_per_week_min": None,
    "when.active_days_per_week_below": None,
    "when.sessions_per_week_min": None,
    "when.sessions_per_week_below": None,
    "when.last_seen_days_min": None,
    "when.last_seen_days_below": None,
    # when.attributes is empty.
}
SEGMENTS = {
    "new": {
        "refresh": "after-session",
        "stale_after_hours": 24.0,
        "expired_after_hours": 96.0,
        "when.age_days_below": 7.0,
    },
    "active": {
        "refresh": "nightly",
        "stale_after_hours": 26.0,
        "expired_after_hours": 72.0,
        "when.active_days_per_week_min": 6.0,
    },
    "semi_active": {
        "refresh": "every",
        "every_days": 3.0,
        "stale_after_hours": 74.0,
        "expired_after_hours": 240.0,
        "when.active_days_per_week_min": 1.0,
    },
    "dormant": {"refresh": "on-open", "stale_after_hours": 168.0, "expired_after_hours": 2160.0},
}
for segment, settings in SEGMENTS.items():
    DEFAULTS |= {f"segments.{segment}.{key}": value for key, value in (SEGMENT | settings).items()}

for model, price in PRICES.items():
    kinds = ("input", "output", "cache_read", "cache_write", "batch_share")
    DEFAULTS |= {
        f"agent.prices.{model}.{kind}": value for kind, value in zip(kinds, (*price, 0.5), strict=True)
    }


def flat(values: dict[str, object], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def sections(section: type[Section]) -> set[type[Section]]:
    inner = {field.annotation for field in section.model_fields.values()}
    tables = {kind for kind in inner if isinstance(kind, type) and issubclass(kind, Section)}
    return {section}.union(*(sections(table) for table in tables))


def test_defaults_are_pinned() -> None:
    """Every default is the one that users were told of."""
    assert flat(Config().model_dump(mode="json")) == DEFAULTS


def test_reference_is_current() -> None:
    """docs/configuration.md is what foreword/config.py says; `make docs` renews it."""
    assert (ROOT / "docs/configuration.md").read_text("utf-8") == docs_script("make_configuration").render()


def test_every_key_is_explained() -> None:
    """Each key has a docstring, so that reference and schema can say what it means."""
    silent = [
        f"{section.__name__}.{key}"
        for section in sections(Config) - {Config}
        for key in section.model_fields
        if not section.meanings().get(key)
    ]
    assert silent == []


def test_the_schema_says_what_each_key_means() -> None:
    """`foreword config schema` has the docstrings, inherited ones too, and none else."""
    tables = Config.model_json_schema()["$defs"]
    for section in sections(Config) - {Config}:
        said = {key: found["description"] for key, found in tables[section.__name__]["properties"].items()}
        assert said == section.meanings(), section.__name__
    assert "refreshes_per_day" in tables["Scheduler"]["properties"]


def test_no_source_is_read_when_the_configuration_is_imported() -> None:
    """What keys mean is looked up by whoever asks; every daemon and command imports their types."""
    code = "import foreword.config, linecache; print(*linecache.cache)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""
