"""`foreword token`: tokens for callers, and a look at the file they are in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from foreword.callers import RIGHTS, Callers, caller_of, digest_of, new_token, read_callers
from foreword.cli.output import print_json, table
from foreword.cli.settings import Settings, shared_options
from foreword.clock import format_time_ms
from foreword.errors import FieldError, ForewordError


@click.group("token")
@shared_options
def command() -> None:
    """Make tokens for callers, and look at the file they are in."""


@command.command("new")
@click.option("--name", required=True, metavar="NAME", help="Who calls, for people and errors.")
@click.option(
    "--rights", required=True, metavar="LIST", help=f"What they may do, by commas: {', '.join(RIGHTS)}."
)
@click.option("--namespaces", metavar="LIST", help='Where, by commas; "" for users without a namespace.')
@click.option("--all-namespaces", is_flag=True, help="Everywhere; takes the place of --namespaces.")
@click.option(
    "--days", type=click.FloatRange(min=0, min_open=True), help="Days until it ends; default: it does not."
)
@click.option(
    "--certificate-name", metavar="NAME", help="Known by this name in a certificate; no token is made."
)
@shared_options
@click.pass_obj
def new(
    settings: Settings,
    *,
    name: str,
    rights: str,
    namespaces: str | None,
    all_namespaces: bool,
    days: float | None,
    certificate_name: str | None,
) -> None:
    """Make a token, print it, and print what to add to the callers file.

    The token is shown this once and kept nowhere: the file has its digest. Give the token to the caller, and append the
    entry to the file that security.callers_file names; the sidecar takes it over within a second or two.
    """
    if (namespaces is None) != all_namespaces:
        raise click.UsageError("give one of --namespaces and --all-namespaces")
    token = "" if certificate_name else new_token()
    entry: dict[str, Any] = {
        "name": name,
        **({"token_sha256": digest_of(token)} if token else {"certificate_name": certificate_name}),
        "rights": _listed(rights),
        "namespaces": "all" if namespaces is None else _listed(namespaces),
    }
    if days is not None:
        entry["expires"] = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    _check(entry)
    text = _toml(entry)
    if settings.as_json:
        print_json({"token": token, "entry": text})
        return
    if token:
        click.echo(f"Token of {name}, shown this once: {token}", err=True)
        click.echo("For the file that security.callers_file names:\n", err=True)
    click.echo(text, nl=False)


@command.command("list")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@shared_options
@click.pass_obj
def show(settings: Settings, file: Path | None) -> None:
    """Check the callers file and print who may do what where.

    FILE: default: the one that security.callers_file names. Shows no digest.
    """
    chosen = file or settings.config.security.callers_file
    if chosen is None:
        raise ForewordError("no callers file is configured", hint="set security.callers_file, or name a FILE")
    rows = _rows(read_callers(chosen))
    if settings.as_json:
        print_json({"file": str(chosen), "callers": rows})
        return
    heading = ("name", "known by", "rights", "namespaces", "expires")
    click.echo(table([tuple(row.values()) for row in rows], heading=heading))


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _check(entry: dict[str, Any]) -> None:
    """Raise for what the sidecar would refuse, in the words of the command."""
    try:
        caller_of(entry, "")
    except FieldError as exc:
        raise click.UsageError(
            f"--{exc.field.lstrip('.')}: found {exc.found}; allowed: {exc.allowed}"
        ) from exc


def _toml(entry: dict[str, Any]) -> str:
    # Imported here: one command alone writes TOML.
    import tomlkit

    array = tomlkit.aot()
    array.append(tomlkit.item(entry))
    document = tomlkit.document()
    document.add("callers", array)
    return tomlkit.dumps(document)


def _rows(callers: Callers) -> list[dict[str, str]]:
    found = [*callers.by_digest.values(), *callers.by_certificate.values()]
    return [
        {
            "name": caller.name,
            "known_by": f"certificate {caller.certificate_name}" if caller.certificate_name else "token",
            "rights": ",".join(right for right in RIGHTS if right in caller.rights),
            "namespaces": "all"
            if caller.namespaces is None
            else ",".join(space or '""' for space in sorted(caller.namespaces)),
            "expires": "" if caller.expires_ms is None else format_time_ms(caller.expires_ms),
        }
        for caller in found
    ]
