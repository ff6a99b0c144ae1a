"""`foreword config`: what is configured, and whether it can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foreword.cli.output import print_json
from foreword.cli.settings import Settings, shared_options
from foreword.config import Config
from foreword.config_check import KeyPath
from foreword.config_file import ConfigFile
from foreword.errors import ForewordError

if TYPE_CHECKING:
    from tomlkit.items import Table


DEFAULT = "default"


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
    from scheduler.agent.product import load_product_schema
    from scheduler.agent.summary_embedding import check_embedding

    source = ConfigFile.find(file) if file else settings.config_source
    agent = source.read().agent
    load_product_schema(agent.product)
    check_embedding(agent.embedding)
    is_there = source.signature() is not None
    if settings.as_json:
        print_json({"file": str(source) if is_there else None, "ok": True})
    else:
        click.echo(f"{source} is good" if is_there else "No file; the defaults are in force")


@command.command("show")
@shared_options
@click.pass_obj
def show(settings: Settings) -> None:
    """Print the configuration in force as TOML.

    File, environment and defaults together; beside each value that is no default stands where it comes from, the line
    of the file or the variable. With --json that is under `origins`, for every value.
    """
    values = settings.config.model_dump(mode="json")
    source = settings.config_source
    origin = source.origins()
    if settings.as_json:
        origins = {".".join(path): origin(path) for path in paths(values)}
        print_json({**values, "origins": origins})
        return
    click.echo(f"# {source if source.signature() else 'No file; the defaults'}, with environment overrides\n")
    click.echo(_toml(values, origin), nl=False)


@command.command("schema")
@shared_options
def schema() -> None:
    """Print the JSON schema of the file."""
    print_json(Config.model_json_schema())


@command.command("product")
@click.option(
    "--descriptor-set",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the compiled file with all its imports here: from it protoc and buf generate clients.",
)
@shared_options
@click.pass_obj
def product(settings: Settings, descriptor_set: Path | None) -> None:
    """Print the JSON schema by which a model fills in the message of agent.product."""
    from scheduler.agent.product import load_product_schema

    loaded = load_product_schema(settings.config.agent.product)
    if loaded is None:
        raise ForewordError("No product is configured", hint="see [agent.product] in docs/configuration.md")
    if descriptor_set is not None:
        _write(descriptor_set, loaded.files.compiled.SerializeToString())
    print_json(loaded.json_schema)


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as exc:
        raise ForewordError(
            f"{file} cannot be written: {exc.strerror}", hint="choose another --descriptor-set"
        ) from exc


def paths(values: dict[str, Any], above: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the path of each value that is no table, and of each empty table."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from paths(value, (*above, key))
        else:
            yield (*above, key)


def _toml(values: dict[str, Any], origin: Callable[[KeyPath], str]) -> str:
    import tomlkit

    document = tomlkit.document()
    for name, section in values.items():
        document.add(name, _table(section, (name,), origin))
    return tomlkit.dumps(document)


def _table(values: dict[str, Any], above: KeyPath, origin: Callable[[KeyPath], str]) -> Table:
    import tomlkit

    table = tomlkit.table()
    for key, value in values.items():
        path = (*above, key)
        if value is None:
            # TOML has no null; that the key exists is worth saying all the same.
            table.add(tomlkit.comment(f"{key} is not set"))
        elif isinstance(value, dict):
            table.add(key, _table(value, path, origin))
        else:
            item = tomlkit.item(value)
            found = origin(path)
            table.add(key, item if found == DEFAULT else item.comment(found))
    return table
