"""`foreword cadence`: who is refreshed when, and why."""

from __future__ import annotations

import click

from foreword.cli.cadence_explain import command as explain
from foreword.cli.cadence_simulate import command as simulate
from foreword.cli.cadence_text import condition_texts, rule_text, segment_title
from foreword.cli.connection import connect
from foreword.cli.output import message_dict, print_json, table
from foreword.cli.settings import Settings, shared_options, user_options
from foreword.cli.status import pause_text
from foreword.config import Config
from foreword.config_segments import Tried
from foreword.naming import escaped
from foreword.v1.operator_service_pb2 import (
    PauseRefreshesResponse,
    PauseUserResponse,
    ResumeRefreshesResponse,
    ResumeUserResponse,
)

_user_option = click.option("--user", metavar="USER", help="One user instead, of --namespace.")


@click.group("cadence")
@shared_options
def command() -> None:
    """Show, try and steer when profiles are refreshed."""


@command.command("check")
@shared_options
@click.pass_obj
def check(settings: Settings) -> None:
    """List the segments in the order in which they are tried, with who is in each and when it is refreshed."""
    config = settings.config
    rows = [_row(one, config) for one in config.segments.tried()]
    if settings.as_json:
        names = ("segment", "who", "refresh", "stale_after_hours", "expired_after_hours")
        print_json({"segments": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    click.echo(table(rows, heading=("segment", "who", "refreshed", "stale after h", "expired after h")))
    click.echo("Whoever is in several is in the first; nobody is in none")


command.add_command(explain)
command.add_command(simulate)


@command.command("pause")
@click.argument("segments", nargs=-1)
@_user_option
@user_options
@click.pass_obj
def pause(settings: Settings, segments: tuple[str, ...], user: str | None) -> None:
    """Stop refreshing the users of SEGMENTS; of all, when none is named; or one user.

    What comes due waits, across restarts, until `foreword cadence resume`. What is asked for by `foreword refresh`, and
    deletions, are carried out all the same.
    """
    _refuse_both(settings, segments, user)
    with connect(settings) as client:
        if user is not None:
            _show_user(settings, "Paused", client.pause_user(user))
        else:
            _show(settings, client.pause_refreshes(_names(segments)))


@command.command("resume")
@click.argument("segments", nargs=-1)
@_user_option
@user_options
@click.pass_obj
def resume(settings: Settings, segments: tuple[str, ...], user: str | None) -> None:
    """Go on with the users of SEGMENTS; with all, when none is named; or with one user.

    Who was paused with --user is resumed with --user alone.
    """
    _refuse_both(settings, segments, user)
    with connect(settings) as client:
        if user is not None:
            _show_user(settings, "No longer paused", client.resume_user(user))
        else:
            _show(settings, client.resume_refreshes(_names(segments)))


def _refuse_both(settings: Settings, segments: tuple[str, ...], user: str | None) -> None:
    if user is not None and segments:
        raise click.UsageError("name SEGMENTS or --user, not both")
    if user is None and settings.namespace:
        # Else it would be the users of all namespaces.
        raise click.UsageError("--namespace goes with --user: segments are of all namespaces")


def _names(segments: tuple[str, ...]) -> list[str]:
    return [name.replace("-", "_") for name in segments]


def _show(settings: Settings, response: PauseRefreshesResponse | ResumeRefreshesResponse) -> None:
    if settings.as_json:
        print_json(message_dict(response, with_defaults=True))
        return
    for one in response.pauses:
        click.echo(f"Paused: {pause_text(one)}")
    if not response.pauses:
        click.echo("No segment is paused")


def _show_user(settings: Settings, said: str, response: PauseUserResponse | ResumeUserResponse) -> None:
    if settings.as_json:
        print_json(message_dict(response, with_defaults=True))
    else:
        click.echo(f"{said}: {escaped(pause_text(response.pause))}")


def _row(one: Tried, config: Config) -> tuple[str, str, str, float, float]:
    settings = one.settings
    return (
        segment_title(one),
        " and ".join(condition_texts(one)) or "the rest",
        rule_text(settings, config),
        settings.stale_after_hours,
        settings.expired_after_hours,
    )
