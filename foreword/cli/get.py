"""`foreword get`: one user's profile."""

from __future__ import annotations

import click

from foreword.cli.connection import read_profile, why_default, written_by
from foreword.cli.output import message_dict, note, print_json
from foreword.cli.settings import Settings, user_options
from foreword.v1.freshness_pb2 import Freshness


@click.command("get")
@click.argument("user")
@user_options
@click.pass_obj
def command(settings: Settings, user: str) -> None:
    """Print the profile of USER as JSON, as served.

    With it stands how fresh it is, and on stderr who wrote it, unless --json is given. Read from the sidecar when
    one answers, else from the store itself. A user nobody knows has the default profile.
    """
    response = read_profile(settings, user)
    types = settings.product_types if response.profile.HasField("product") else None
    print_json(message_dict(response, types=types))
    if response.freshness == Freshness.FRESHNESS_DEFAULT:
        note(f"{why_default(user, response.profile.revision)}; this is the default profile")
    elif not settings.as_json:
        note(written_by(response.profile))
