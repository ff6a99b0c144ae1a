"""`foreword diff`: two revisions of one user, compared."""

from __future__ import annotations

import click

from foreword.changes import changes
from foreword.cli.connection import connect
from foreword.cli.output import change_line, message_dict, print_json
from foreword.cli.settings import Settings, user_options
from foreword.cli.status import time_text
from foreword.errors import FieldError
from foreword.v1.profile_pb2 import Profile
from foreword.v1.profile_service_pb2 import ListRevisionsResponse


@click.command("diff")
@click.argument("user")
@click.argument("before", type=click.IntRange(1), metavar="REVISION")
@click.argument("after", type=click.IntRange(1), metavar="REVISION")
@user_options
@click.pass_obj
def command(settings: Settings, user: str, before: int, after: int) -> None:
    """Print what changed in USER from one REVISION to another.

    Topics that rose and fell, noes, beliefs and goals begun, ended and surer, preferences, expertise, and the lines
    of the text: `+` for what the second one has, `-` for what the first one had, `~` for what moved.
    """
    with connect(settings) as client:
        found = client.list_revisions(user)
    former, latter = _revision(found, before, user), _revision(found, after, user)
    told = list(changes(former, latter))
    if settings.as_json:
        print_json(
            {
                "before": message_dict(former),
                "after": message_dict(latter),
                "changes": [change._asdict() for change in told],
            }
        )
        return
    click.echo(f"Revision {_title(former)} to {_title(latter)}:")
    click.echo("\n".join(map(change_line, told)) or "No difference in what is known or said")


def _revision(found: ListRevisionsResponse, revision: int, user: str) -> Profile:
    kept = {entry.profile.revision: entry.profile for entry in found.revisions}
    if revision not in kept:
        what = f"{revision}, which is damaged" if revision in found.damaged_revisions else str(revision)
        allowed = ", ".join(map(str, sorted(kept))) or "none: nothing is known of the user"
        raise FieldError("revision", what, allowed, hint=f"see `foreword revisions {user}`")
    return kept[revision]


def _title(profile: Profile) -> str:
    return f"{profile.revision} ({time_text(profile.computed_at)})"
