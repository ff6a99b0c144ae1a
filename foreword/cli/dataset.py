"""`foreword dataset`: the profile set as one file, from store to store."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click

from foreword.cli.connection import connect_to
from foreword.cli.output import bytes_text, note, print_json, table
from foreword.cli.progress import in_unit, progress
from foreword.cli.settings import Settings, proof_options, shared_options
from foreword.clock import format_time_ms
from foreword.naming import escaped
from foreword.store.dataset import (
    DatasetManifest,
    DatasetRules,
    Versions,
    make_dataset,
    objections,
    read_dataset,
)
from foreword.store.replica import Replica
from foreword.v1.profile_service_pb2 import WatchPhase

_RULES = DatasetRules()
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("dataset")
@shared_options
def command() -> None:
    """Take the profile set to other machines: snapshot, judge, install, roll back."""


@command.command("snapshot")
@click.argument("file", type=click.Path(path_type=Path))
@shared_options
@click.pass_obj
def snapshot(settings: Settings, file: Path) -> None:
    """Write all profiles, as they are at one moment, into the new FILE.

    Daemons may run meanwhile. A name that ends in .gz is compressed.
    """
    with progress(as_json=settings.as_json) as show:
        manifest = make_dataset(settings.directory, file, progress=in_unit(show, "rows"))
    _say(settings, _as_dict(manifest), f"{file}, {bytes_text(file.stat().st_size)}: {_described(manifest)}")


def _rules(function: click.decorators.FC) -> click.decorators.FC:
    for name, value, what in (
        ("--default-change", _RULES.default_change, "By how much the share of default profiles may grow."),
        ("--size-change", _RULES.size_change, "Share by which a user's mean bytes may change."),
        ("--count-change", _RULES.count_change, "Share by which the number of users may change."),
    ):
        function = click.option(name, type=float, default=value, show_default=True, help=what)(function)
    return function


@command.command("check")
@click.argument("file", type=_FILE)
@_rules
@shared_options
@click.pass_obj
def check(
    settings: Settings, file: Path, count_change: float, size_change: float, default_change: float
) -> int:
    """Judge FILE by its figures beside those in force.

    Nothing is changed. Ends with exit code 1 when it would not be put in force. Damage is looked for by `install`.
    """
    manifest = read_dataset(file)
    with progress(as_json=settings.as_json) as show:
        present = Versions(settings.directory).figures(in_unit(show, "users"))
    found = list(
        objections(manifest.figures, present, DatasetRules(count_change, size_change, default_change))
    )
    if settings.as_json:
        print_json(
            {
                "dataset": _as_dict(manifest),
                "in_force": None if present is None else asdict(present),
                "objections": found,
            }
        )
        return 1 if found else 0
    click.echo(_described(manifest))
    for objection in found:
        click.echo(f"  {objection}")
    click.echo("it would not be put in force" if found else "it may be put in force")
    return 1 if found else 0


@command.command("install")
@click.argument("file", type=_FILE)
@_rules
@click.option("--force", is_flag=True, help="Put it in force whatever is said against its figures.")
@click.option(
    "--keep",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Datasets to keep; older ones are removed.",
)
@shared_options
@click.pass_obj
def install(
    settings: Settings,
    file: Path,
    *,
    count_change: float,
    size_change: float,
    default_change: float,
    force: bool,
    keep: int,
) -> None:
    """Look through FILE, judge it, and put it in force.

    The sidecar goes on answering and follows within a second; a scheduler on this store must be stopped. What was in
    force is kept, and `foreword dataset use` returns to it.
    """
    versions = Versions(settings.directory)
    with progress(as_json=settings.as_json) as show:
        installed = versions.install(
            file,
            DatasetRules(count_change, size_change, default_change),
            is_forced=force,
            progress=in_unit(show, "done"),
        )
    removed = versions.prune(keep)
    for objection in installed.objections:
        note(f"Overruled: {objection}")
    if settings.as_json:
        print_json(
            {"dataset": _as_dict(installed.manifest), "in_force": installed.is_in_force, "removed": removed}
        )
    elif installed.is_in_force:
        click.echo(f"{_described(installed.manifest)} is in force")
    else:
        click.echo(
            f"{_described(installed.manifest)} is kept; {versions.pinned} is pinned and stays in force"
        )


@command.command("list")
@shared_options
@click.pass_obj
def listed(settings: Settings) -> None:
    """List the datasets that are kept, the newest first."""
    kept = Versions(settings.directory).kept()
    if settings.as_json:
        print_json(
            [{**_as_dict(one.manifest), "in_force": one.is_in_force, "pinned": one.is_pinned} for one in kept]
        )
        return
    if not kept:
        click.echo(f"no dataset is kept in {settings.directory}")
        return
    rows = [
        (
            one.manifest.name,
            format_time_ms(one.manifest.created_ms),
            f"{one.manifest.figures.users:,}",
            bytes_text(one.manifest.profiles.bytes),
            ", ".join(
                what for what, holds in (("in force", one.is_in_force), ("pinned", one.is_pinned)) if holds
            ),
        )
        for one in kept
    ]
    click.echo(table(rows, heading=("dataset", "made", "users", "size", "")))


@command.command("use")
@click.argument("name", required=False, default="")
@shared_options
@click.pass_obj
def use(settings: Settings, name: str) -> None:
    """Put the kept dataset NAME in force; without a name the one that was in force before.

    The sidecar goes on answering; a scheduler on this store must be stopped.
    """
    with progress(as_json=settings.as_json) as show:
        manifest = Versions(settings.directory).use(name, in_unit(show, "done"))
    _say(settings, _as_dict(manifest), f"{_described(manifest)} is in force")


@command.command("pin")
@click.argument("name")
@shared_options
@click.pass_obj
def pin(settings: Settings, name: str) -> None:
    """Keep the dataset NAME in force whatever is installed."""
    Versions(settings.directory).pin(name)
    _say(settings, {"pinned": name}, f"{escaped(name)} is pinned")


@command.command("unpin")
@shared_options
@click.pass_obj
def unpin(settings: Settings) -> None:
    """Let the next dataset that is installed be put in force."""
    Versions(settings.directory).pin("")
    _say(settings, {"pinned": ""}, "nothing is pinned")


@command.command("follow")
@click.argument("address")
@click.option("--caught-up", "ends", is_flag=True, help="End once nothing is left to take over.")
@proof_options
@click.pass_obj
def follow(settings: Settings, address: str, *, ends: bool) -> None:
    """Keep this store's profiles as those that the sidecar at ADDRESS serves, until interrupted.

    All namespaces. It goes on behind the dataset in force or where it stopped, and begins with all profiles when the
    origin cannot tell what was missed. A scheduler on this store must be stopped; the sidecar serves what comes in.
    """
    store = settings.config.store
    replica = Replica(
        settings.directory, map_size_bytes=store.profiles_map_size_bytes, revisions_max=store.revisions_max
    )
    with (
        closing(replica),
        connect_to(settings, address) as client,
        progress(as_json=settings.as_json) as show,
    ):
        taken = silent = 0
        for message in client.watch(all_namespaces=True, resume_token=replica.resume_token):
            taken += replica.take(message)
            show(address, taken, 0, "changes")
            # The first without changes says that the watch has begun, the second that nothing has come since.
            silent += message.phase == WatchPhase.WATCH_PHASE_LIVE and not message.changes
            if ends and silent == 2:
                break
    _say(settings, {"changes": taken}, f"{taken:,} changes taken over from {escaped(address)}")


def _say(settings: Settings, facts: dict[str, object], said: str) -> None:
    if settings.as_json:
        print_json(facts)
    else:
        click.echo(said)


def _as_dict(manifest: DatasetManifest) -> dict[str, object]:
    return {"name": manifest.name, **asdict(manifest)}


def _described(manifest: DatasetManifest) -> str:
    figures = manifest.figures
    return (
        f"{manifest.name}, {figures.users:,} users, {figures.defaults:,} of them with a default profile, "
        f"{figures.mean_bytes:,.0f} bytes a user"
    )
