"""What a plan is made from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.config_segments import SegmentSettings
from foreword.planning.sheet import Figure, Source
from foreword.wall_time import next_cron_ms, night

Rule = Literal["after_session", "nightly", "every", "on_open", "cron", "never"]
Asking = Literal["messages", "batch"]

_MICRO = 1e6

# What is assumed of users where neither the store nor whoever asks says otherwise: shares, and days a week.
ASSUMED_SHARES = {"new": 0.02, "active": 0.18, "semi_active": 0.3, "dormant": 0.5}
ASSUMED_DAYS = {"new": 3.0, "active": 6.5, "semi_active": 2.5, "dormant": 0.25}

# What nobody but an operator asks for is not planned.
_RULES: Mapping[str, Rule] = {
    "after-session": "after_session",
    "nightly": "nightly",
    "every": "every",
    "on-open": "on_open",
    "cron": "cron",
    "manual": "never",
    "never": "never",
}
# A cron line is counted over so many of its times, or a year: from a day on which all planning begins, so that it gives
# the same each time.
_CRON_TIMES = 100
_CRON_FROM_MS = 1_767_225_600_000
_YEAR_DAYS = 365


class ModelPrice(NamedTuple):
    """What a model costs, in US dollars per million tokens."""

    model: str
    input: float
    cache_read: float
    cache_write: float
    output: float
    batch_share: float

    @property
    def name(self) -> str:
        """As formulas have it."""
        return slug(self.model)


@dataclass(frozen=True)
class PlannedSegment:
    """A segment as a plan sees it."""

    name: str
    """As formulas have it: letters, digits and underscores."""
    share: Figure
    """Of all users, 0 to 1."""
    active_days_per_week: Figure
    """Days a week on which a user of it comes."""
    rule: Rule
    interval_days: float = 1.0
    """Of `every`, and on average of `cron`; less than a day for several times a day."""
    spread_minutes: float = 60.0
    """What its refreshes are spread over, of `nightly` and `cron`."""
    stale_after_hours: float = 26.0
    price: ModelPrice | None = None
    """Of the model that is asked about its users; None when none is."""
    asking: Asking = "messages"
    """How."""

    @property
    def said(self) -> str:
        """The name as people have it."""
        return self.name.replace("_", "-")


@dataclass(frozen=True)
class PlanInput:
    """Everything a plan is made from.

    Attributes:
        users: How many.
        figures: Each name of `known.KNOWN`.
        configured: From the configuration: see `configured`.
        segments: All of them; shares add up to one.
        host_memory_bytes: Of one host; None when no limit is asked about.
        host_disk_bytes: Likewise.
    """

    users: Figure
    figures: Mapping[str, Figure]
    configured: Mapping[str, Figure]
    segments: tuple[PlannedSegment, ...]
    host_memory_bytes: float | None = None
    host_disk_bytes: float | None = None


# Keys of the configuration that a plan needs: name, label, unit.
CONFIGURED = {
    "retention_days": ("events are kept", "days"),
    "ids_days": ("ids of events are kept", "days"),
    "new_days": ("a user counts as new for", "days"),
    "revisions_max": ("revisions kept of a user", "revisions"),
    "ledger_entries_max": ("refreshes kept one by one", "rows"),
    "profiles_map_bytes": ("most that profiles.lmdb may take", "bytes"),
    "activity_map_bytes": ("most that activity.lmdb may take", "bytes"),
    "open_trigger_seconds": ("a user read again asks for nothing within", "s"),
    "review_seconds": ("all users are looked through every", "s"),
    "batch_users": ("users whose refreshes share a commit", "users"),
    "group_commit_ms": ("writes of events join a commit within", "ms"),
    "day_usd": ("budget of all users", "USD a day"),
    "user_day_usd": ("budget of one user", "USD a day"),
}


# Longer than any plan.
_FOR_GOOD_DAYS = 36_500


def configured(config: Config) -> dict[str, Figure]:
    """Return what a plan takes from a configuration; a limit that is not set is left out."""
    store, budget = config.store, config.budget
    found = {
        "retention_days": (store.retention_days, "store.retention_days"),
        "ids_days": (config.ids_days() or _FOR_GOOD_DAYS, "store.ids_days"),
        "new_days": (_new_days(config), "segments.new.when.age_days_below"),
        "revisions_max": (store.revisions_max, "store.revisions_max"),
        "ledger_entries_max": (store.ledger_entries_max, "store.ledger_entries_max"),
        "profiles_map_bytes": (store.profiles_map_size_bytes, "store.profiles_map_size_bytes"),
        "activity_map_bytes": (store.activity_map_size_bytes, "store.activity_map_size_bytes"),
        "open_trigger_seconds": (config.sidecar.open_trigger_seconds, "sidecar.open_trigger_seconds"),
        "review_seconds": (config.scheduler.review_seconds, "scheduler.review_seconds"),
        "batch_users": (config.scheduler.batch_users, "scheduler.batch_users"),
        "group_commit_ms": (config.sidecar.group_commit_ms, "sidecar.group_commit_ms"),
    }
    if budget.day_micro_usd is not None:
        found["day_usd"] = (budget.day_micro_usd / _MICRO, "budget.day_micro_usd")
    if budget.user_day_micro_usd is not None:
        found["user_day_usd"] = (budget.user_day_micro_usd / _MICRO, "budget.user_day_micro_usd")
    return {name: Figure(float(value), Source.CONFIGURED, key) for name, (value, key) in found.items()}


def segments_of(
    config: Config, shares: Mapping[str, Figure], active_days: Mapping[str, Figure]
) -> tuple[PlannedSegment, ...]:
    """Return the segments of a configuration.

    Args:
        config: The configuration.
        shares: Of all users, by segment.
        active_days: Days a week on which a user comes, by segment.
    """
    return tuple(
        _segment(one.name, one.settings, config, shares[one.name], active_days[one.name])
        for one in config.segments.tried()
    )


def segment_names(config: Config) -> tuple[str, ...]:
    """Return the names of a configuration's segments, in the order in which they are tried."""
    return tuple(one.name for one in config.segments.tried())


def _new_days(config: Config) -> float:
    """Return how long a user counts as new; 0 where nobody does."""
    found = [one.settings for one in config.segments.tried() if one.name == "new"]
    return (found[0].when.age_days_below or 0.0) if found else 0.0


def _segment(
    name: str, cadence: SegmentSettings, config: Config, share: Figure, active_days: Figure
) -> PlannedSegment:
    provider = cadence.provider or config.agent.provider
    price = None
    if provider != "extractive" and cadence.mode != "extractive":
        model = cadence.model or config.agent.model
        listed = config.agent.prices[model]
        price = ModelPrice(
            model,
            listed.input,
            listed.input if listed.cache_read is None else listed.cache_read,
            listed.input if listed.cache_write is None else listed.cache_write,
            listed.output,
            listed.batch_share,
        )
    rule = _RULES[cadence.refresh]
    # As scheduler.model.choice has it: somebody who is there is answered at once, the rest can wait for a batch.
    is_triggered = rule in ("after_session", "on_open")
    wants_batch = cadence.mode == "batch" or (cadence.mode is None and not is_triggered)
    return PlannedSegment(
        slug(name),
        share,
        active_days,
        rule,
        _interval_days(cadence, config),
        cadence.spread_minutes if rule == "cron" else night(cadence.night or config.scheduler.night).minutes,
        cadence.stale_after_hours,
        price,
        # Chat completions have no batches.
        "batch" if wants_batch and provider == "anthropic" else "messages",
    )


def _interval_days(cadence: SegmentSettings, config: Config) -> float:
    """Return the days between two refreshes; of a cron line the mean."""
    if cadence.cron is None:
        return cadence.every_days
    zone_name = cadence.time_zone or config.scheduler.time_zone
    count, at_ms = 0, _CRON_FROM_MS
    while count < _CRON_TIMES and at_ms < _CRON_FROM_MS + _YEAR_DAYS * DAY_MS:
        at_ms = next_cron_ms(cadence.cron, zone_name, at_ms)
        count += 1
    return (at_ms - _CRON_FROM_MS) / DAY_MS / count


def summed(segments: Sequence[PlannedSegment], what: str) -> str:
    """Return the formula of a sum over segments."""
    return " + ".join(f"{each.name}.{what}" for each in segments)


def slug(text: str) -> str:
    """Return a name as formulas have it."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return name if name[:1].isalpha() else f"n_{name}"
