"""`foreword rollback`: a user's profile as an earlier revision had it."""

from __future__ import annotations

import click

from foreword.cli.connection import connect
from foreword.cli.output import message_dict, print_json
from foreword.cli.refresh import why_not
from foreword.cli.settings import Settings, user_options
from foreword.errors import ForewordError


@click.command("rollback")
@click.argument("user")
@click.argument("revision", type=click.IntRange(1))
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0, 60),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait until it is served; 0 only asks.",
)
@user_options
@click.pass_obj
def command(settings: Settings, user: str, revision: int, wait_seconds: float) -> None:
    """Have USER known as in an earlier REVISION, as a new one.

    What the user said since still holds, and no event is forgotten. `foreword revisions` lists those that are kept; a
    rollback is undone by another.
    """
    with connect(settings) as client:
        response = client.rollback(user, revision, wait_seconds)
        if response.error:
            raise ForewordError(f"the rollback of {user!r} failed: {response.error}")
        if not response.completed and wait_seconds:
            raise ForewordError(f"the rollback of {user!r} has not ended", hint=why_not(client))
    if settings.as_json:
        print_json(message_dict(response, with_defaults=True))
    elif response.completed:
        click.echo(f"Written: revision {response.revision} of {user} knows what revision {revision} did")
    else:
        click.echo(f"The rollback of {user} is asked for")
