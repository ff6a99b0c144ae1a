"""`foreword erase`: nothing left of one user."""

from __future__ import annotations

import click

from foreword.cli.connection import connect
from foreword.cli.output import message_dict, print_json, table
from foreword.cli.settings import Settings, user_options
from foreword.errors import ForewordError


@click.command("erase")
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
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
def command(settings: Settings, user: str, yes: bool, wait_seconds: float) -> None:
    """Remove everything kept of USER, for good.

    Goes through all databases and says what went. The scheduler removes its part. While none runs, USER is
    already served as unknown.
    """
    if settings.as_json and not yes:
        raise click.UsageError("--json asks no questions; confirm with --yes")
    with connect(settings) as client:
        if not yes:
            click.confirm(f"Remove everything kept of {user!r}?", abort=True)
        response = client.erase(user, wait_seconds)
    if settings.as_json:
        print_json(message_dict(response, with_defaults=True))
    elif any(count.rows for count in response.counts):
        click.echo(table([(count.store, count.rows) for count in response.counts if count.rows]))
    if not response.complete:
        raise ForewordError(
            f"the erasure of {user!r} is not finished: {response.pending}",
            hint="start one if none runs: `foreword scheduler`",
        )
    if not settings.as_json:
        click.echo(f"Nothing is left of {user}")
