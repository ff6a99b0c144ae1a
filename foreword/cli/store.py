"""`foreword store`: upkeep of the two LMDB environments."""

from __future__ import annotations

from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import click

from foreword.cli.output import bytes_text, note, print_json, table
from foreword.cli.progress import in_unit, progress
from foreword.cli.settings import Settings, shared_options
from foreword.clock import format_time_ms
from foreword.errors import StoreMissingError
from foreword.naming import escaped
from foreword.store.archive import ArchiveStats, archive_stats
from foreword.store.check import check_store
from foreword.store.files import ACTIVITY, PROFILES
from foreword.store.upkeep import (
    EnvironmentStats,
    backup_store,
    compact_store,
    compactable,
    restore_store,
    store_stats,
)

# Beyond these, a damaged store says the same thing over and over.
_PROBLEMS_SHOWN_MAX = 100
_NAMES = {"profiles": PROFILES, "activity": ACTIVITY}


@click.group("store")
@shared_options
def command() -> None:
    """Check, back up, restore, measure and compact the store."""


@command.command("check")
@click.argument("directory", required=False, type=click.Path(file_okay=False, path_type=Path))
@shared_options
@click.pass_obj
def check(settings: Settings, directory: Path | None) -> int:
    """Look through every row of the store.

    Or of the backup in DIRECTORY. Daemons may run meanwhile. Ends with exit code 1 when something is wrong.
    """
    place = directory or settings.directory
    archive = None if directory is not None else archive_stats(settings.archive_directory)
    faults = check_store(place, settings.archive_directory if directory is None else None)
    if archive is not None and find_spec("pyarrow") is None:
        note(f"The archive in {archive.directory} is not looked through: pip install 'foreword[archive]'")
    if settings.as_json:
        listed = [fault._asdict() for fault in faults]
        print_json({"directory": str(place), "sound": not listed, "problems": listed})
        return 1 if listed else 0
    count = 0
    for fault in faults:
        count += 1
        if count <= _PROBLEMS_SHOWN_MAX:
            click.echo(escaped(str(fault)))
    if count > _PROBLEMS_SHOWN_MAX:
        click.echo(f"… and {count - _PROBLEMS_SHOWN_MAX:,} more")
    click.echo(
        f"{count:,} problems in {place}; restore a backup, or `foreword refresh` the users"
        if count
        else f"{place} is sound"
    )
    return 1 if count else 0


@command.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@shared_options
@click.pass_obj
def backup(settings: Settings, target: Path) -> None:
    """Copy the store into the new folder TARGET.

    The copy is of one moment; daemons may run meanwhile.
    """
    with progress(as_json=settings.as_json) as show:
        manifest = backup_store(settings.directory, target, progress=in_unit(show, "rows"))
    archive = archive_stats(settings.archive_directory)
    if settings.as_json:
        left_out = {} if archive is None else {"archive_left_out": asdict(archive)}
        print_json({"target": str(target), **asdict(manifest), **left_out})
        return
    size = bytes_text(sum(copy.bytes for copy in manifest.environments.values()))
    click.echo(
        f"{target}: revision {manifest.revision}, {size}, the store of {format_time_ms(manifest.created_ms)}"
    )
    if archive is not None:
        note(f"Not in it: the archive, {_held(archive)}")


@command.command("restore")
@click.argument(
    "backup_folder", metavar="BACKUP", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--yes", is_flag=True, help="Do not ask before replacing a store.")
@shared_options
@click.pass_obj
def restore(settings: Settings, backup_folder: Path, yes: bool) -> None:
    """Check BACKUP, then put it in the store's place.

    Both daemons must be stopped. When it fails, the former store is put back.
    """
    exists = any((settings.directory / name).exists() for name in (PROFILES, ACTIVITY))
    if exists and not yes:
        if settings.as_json:
            raise click.UsageError("--json asks no questions; confirm with --yes")
        click.confirm(f"Replace the store in {settings.directory}?", abort=True, err=True)
    with progress(as_json=settings.as_json) as show:
        manifest = restore_store(backup_folder, settings.directory, progress=in_unit(show, "bytes"))
    if settings.as_json:
        print_json({"directory": str(settings.directory), **asdict(manifest)})
    else:
        made = format_time_ms(manifest.created_ms)
        click.echo(f"{settings.directory} is now the store of {made}, revision {manifest.revision}")
        archive = archive_stats(settings.archive_directory)
        if archive is not None:
            note(f"As it was: the archive, {_held(archive)}. Events archived since the backup stand in it")


@command.command("stats")
@shared_options
@click.pass_obj
def stats(settings: Settings) -> None:
    """Print sizes, free space and readers of both environments, and what the archive holds."""
    found = store_stats(settings.directory)
    if not found:
        raise StoreMissingError(
            f"no store at {settings.directory}", hint="start the daemons once, or see --config"
        )
    archive = archive_stats(settings.archive_directory)
    if settings.as_json:
        held = [] if archive is None else [{"name": "archive", **asdict(archive)}]
        print_json([asdict(environment) for environment in found] + held)
        return
    blocks = [_shown(environment) for environment in found]
    if archive is not None:
        blocks.append(f"{click.style('archive', bold=True)}\n  {_held(archive)}")
    click.echo("\n\n".join(blocks))


@command.command("compact")
@click.argument("which", required=False, type=click.Choice(list(_NAMES)), metavar="[profiles|activity]")
@shared_options
@click.pass_obj
def compact(settings: Settings, which: str | None) -> None:
    """Rewrite the environments without free space.

    Erased bytes are then gone for good. The daemon that writes one must be stopped: the scheduler writes the
    profiles, the sidecar the activity.
    """
    with progress(as_json=settings.as_json) as show:
        names = [_NAMES[which]] if which else compactable(settings.directory)
        results = [compact_store(settings.directory, name, progress=in_unit(show, "rows")) for name in names]
    if settings.as_json:
        print_json([asdict(result) for result in results])
        return
    for result in results:
        click.echo(
            f"{result.name}: {bytes_text(result.before_bytes)} before, {bytes_text(result.after_bytes)} now"
        )


def _held(archive: ArchiveStats) -> str:
    days = f", {archive.first_day} to {archive.last_day}" if archive.files else ""
    return f"{archive.files:,} files, {bytes_text(archive.bytes)}{days}, in {archive.directory}"


def _oldest(environment: EnvironmentStats) -> str:
    if not environment.oldest_reader_pid:
        return ""
    kept = bytes_text(environment.oldest_reader_pages * environment.page_bytes)
    return (
        f"; process {environment.oldest_reader_pid} holds the oldest view, "
        f"{environment.oldest_reader_lag:,} transactions behind, {kept} wait for it"
    )


def _shown(environment: EnvironmentStats) -> str:
    facts = [
        ("file", f"{bytes_text(environment.file_bytes)}, {bytes_text(environment.disk_bytes)} of it on disk"),
        ("map", f"{environment.map_bytes / (1 << 30):,.1f} GiB, {environment.used_share:.2%} used"),
        ("free", f"{bytes_text(environment.free_pages * environment.page_bytes)} inside the file"),
        (
            "readers",
            f"{environment.readers:,} of {environment.readers_max:,}{_oldest(environment)}",
        ),
        ("transaction", f"{environment.transaction:,}"),
    ]
    rows = [
        (database.name, database.entries, bytes_text(database.bytes)) for database in environment.databases
    ]
    return "\n".join(
        [
            click.style(environment.name, bold=True),
            table(facts, indent="  "),
            table(rows, heading=("database", "rows", "size"), indent="  "),
        ]
    )
