"""`foreword plan`: how large it gets, what it costs, and how many hosts it takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import click

from foreword.cli.output import note, print_json, table
from foreword.cli.plan_figures import figures_of, users_of
from foreword.cli.plan_measure import measure
from foreword.cli.settings import Settings, shared_options
from foreword.errors import FieldError, StoreMissingError
from foreword.planning import (
    KNOWN,
    Figure,
    Plan,
    PlanInput,
    Quantity,
    Sheet,
    Source,
    checked,
    configured,
    make_plan,
    number_text,
    segment_names,
    segments_of,
)
from foreword.store.upkeep import StoreFigures, store_figures

_USERS_MAX = 1e11
_BYTES_MAX = 1e15
# What an option says of which figure.
_OPTIONS = {
    "days": "How many days the store has been in use by then.",
    "sessions_per_day": "Sessions of a user on a day on which they come.",
    "events_per_session": "Events of a session.",
    "reads_per_session": "Profiles and forewords read in a session.",
    "peak_factor": "The busiest hour, as a multiple of the mean one.",
}
_UNITS = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


class Number(click.ParamType[float]):
    """A number as people write large ones: 10e6, 2_500, 0.5."""

    name = "number"

    def __init__(self, least: float, most: float, *, is_whole: bool = False) -> None:
        self._least, self._most, self._is_whole = least, most, is_whole

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; one that is none, or out of range, is refused."""
        if isinstance(value, float):
            return value
        kind = "a whole number" if self._is_whole else "a number"
        allowed = f"{kind} such as 10e6, {self._least:g} to {self._most:g}"
        try:
            number = float(value)
        except ValueError:
            self.fail(f"found {value!r}; allowed: {allowed}", param, ctx)
        # Not a number is neither above nor below anything.
        if not self._least <= number <= self._most or (self._is_whole and number != int(number)):
            self.fail(f"found {value!r}; allowed: {allowed}", param, ctx)
        return number


def _pairs(least: float, most: float) -> Callable[[click.Context, click.Parameter, Any], dict[str, float]]:
    """Return a callback that reads NAME=NUMBER, each name once."""
    number = Number(least, most)

    def callback(
        context: click.Context, parameter: click.Parameter, given: Sequence[str]
    ) -> dict[str, float]:
        found: dict[str, float] = {}
        for text in given:
            name, sign, value = text.partition("=")
            if not sign or not name or name in found:
                raise click.BadParameter(f"found {text!r}; allowed: NAME=NUMBER, each name once")
            found[name] = number.convert(value, parameter, context)
        return found

    return callback


def _use_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each figure of the use that is often asked about."""
    for name, text in reversed(_OPTIONS.items()):
        known = KNOWN[name]
        command = click.option(
            f"--{name.replace('_', '-')}",
            name,
            type=Number(known.least, known.most),
            metavar="NUMBER",
            help=text,
        )(command)
    return command


@click.command("plan")
@click.option(
    "--users",
    type=Number(1, _USERS_MAX, is_whole=True),
    metavar="NUMBER",
    help="How many users, such as 10e6; as many as the store has when left out.",
)
@_use_options
@click.option(
    "--share",
    "shares",
    multiple=True,
    metavar="SEGMENT=SHARE",
    callback=_pairs(0, 1),
    help="Share of all users in a segment, such as active=0.2; may be given again. The others keep their proportions.",
)
@click.option(
    "--active-days",
    multiple=True,
    metavar="SEGMENT=DAYS",
    callback=_pairs(0, 7),
    help="Days a week on which a user of a segment comes; may be given again.",
)
@click.option(
    "--set",
    "others",
    multiple=True,
    metavar="NAME=NUMBER",
    callback=_pairs(0, 1e15),
    help="Any other figure, by its name in --json, such as written_ms=3; may be given again.",
)
@click.option(
    "--host-memory-bytes", type=Number(1 << 20, _BYTES_MAX), metavar="NUMBER", help="Memory of one host."
)
@click.option(
    "--host-disk-bytes", type=Number(1 << 20, _BYTES_MAX), metavar="NUMBER", help="Disk of one host."
)
@click.option(
    "--measure",
    "measures",
    is_flag=True,
    help="Measure reads and events a second on this machine, some seconds.",
)
@shared_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    users: float | None,
    shares: dict[str, float],
    active_days: dict[str, float],
    others: dict[str, float],
    host_memory_bytes: float | None,
    host_disk_bytes: float | None,
    measures: bool,
    **use: float | None,
) -> None:
    """Plan storage, memory, refreshes, model cost and hosts.

    From the configuration in force and from what this store has measured: bytes of its rows, times of its refreshes,
    tokens of its questions, how its users come. What it cannot tell is assumed and marked so; each line shows its
    formula with the numbers in it. Daemons may run meanwhile.
    """
    config = settings.config
    found = _found(settings, config.session.idle_timeout_seconds)
    known = users_of(found, config)
    names = segment_names(config)
    _refuse_unknown("--share", shares, names)
    _refuse_unknown("--active-days", active_days, names)
    _refuse_unknown("--set", others, tuple(KNOWN))
    figures = figures_of(found, config)
    if measures:
        figures |= measure()
    for name, value in others.items():
        figures[name] = Figure(_checked(name, value), Source.GIVEN, "--set")
    for name, given in use.items():
        if given is not None:
            figures[name] = Figure(given, Source.GIVEN, f"--{name.replace('_', '-')}")
    days = known.active_days | {
        name: Figure(value, Source.GIVEN, "--active-days") for name, value in active_days.items()
    }
    plan = make_plan(
        PlanInput(
            users=_users(users, found),
            figures=figures,
            configured=configured(config),
            segments=segments_of(config, _shares(known.shares, shares), days),
            host_memory_bytes=host_memory_bytes,
            host_disk_bytes=host_disk_bytes,
        )
    )
    if settings.as_json:
        print_json(_as_json(plan))
    else:
        _print(plan)


def _found(settings: Settings, idle_seconds: float) -> StoreFigures | None:
    try:
        return store_figures(settings.config.store.directory, idle_ms=int(idle_seconds * 1000))
    except StoreMissingError:
        note(f"No store at {settings.config.store.directory}: all of it is assumed or given")
        return None


def _users(given: float | None, found: StoreFigures | None) -> Figure:
    if given is not None:
        return Figure(given, Source.GIVEN, "--users")
    if found is None or not found.users:
        raise click.UsageError("the store has no users to go by; say how many with --users")
    return Figure(found.users, Source.MEASURED, "users of the store")


def _refuse_unknown(option: str, given: Mapping[str, float], names: Sequence[str]) -> None:
    for name in given:
        if name not in names:
            raise click.UsageError(f"{option}: found {name!r}; allowed: {', '.join(names)}")


def _checked(name: str, value: float) -> float:
    try:
        return checked(f"--set {name}", name, value)
    except FieldError as exc:
        raise click.UsageError(exc.message) from exc


def _shares(known: Mapping[str, Figure], given: Mapping[str, float]) -> dict[str, Figure]:
    """Return shares that add up to one: those given, and the others in the proportions that are known."""
    left = 1 - sum(given.values())
    rest = sum(figure.value for name, figure in known.items() if name not in given)
    if left < -1e-9:
        raise click.UsageError(f"--share: found {sum(given.values()):g} in all; allowed: at most 1")
    if not rest and left > 1e-9:
        raise click.UsageError(
            f"--share: found {sum(given.values()):g} in all; allowed: 1 when no other is left"
        )
    return {
        name: Figure(given[name], Source.GIVEN, "--share")
        if name in given
        else figure._replace(value=max(0.0, left) * figure.value / rest if rest else 0.0)
        for name, figure in known.items()
    }


# -- showing --------------------------------------------------------------------------------------------------


def _print(plan: Plan) -> None:
    for section, rows in groupby(plan.sheet, key=lambda row: row.section):
        lines = [(row.label, _amount(row), row.source.value, _how(plan.sheet, row)) for row in rows]
        click.echo(click.style(section, bold=True))
        click.echo(table(lines, indent="  "))
        click.echo()
    if plan.findings:
        click.echo(click.style("What does not fit", bold=True))
        for finding in plan.findings:
            click.echo(f"  {finding}")
    else:
        click.echo("All of it fits one host and the configuration in force")


def _how(sheet: Sheet, row: Quantity) -> str:
    return f"= {sheet.filled(row)}" if row.formula else row.note


def _amount(row: Quantity) -> str:
    """Return a value with its unit, sizes in binary multiples."""
    if row.unit == "of 1":
        return f"{number_text(100 * row.value)} %"
    unit, _, rest = row.unit.partition(" ")
    if unit == "bytes":
        for size, name in _UNITS:
            if abs(row.value) >= 10 * size or (size == 1 << 10 and abs(row.value) >= 10_000):
                return f"{row.value / size:,.1f} {name} {rest}".rstrip()
    return f"{number_text(row.value)} {unit.removesuffix('s') if row.value == 1 else unit} {rest}".rstrip()


def _as_json(plan: Plan) -> dict[str, object]:
    return {
        "quantities": [
            {
                "name": row.name,
                "label": row.label,
                "section": row.section,
                # A number that JSON has; all of these are finite.
                "value": row.value
                if not math.isfinite(row.value) or row.value != int(row.value)
                else int(row.value),
                "unit": row.unit,
                "formula": row.formula,
                "filled": plan.sheet.filled(row),
                "inputs": {name: plan.sheet[name] for name in row.inputs},
                "source": row.source.value,
                "note": row.note,
            }
            for row in plan.sheet
        ],
        "findings": list(plan.findings),
    }
