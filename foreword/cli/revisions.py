"""`foreword revisions`: what was known of a user, and when that changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from foreword.cli.connection import connect
from foreword.cli.output import message_dict, note, print_json
from foreword.cli.settings import Settings, user_options
from foreword.cli.status import time_text
from foreword.naming import escaped
from foreword.v1.profile_service_pb2 import RevisionEntry


@click.command("revisions")
@click.argument("user")
@user_options
@click.pass_obj
def command(settings: Settings, user: str) -> None:
    """List the revisions of USER that are kept, the newest first, with what changed in each.

    How many are kept is store.revisions_max. See `foreword diff` for two of them that are not neighbours.
    """
    with connect(settings) as client:
        found = client.list_revisions(user)
    if settings.as_json:
        print_json(message_dict(found, with_defaults=True))
    elif found.revisions:
        click.echo("\n".join(_lines(found.revisions)))
    elif not found.damaged_revisions:
        note(f"Nothing is known of {user!r} yet")
    if found.damaged_revisions:
        damaged = ", ".join(map(str, found.damaged_revisions))
        note(f"Damaged, and not listed: {damaged}; `foreword refresh {user}` removes what is damaged")


def _lines(entries: Sequence[RevisionEntry]) -> Iterator[str]:
    for entry in entries:
        profile = entry.profile
        model = f" with {escaped(profile.provenance.model)}" if profile.provenance.model else ""
        yield f"{profile.revision}  {time_text(profile.computed_at)}{model}"
        yield from (f"  {change}" for change in entry.changes or _unchanged(entry is entries[-1]))


def _unchanged(is_oldest: bool) -> tuple[str]:
    return ("The oldest that is kept",) if is_oldest else ("No difference in what is known or said",)
