"""`foreword plan` held against a run: planned from a small store, then lived in a large one."""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

from benchmarks.lived import START_MS, Life, Lived, live, lived_config, user_id, written_bytes
from benchmarks.table import Table
from foreword import keys
from foreword.cli.plan_figures import figures_of, users_of
from foreword.clock import DAY_MS
from foreword.planning import Figure, PlanInput, Sheet, Source, configured, make_plan, segments_of
from foreword.store import ActivityWriter, NewEvent
from foreword.store.upkeep import backup_store, store_figures, store_stats
from foreword.v1.event_pb2 import Event

SMALL_USERS = 200
LARGE_USERS = 1_000
# A week longer than the shortest retention, so that events have begun to go.
DAYS = 35
COUNTED_DAYS = 7
LIFE = Life()
_ALONE = 200
_COLUMNS = ("quantity", "planned", "in the run", "planned to run", "from")


def run(small: int = SMALL_USERS, large: int = LARGE_USERS, days: int = DAYS) -> Table:
    """Let few users live, plan for many, let many live, and compare."""
    table = Table(
        "plan_check",
        f"A plan for {large:,} users from a store of {small:,}, and a run of the {large:,}",
        "python -m benchmarks plan_check",
        _COLUMNS,
    )
    counted = min(COUNTED_DAYS, days // 2)
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder) / "few", Path(folder) / "many"
        small_run = live(few, small, days, counted, LIFE, seed=1)
        planned = plan_from(few, users=large, days=days)
        lived = live(many, large, days, counted, LIFE, seed=2)
        for name, actual in actual_figures(many, lived).items():
            if name not in planned:
                table.notes.append(
                    f"{name} is not planned: the small store had no such users; {actual:,.1f} in the run."
                )
                continue
            row = planned.row(name)
            table.add(
                row.label,
                f"{row.value:,.0f} {row.unit}",
                f"{actual:,.0f}",
                f"{row.value / actual:.2f} ×" if actual else "",
                row.source.value,
            )
        for name, figure in figures_of(store_figures(many, idle_ms=1_800_000), lived_config(many)).items():
            if figure.source is Source.MEASURED and planned.row(name).source is Source.MEASURED:
                before = planned[name]
                table.add(
                    f"{planned.row(name).label} ({name})",
                    f"{before:.4g} {planned.row(name).unit}",
                    f"{figure.value:.4g}",
                    f"{before / figure.value:.2f} ×" if figure.value else "",
                    "the figure itself, of both stores",
                )
        alone = alone_bytes(many, large)
        per_event = planned["event_writes_bytes"] / planned["events"]
        table.add(
            "written by an event that comes alone, at most",
            f"{per_event:,.0f} bytes",
            f"{alone:,.0f}",
            f"{per_event / alone:.2f} ×",
            planned.row("event_writes_bytes").source.value,
        )
    table.notes += [
        f"{days} days on a virtual clock, {LIFE.sessions} sessions of {LIFE.events} events on a day on which a user "
        "comes; a fifth of the users comes on 95 % of the days, two fifths on 40 %, two fifths on 5 %, and a tenth "
        f"joins on the way. What is counted a day is the mean of the last {counted} days; sizes are those at the end.",
        f"Both stores are lived through the real store and scheduler: {small_run.seconds:,.0f} and "
        f"{lived.seconds:,.0f} s of real time. Retention is 28 days.",
        "A minute of the night is planned as the mean and was the fullest of all nights in the run; of so few users "
        "chance makes a good part of it.",
        "`from` is the weakest input: `assumed` where the small store could not tell one of them.",
        f"Processor time of the scheduler in the run, with its looks for triggers every 5 ms: "
        f"{lived.scheduler_seconds / lived.days:,.2f} s a day.",
    ]
    return table


def plan_from(store: Path, *, users: int, days: int) -> Sheet:
    """Return the plan that a store gives for more users."""
    config = lived_config(store)
    found = store_figures(store, idle_ms=int(config.session.idle_timeout_seconds * 1000))
    known = users_of(found, config)
    figures = figures_of(found, config) | {
        "days": Figure(days, Source.GIVEN, "--days"),
    }
    return make_plan(
        PlanInput(
            users=Figure(users, Source.GIVEN, "--users"),
            figures=figures,
            configured=configured(config),
            segments=segments_of(config, known.shares, known.active_days),
        )
    ).sheet


def actual_figures(store: Path, lived: Lived) -> dict[str, float]:
    """Return what came of a run, by the names of a plan."""
    sizes = {environment.name.removesuffix(".lmdb"): environment for environment in store_stats(store)}
    rows = {each.name: each for environment in sizes.values() for each in environment.databases}
    with tempfile.TemporaryDirectory() as folder:
        manifest = backup_store(store, Path(folder) / "backup")
        backup_bytes = sum(copy.bytes for copy in manifest.environments.values())
    actual: dict[str, float] = {
        "visits": lived.visits / lived.days,
        "sessions": lived.sessions / lived.days,
        "events": lived.events / lived.days,
        "reads": lived.reads / lived.days,
    }
    for segment, count in sorted(lived.refreshes.items()):
        if segment in ("new", "active", "semi_active", "dormant"):
            actual[f"{segment}.refreshes"] = count / lived.days
    return actual | {
        "refreshes": lived.refreshes.total() / lived.days,
        "written": lived.written / lived.days,
        "compute_seconds": lived.refresh_seconds / lived.days,
        "night_minute": lived.night_minute_max,
        "revisions": rows["profiles.revisions"].entries,
        "profiles_bytes": rows["profiles.profiles"].bytes + rows["profiles.forewords"].bytes,
        "revisions_bytes": rows["profiles.revisions"].bytes,
        "due_bytes": rows["profiles.watermarks"].bytes + rows["profiles.due"].bytes,
        "ledger_bytes": rows["profiles.ledger"].bytes,
        "profiles_file_bytes": sizes["profiles"].file_bytes,
        "events_kept": rows["activity.events"].entries,
        "ids_kept": rows["activity.applied"].entries,
        "events_bytes": rows["activity.events"].bytes,
        "ids_bytes": rows["activity.applied"].bytes,
        "users_bytes": rows["activity.users"].bytes,
        "activity_file_bytes": sizes["activity"].file_bytes,
        "disk_bytes": sum(environment.file_bytes for environment in sizes.values()),
        "backup_bytes": backup_bytes,
        "refresh_writes_bytes": lived.scheduler_bytes / lived.days,
    }


def alone_bytes(store: Path, users: int) -> float:
    """Return the bytes that one event costs which is recorded by itself."""
    writer = ActivityWriter(store, map_size_bytes=lived_config(store).store.activity_map_size_bytes)
    dice = random.Random(3)
    before = written_bytes()
    for number in range(_ALONE):
        event = Event(event_id=f"alone-{number:06d}", user_id=user_id(dice.randrange(users)), type="read")
        time_ms = START_MS + DAYS * DAY_MS
        event.time.FromMilliseconds(time_ms)
        row = NewEvent(
            keys.user_key(event.user_id), event.event_id, time_ms, event.SerializeToString(), False
        )
        with writer.begin() as txn:
            txn.record([row], time_ms)
    spent = written_bytes() - before
    writer.close()
    return spent / _ALONE


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=SMALL_USERS)
    parser.add_argument("--large", type=int, default=LARGE_USERS)
    parser.add_argument("--days", type=int, default=DAYS)
    given = parser.parse_args()
    print(run(given.small, given.large, given.days).markdown())
