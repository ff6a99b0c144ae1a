"""`foreword erase`: nothing left of one user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from foreword.cli.connection import connect
from foreword.cli.output import bytes_text, message_dict, note, print_json, table
from foreword.cli.progress import progress
from foreword.cli.settings import Settings, user_options
from foreword.client import Foreword
from foreword.errors import ForewordError, ServiceError
from foreword.v1.user_data_service_pb2 import EraseUserResponse

_REMAINS = (
    "Free parts of the store's files may still hold bytes of it, until they are written over or anew: stop both "
    "daemons and run `foreword store compact`. Earlier backups keep what they hold."
)


@click.command("erase")
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--purge",
    is_flag=True,
    help="Write the store's files anew as well, so that no byte stays; both daemons must be stopped.",
)
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0, 60, min_open=True),
    default=10,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the scheduler's part.",
)
@user_options
@click.pass_obj
def command(settings: Settings, user: str, yes: bool, purge: bool, wait_seconds: float) -> None:
    """Remove everything kept of USER, for good.

    Goes through all databases, and the rows that imports refused, and says what went. The scheduler removes its part.
    While none runs, USER is already served as unknown.
    """
    if settings.as_json and not yes:
        raise click.UsageError("--json asks no questions; confirm with --yes")
    if not purge:
        _erase(settings, user, wait_seconds, yes=yes)
    elif settings.address:
        raise click.UsageError("--purge works on the store's files: run it where they are, without --address")
    else:
        _purge(settings, user, yes=yes)


def _erase(settings: Settings, user: str, wait_seconds: float, *, yes: bool) -> None:
    with _connected(settings) as client:
        _confirm(user, yes=yes)
        response = client.erase(user, wait_seconds)
    _say(settings, response)
    if not response.complete:
        raise ForewordError(
            f"the erasure of {user!r} is not finished: {response.pending}",
            hint="start one if none runs: `foreword scheduler`",
        )
    if not settings.as_json:
        click.echo(f"Nothing is left of {user} in any row")
    note(_REMAINS)


def _connected(settings: Settings) -> Foreword:
    try:
        return connect(settings)
    except ServiceError as exc:
        exc.hint += ", or let --purge erase from the files while no daemon runs"
        raise


def _purge(settings: Settings, user: str, *, yes: bool) -> None:
    from foreword.cli.purge import purge_user

    _confirm(user, yes=yes)
    with progress(as_json=settings.as_json) as show:
        purged = purge_user(settings, user, lambda name, done, total: show(name, done, total, "rows"))
    response = EraseUserResponse(complete=True, counts=purged.counts)
    _say(settings, response, [asdict(one) for one in purged.compacted])
    if not settings.as_json:
        for one in purged.compacted:
            click.echo(
                f"{one.name} is written anew: {bytes_text(one.before_bytes)} before, {bytes_text(one.after_bytes)} now"
            )
        click.echo(f"Nothing is left of {user}, in no row and no byte of the store's files")
    note("Earlier backups keep what they hold.")


def _confirm(user: str, *, yes: bool) -> None:
    if not yes:
        click.confirm(f"Remove everything kept of {user!r}?", abort=True)


def _say(
    settings: Settings, response: EraseUserResponse, compacted: Sequence[dict[str, object]] | None = None
) -> None:
    if settings.as_json:
        shown = message_dict(response, with_defaults=True)
        print_json(shown if compacted is None else {**shown, "compacted": compacted})
    elif any(count.rows for count in response.counts):
        click.echo(table([(count.store, count.rows) for count in response.counts if count.rows]))
