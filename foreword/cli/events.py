"""`foreword events`: single events of a user."""

from __future__ import annotations

import click

from foreword.cli.connection import connect
from foreword.cli.output import message_dict, print_json
from foreword.cli.refresh import why_not
from foreword.cli.settings import Settings, shared_options, user_options
from foreword.errors import ForewordError
from foreword.v1.activity_service_pb2 import DeleteEventsResponse


@click.group("events")
@shared_options
def command() -> None:
    """Delete single events of a user."""


@command.command("delete")
@click.argument("user")
@click.argument("event_ids", nargs=-1, required=True, metavar="EVENT_ID...")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0, 60),
    default=10,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait until the profile is without them; 0 only deletes.",
)
@user_options
@click.pass_obj
def delete(settings: Settings, user: str, event_ids: tuple[str, ...], wait_seconds: float) -> None:
    """Delete events of USER, as if they had never happened.

    What is believed of USER is counted anew without them. Their ids stay taken: sent again, they are repetitions.
    """
    with connect(settings) as client:
        response = client.delete_events(user, event_ids, wait_seconds)
        if wait_seconds and not response.completed:
            raise ForewordError(
                f"{_deleted(response)}; the profile of {user!r} still rests on what they held",
                hint=why_not(client),
            )
    if settings.as_json:
        print_json(message_dict(response, with_defaults=True))
    else:
        click.echo(_result(user, response))
    if response.missing_ids and not response.deleted_count and not response.deleted_before_count:
        raise ForewordError(
            f"no event of {user!r} has such an id that could be deleted",
            hint="they were never recorded, or are past retention: `foreword export` lists what is kept",
        )


def _deleted(response: DeleteEventsResponse) -> str:
    count, before = response.deleted_count, response.deleted_before_count
    deleted = f"{count:,} event{'' if count == 1 else 's'} deleted"
    return f"{deleted}; {before:,} had been before" if before else deleted


def _result(user: str, response: DeleteEventsResponse) -> str:
    parts = [_deleted(response)]
    if response.missing_ids:
        parts.append(f"not there: {', '.join(response.missing_ids)}")
    if response.completed and response.revision:
        parts.append(f"revision {response.revision} of {user} is without them")
    elif not response.completed:
        parts.append(f"the profile of {user} is not without them yet")
    return "; ".join(parts)
