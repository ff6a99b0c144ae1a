"""`foreword watch`: what happens to profiles, as it happens."""

from __future__ import annotations

import click

from foreword.cli.connection import connect
from foreword.cli.output import message_dict, note, print_json_line
from foreword.cli.settings import Settings, user_options
from foreword.naming import escaped
from foreword.v1.profile_change_pb2 import ChangeKind, ProfileChange
from foreword.v1.profile_service_pb2 import WatchPhase, WatchProfilesResponse

_SAID = {
    WatchPhase.WATCH_PHASE_BEGINNING: "These profiles are there:",
    WatchPhase.WATCH_PHASE_LIVE: "From here on, what changes:",
}


@click.command("watch")
@click.argument("users", nargs=-1)
@click.option("--all-namespaces", is_flag=True, help="Watch all namespaces.")
@click.option("--from-now", is_flag=True, help="Leave out the profiles that are there already.")
@click.option(
    "--after-revision",
    type=click.IntRange(1),
    default=None,
    help="Begin with the changes after this revision instead.",
)
@click.option("--snapshot", "ends", is_flag=True, help="End once all profiles that are there are told.")
@user_options
@click.pass_obj
def command(
    settings: Settings,
    users: tuple[str, ...],
    *,
    all_namespaces: bool,
    from_now: bool,
    after_revision: int | None,
    ends: bool,
) -> None:
    """Print what happens to the profiles of USERS, or of all, until interrupted.

    With --json, a message of the stream on each line, with the profiles; else a change on each line.
    """
    phase: WatchPhase = WatchPhase.WATCH_PHASE_UNSPECIFIED
    with connect(settings) as client:
        for message in client.watch(
            users,
            all_namespaces=all_namespaces,
            from_now=from_now,
            after_revision=after_revision or 0,
        ):
            if settings.as_json:
                print_json_line(message_dict(message, types=settings.product_types))
            else:
                _say(message, phase)
            phase = message.phase
            if ends and phase == WatchPhase.WATCH_PHASE_LIVE:
                return


def _say(message: WatchProfilesResponse, former: WatchPhase) -> None:
    if message.phase != former and message.phase in _SAID:
        note(_SAID[message.phase])
    for change in message.changes:
        click.echo(_line(change))


def _line(change: ProfileChange) -> str:
    kind = ChangeKind.Name(change.kind).removeprefix("CHANGE_KIND_").replace("_", " ").lower()
    user = escaped(f"{change.namespace}/{change.user_id}" if change.namespace else change.user_id)
    return f"{kind:<12} {user}" + (f"  revision {change.revision}" if change.revision else "")
