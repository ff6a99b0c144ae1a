"""`foreword text`: one user's foreword."""

from __future__ import annotations

import click

from foreword.cli.connection import read_foreword
from foreword.cli.output import message_dict, note, print_json
from foreword.cli.settings import Settings, user_options


@click.command("text")
@click.argument("user")
@click.option("--max-tokens", type=click.IntRange(1, 200), default=200, show_default=True, help="The budget.")
@user_options
@click.pass_obj
def command(settings: Settings, user: str, max_tokens: int) -> None:
    """Print the foreword of USER.

    It is the text an agent puts into its prompt. Empty for a user nobody knows. With --json also its tokens,
    revision and freshness.
    """
    response = read_foreword(settings, user, max_tokens)
    if settings.as_json:
        print_json(message_dict(response, with_defaults=True))
    elif response.text:
        click.echo(response.text, nl=not response.text.endswith("\n"))
    if not response.text:
        note(
            f"Nothing is known of {user!r} yet"
            if not response.revision
            else f"No part fits {max_tokens} tokens"
        )
