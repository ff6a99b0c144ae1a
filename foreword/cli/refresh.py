"""`foreword refresh`: one user's profile, computed now."""

from __future__ import annotations

import click

from foreword.cli.connection import connect
from foreword.cli.output import message_dict, print_json
from foreword.cli.settings import Settings, user_options
from foreword.client import Foreword
from foreword.clock import format_time_ms
from foreword.errors import ForewordError
from foreword.v1.operator_service_pb2 import RefreshUserResponse
from foreword.v1.refresh_pb2 import RefreshOutcome


@click.command("refresh")
@click.argument("user")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0, 60),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the end; 0 only asks.",
)
@click.option(
    "--full", is_flag=True, help="Start from the events alone, not from the profile in force and what is new."
)
@user_options
@click.pass_obj
def command(settings: Settings, user: str, wait_seconds: float, full: bool) -> None:
    """Have the profile of USER computed now.

    Waits for the end and says what came of it.
    """
    with connect(settings) as client:
        response = client.refresh(user, wait_seconds, full=full)
        if not response.completed and wait_seconds:
            raise ForewordError(f"the refresh of {user!r} has not ended", hint=why_not(client))
    if response.outcome == RefreshOutcome.REFRESH_OUTCOME_FAILED:
        raise ForewordError(
            f"the refresh of {user!r} failed: {response.error}",
            hint=f"revision {response.revision} stays in force; it is tried again later",
        )
    if settings.as_json:
        print_json(message_dict(response, with_defaults=True))
    else:
        click.echo(_result(user, response))


def _result(user: str, response: RefreshUserResponse) -> str:
    if not response.completed:
        return f"The refresh of {user} is asked for"
    if not response.revision:
        return f"Nothing is known of {user}: no event was recorded yet"
    if response.outcome == RefreshOutcome.REFRESH_OUTCOME_WRITTEN:
        return f"Written: revision {response.revision} of {user}"
    if response.outcome == RefreshOutcome.REFRESH_OUTCOME_DEFAULT:
        return f"Too few events of {user} yet: the default profile is in force, revision {response.revision}"
    return f"Nothing new of {user}: revision {response.revision} stays in force and counts as fresh"


def why_not(client: Foreword) -> str:
    """Return what an operator should know when a refresh takes too long."""
    status = client.status()
    if not status.HasField("scheduler_seen_at"):
        return "no scheduler has run on this store yet; the request waits for one: `foreword scheduler`"
    seen = format_time_ms(status.scheduler_seen_at.ToMilliseconds())
    if not status.scheduler_running:
        return f"no scheduler runs since {seen}; the request waits for one: `foreword scheduler`"
    return (
        f"the scheduler was last seen at {seen}; {status.due_count} users are due and "
        f"{status.trigger_count} triggers wait: see `foreword status`"
    )
