"""`foreword text`: one user's foreword."""

from __future__ import annotations

import click

from foreword.budget import TOKENS_MAX
from foreword.cli.connection import read_foreword, why_default
from foreword.cli.output import message_dict, note, print_json
from foreword.cli.settings import Settings, user_options
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_service_pb2 import GetForewordResponse


@click.command("text")
@click.argument("user")
@click.option(
    "--max-tokens",
    type=click.IntRange(min=0),
    default=TOKENS_MAX,
    show_default=True,
    help=f"The budget; more than {TOKENS_MAX} means {TOKENS_MAX}, and so does 0.",
)
@user_options
@click.pass_obj
def command(settings: Settings, user: str, max_tokens: int) -> None:
    """Print the foreword of USER.

    It is the text for the front of a prompt. For a user nobody knows it is general, or empty. With --json also its
    tokens, revision and freshness.
    """
    response = read_foreword(settings, user, max_tokens)
    if settings.as_json:
        print_json(message_dict(response, with_defaults=True))
    elif response.text:
        click.echo(response.text, nl=not response.text.endswith("\n"))
    if not response.text:
        note(_why_empty(settings, response, user, max_tokens))
    elif response.freshness == Freshness.FRESHNESS_DEFAULT:
        note(f"{why_default(user, response.revision)}; this is the default text")


def _why_empty(settings: Settings, response: GetForewordResponse, user: str, max_tokens: int) -> str:
    if response.freshness == Freshness.FRESHNESS_DEFAULT:
        # The default says nothing, or nothing that short.
        return why_default(user, response.revision)
    if read_foreword(settings, user, TOKENS_MAX).text:
        return f"No part fits {max_tokens} tokens"
    return f"Nothing that is known of {user!r} makes a sentence yet"
