"""`foreword config`: what is configured, and whether it can be."""

from __future__ import annotations

from pathlib import Path

import click

from foreword import config as configuration
from foreword.cli import toml
from foreword.cli.output import print_json
from foreword.cli.settings import Settings, shared_options


@click.group("config")
@shared_options
def command() -> None:
    """Check, show and describe the configuration."""


@command.command("check")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@shared_options
@click.pass_obj
def check(settings: Settings, file: Path | None) -> None:
    """Say whether FILE can be used.

    Default: the file the daemons would read. Environment overrides count, as they do for the daemons.
    """
    chosen = configuration.resolve_file(file or settings.config_file)
    configuration.load(chosen)
    if settings.as_json:
        print_json({"file": str(chosen) if chosen else None, "ok": True})
    else:
        click.echo(f"{chosen} is good" if chosen else "No file; the defaults are in force")


@command.command("show")
@shared_options
@click.pass_obj
def show(settings: Settings) -> None:
    """Print the configuration in force as TOML.

    File, environment and defaults together.
    """
    values = settings.config.model_dump(mode="json")
    if settings.as_json:
        print_json(values)
        return
    source = configuration.resolve_file(settings.config_file)
    click.echo(f"# {source or 'No file; the defaults'}, with environment overrides\n")
    click.echo(toml.dump(values), nl=False)


@command.command("schema")
@shared_options
def schema() -> None:
    """Print the JSON schema of the file."""
    print_json(configuration.Config.model_json_schema())
