"""`foreword rank models`, `train` and `rollback`: the global models, and which of them is in force."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from foreword.cli.output import note, print_json, table
from foreword.cli.progress import progress
from foreword.cli.settings import Settings, shared_options
from foreword.clock import format_time_ms
from foreword.errors import MissingExtraError

if TYPE_CHECKING:
    from ranking.model_folder import Listed, ModelFolder

_EXTRA = "ranking"
_HELD_BACK = "nightly trainings go on, but what they make is held back until `foreword rank train`"


@click.command("models")
@shared_options
@click.pass_obj
def models(settings: Settings) -> None:
    """List the global models: how well each foretold, what it was compared with, and which is in force."""
    folder = models_folder(settings)
    listed = list(folder.listed())
    current = folder.current()
    if settings.as_json:
        shown = [_shown(each) for each in listed]
        print_json({"serving": current, "held_back": folder.is_held_back(), "models": shown})
        return
    if not listed:
        click.echo("no global model yet: users are told apart by what they say themselves (version 0)")
        note("the scheduler trains one each night, and `foreword rank train` does now")
        return
    heading = ("model", "at", "examples", "loss", "then in force", "its loss", "state")
    click.echo(table([_row(each) for each in listed], heading=heading))
    if not current:
        click.echo("in force is version 0, which knows nothing but what each user says")
    if folder.is_held_back():
        click.echo(_HELD_BACK)


@click.command("train")
@click.option("--dry-run", is_flag=True, help="Train and compare, and put nothing in force.")
@shared_options
@click.pass_obj
def train(settings: Settings, *, dry_run: bool) -> None:
    """Train a global model from the store's events now; it is refused if it foretells worse than the one in force.

    The sidecar takes it over within five seconds, without a failed call. What each user said stays theirs: their own
    parameters are made anew for it from their events.
    """
    folder = models_folder(settings)
    from foreword.store import ActivityReader
    from ranking.model_folder import By
    from ranking.trainer import train_store

    with closing(ActivityReader(settings.directory)) as reader, progress(as_json=settings.as_json) as show:
        trained = train_store(
            reader,
            folder,
            settings.config.ranking,
            now_ms=time.time_ns() // 1_000_000,
            by=By.OPERATOR,
            on_progress=lambda step, done, total: show(step, done, total, ""),
            is_dry_run=dry_run,
        )
    if settings.as_json:
        print_json(asdict(trained))
        return
    simulated = f", and {trained.synthetic_count:,} simulated" if trained.synthetic_count else ""
    click.echo(f"{trained.example_count:,} examples{simulated}")
    named = f"model {trained.entry.number}: " if trained.entry is not None else ""
    click.echo(f"{named}{trained.why}{' (dry run: nothing was changed)' if dry_run else ''}")


@click.command("rollback")
@click.argument("number", type=click.IntRange(min=0), required=False)
@shared_options
@click.pass_obj
def rollback(settings: Settings, *, number: int | None) -> None:
    """Go back to global model NUMBER, or to the one before the one in force; 0 is the one that knows nothing.

    Nightly trainings go on, but put no model in force until you run `foreword rank train`.
    """
    folder = models_folder(settings)
    with folder.locked():
        now = folder.roll_back(number, time.time_ns() // 1_000_000)
    if settings.as_json:
        print_json({"serving": now})
    else:
        click.echo(f"model {now} is in force; a running sidecar follows within five seconds")
        click.echo(_HELD_BACK)


def models_folder(settings: Settings) -> ModelFolder:
    """Return the folder of global models.

    Raises:
        MissingExtraError: The extra `ranking` is not installed.
    """
    with needed("what trains models"):
        from ranking.model_folder import ModelFolder
        from ranking.trainer import models_directory
    return ModelFolder(models_directory(settings.directory))


@contextmanager
def needed(what: str) -> Iterator[None]:
    """Say which extra an import needs.

    Args:
        what: What is imported, for the message.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as exc:
        raise MissingExtraError(what, _EXTRA) from exc


def _row(listed: Listed) -> tuple[object, ...]:
    entry = listed.entry
    if entry is None:
        return listed.number, "", "", "", "", "", listed.state
    compared = bool(entry.held_out)
    return (
        listed.number,
        format_time_ms(entry.at_ms),
        entry.examples or "",
        f"{entry.logloss:.4f}" if compared else "",
        entry.serving_number if compared else "",
        f"{entry.serving_logloss:.4f}" if compared else "",
        listed.state,
    )


def _shown(listed: Listed) -> dict[str, Any]:
    entry = asdict(listed.entry) if listed.entry is not None else {}
    return {**entry, "number": listed.number, "state": listed.state}
