"""`foreword cadence simulate`: what a configuration would do to real activity, before it does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from hashlib import blake2b
from heapq import nsmallest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from foreword.cli.output import note, print_json, table
from foreword.cli.progress import progress
from foreword.cli.settings import Settings, output_options
from foreword.errors import FieldError, ForewordError
from foreword.v1.freshness_pb2 import Freshness

if TYPE_CHECKING:
    from foreword.config import Config
    from foreword.keys import UserKey
    from foreword.store import ActivityReader
    from foreword.v1.event_pb2 import Event
    from scheduler.simulation import CallPrice, Figures, SegmentFigures

# What a refresh took on the small model: the mean prompt and answer of docs/decisions/0024-asking-a-model.md, rounded.
_CALL_TOKENS = (1500, 400)
_MICRO_USD = 1_000_000
_FRESHNESS = {
    "fresh": Freshness.FRESHNESS_FRESH,
    "stale": Freshness.FRESHNESS_STALE,
    "expired": Freshness.FRESHNESS_EXPIRED,
    "default": Freshness.FRESHNESS_DEFAULT,
}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Run(NamedTuple):
    """A configuration and what it did."""

    label: str
    figures: Figures


@click.command("simulate")
@click.option(
    "--config",
    "files",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="A configuration; may be given again.",
)
@click.option(
    "--events",
    "events",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="JSON lines of events, gzip by suffix.",
)
@click.argument("more", nargs=-1, type=_FILE, metavar="[FILE]...")
@click.option(
    "--store",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Take the events from a store instead; its daemons may run.",
)
@click.option(
    "--users",
    "users_max",
    type=click.IntRange(1),
    metavar="NUMBER",
    help="With --store: at most so many of its users who have events, drawn by their ids, the same ones each time.",
)
@click.option(
    "--vary",
    metavar="KEY=V1,V2,...",
    help="Run once for each value of one key, as in segments.semi_active.every_days=1,2,3,7.",
)
@click.option(
    "--price",
    type=click.FloatRange(0),
    metavar="USD",
    help="Of one call to a model; default: agent.prices for 1,500 tokens in and 400 out.",
)
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw cost against freshness here, as .svg or .png (extra `plots`).",
)
@output_options
@click.pass_obj
def command(
    settings: Settings,
    *,
    files: tuple[Path, ...],
    events: tuple[Path, ...],
    more: tuple[Path, ...],
    store: Path | None,
    users_max: int | None,
    vary: str | None,
    price: float | None,
    picture: Path | None,
) -> None:
    """Replay real activity under configurations: refreshes, cost, freshness at open.

    The scheduler's own rules on a clock that jumps from one event to the next. A session counts as one open, just
    before its first event; refreshes take no time, and models and disks never fail. What a language model would be
    asked is counted by the configuration; with --price also where it asks none.
    """
    from scheduler.simulation import simulate, trace

    if picture is not None:
        from foreword.cli.picture import check_picture

        check_picture(picture)
    configs = list(_configs(settings, files, vary))
    found = _events((*events, *more), store, users_max)
    if not found and store is not None:
        hint = "consumed events go after store.retention_days; give --events FILE of what was kept elsewhere"
        raise ForewordError("the store keeps no event to replay", hint=hint)
    if not found:
        raise ForewordError("there is no event to replay", hint="give --events FILE or --store FOLDER")
    runs = []
    with progress(as_json=settings.as_json) as show:
        for place, (label, config) in enumerate(configs):
            show("simulating", place, len(configs), "runs")
            if config.scheduler.policy == "optimal":
                hint = "foreword evaluate cadence compares it with cadences at equal cost"
                raise FieldError("scheduler.policy", "'optimal'", "'segments' here", hint=hint)
            asking = _asking(config) if price is not None else config
            moments = trace(found, int(config.session.idle_timeout_seconds * 1000))
            runs.append(Run(label, simulate(moments, asking, _price(asking, price))))
        show("simulating", len(configs), len(configs), "runs")
    if picture is not None:
        from foreword.cli.picture import draw

        draw(picture, [(run.label, run.figures.total(), run.figures.days) for run in runs])
    if settings.as_json:
        print_json({"configurations": [_json(run) for run in runs]})
    else:
        for line in _lines(runs):
            click.echo(line)
        if picture is not None:
            note(f"Drawn: {picture}")


# -- what goes in -----------------------------------------------------------------------------------------------------


def _configs(settings: Settings, files: Sequence[Path], vary: str | None) -> Iterator[tuple[str, Config]]:
    from foreword.config_file import ConfigFile

    sources = [ConfigFile.find(file) for file in files] or [settings.config_source]
    if vary is None:
        for source in sources:
            yield str(source) if source.signature() else "defaults", source.read()
        return
    key, separator, values = vary.partition("=")
    if not separator or not values or "." not in key:
        raise FieldError(
            "--vary", repr(vary), "a key and values, as in segments.semi_active.every_days=1,2,3"
        )
    variable = f"FOREWORD_{key.upper().replace('.', '__')}"
    for value in values.split(","):
        # As the daemons would take it from their environment, so that what is wrong is said likewise.
        yield (
            f"{key.rpartition('.')[2]} {value.strip()}",
            sources[0].read(dict(os.environ) | {variable: value}),
        )


def _events(files: Sequence[Path], store: Path | None, users_max: int | None) -> list[Event]:
    if store is not None and files:
        raise FieldError("--store", "--events as well", "one of them")
    if store is None and users_max is not None:
        raise FieldError("--users", str(users_max), "only with --store; a file is taken whole")
    return _from_store(store, users_max) if store is not None else _from_files(files)


def _from_files(files: Sequence[Path]) -> list[Event]:
    from foreword.importers.json_lines import JsonLines

    found = []
    for file in files:
        for row in JsonLines(file).rows():
            if row.event is None:
                raise ForewordError(f"{file} line {row.number}: {row.refusal}", hint="mend the line")
            found.append(row.event)
    return found


def _from_store(folder: Path, users_max: int | None) -> list[Event]:
    from foreword.store import ActivityReader

    with closing(ActivityReader(folder)) as activity:
        users = _every_user(activity)
        if users_max is not None:
            # By a digest, for the first ones in the order of keys are those with the shortest ids.
            # Nor any whose events are too old to be kept: they would take the place of those that can be replayed.
            users = (user for user in users if activity.oldest_event_ms(user) is not None)
            users = iter(nsmallest(users_max, users, key=lambda user: blake2b(user, digest_size=8).digest()))
        return [event for user in users for event in activity.every_event(user)]


def _every_user(activity: ActivityReader) -> Iterator[UserKey]:
    after = b""
    while users := activity.users(after, 200):
        yield from (user for user, _ in users)
        after = users[-1][0]


def _asking(config: Config) -> Config:
    """Return a configuration that asks a model where it now asks none."""
    if config.agent.provider != "extractive":
        return config
    return config.model_copy(update={"agent": config.agent.model_copy(update={"provider": "anthropic"})})


def _price(config: Config, usd: float | None) -> CallPrice:
    from scheduler.simulation import CallPrice

    price = config.agent.prices[config.agent.model]
    read, written = _CALL_TOKENS
    single = Fraction(read) * Fraction(price.input) + Fraction(written) * Fraction(price.output)
    if usd is not None:
        single = Fraction(usd) * _MICRO_USD
    return CallPrice(single, single * Fraction(price.batch_share))


# -- what comes out ---------------------------------------------------------------------------------------------------

_HEADING = (
    "segment", "users", "refreshes/day", "calls/day", "USD/day", "opens/day", "fresh %", "stale %", "expired %",
    "default %", "age h p50", "p95", "p99", "breaches",
)  # fmt: skip


def _lines(runs: Sequence[Run]) -> Iterator[str]:
    for run in runs:
        figures = run.figures
        yield f"{run.label}: {figures.days:,.0f} days, at most {figures.peak_per_minute:,} refreshes in a minute"
        rows = [
            _row(name.replace("_", "-"), one, figures.days)
            for name, one in figures.segments.items()
            if one.user_count or one.open_count
        ]
        yield table([*rows, _row("all", figures.total(), figures.days)], heading=_HEADING)
        yield ""
    if len(runs) > 1:
        yield "All segments, side by side"
        rows = [_row(run.label, run.figures.total(), run.figures.days) for run in runs]
        yield table(rows, heading=("configuration", *_HEADING[1:]))


def _row(name: str, one: SegmentFigures, days: float) -> tuple[object, ...]:
    return (
        name,
        one.user_count,
        f"{one.refresh_count / days:.2f}",
        f"{one.calls.total() / days:.2f}",
        f"{float(one.cost_micro_usd) / _MICRO_USD / days:.6f}",
        f"{one.open_count / days:.2f}",
        *(f"{100 * one.share(freshness):.1f}" for freshness in _FRESHNESS.values()),
        *(_hours(one.age_hours(percentile)) for percentile in (50, 95, 99)),
        one.breach_count,
    )


def _hours(hours: float | None) -> str:
    return "" if hours is None else f"{hours:.1f}"


def _json(run: Run) -> dict[str, Any]:
    figures = run.figures
    return {
        "label": run.label,
        "days": figures.days,
        "peak_refreshes_per_minute": figures.peak_per_minute,
        "segments": {name: _sums(one, figures.days) for name, one in figures.segments.items()},
        "all": _sums(figures.total(), figures.days),
    }


def _sums(one: SegmentFigures, days: float) -> dict[str, Any]:
    from foreword.v1.refresh_pb2 import RefreshOutcome

    outcomes = {
        RefreshOutcome.Name(number).removeprefix("REFRESH_OUTCOME_").lower(): count
        for number, count in sorted(one.outcomes.items())
    }
    return {
        "users": one.user_count,
        "refreshes": one.refresh_count,
        "refreshes_per_day": one.refresh_count / days,
        "outcomes": outcomes,
        "calls": one.calls.total(),
        "batched_calls": one.calls[True],
        "cost_micro_usd": round(one.cost_micro_usd),
        "cost_micro_usd_per_day": float(one.cost_micro_usd) / days,
        "opens": one.open_count,
        **{name: one.share(freshness) for name, freshness in _FRESHNESS.items()},
        **{f"age_hours_p{percentile}": one.age_hours(percentile) for percentile in (50, 95, 99)},
        "breaches": one.breach_count,
    }
