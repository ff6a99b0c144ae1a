"""`foreword users`: who is behind the counts of the status."""

from __future__ import annotations

from itertools import compress
from typing import Any

import click

from foreword.cli.connection import connect
from foreword.cli.model_text import outcome_name
from foreword.cli.output import message_dict, note, print_json, table
from foreword.cli.settings import Settings, user_options
from foreword.cli.status import segment_text, time_text
from foreword.client import Foreword
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.operator_service_pb2 import ListUsersResponse, UserStatus

# What one call returns at most.
_PAGE_SIZE_MAX = 1000
_FRESHNESS = {name.removeprefix("FRESHNESS_").lower(): name for name in Freshness.keys()[1:]}


@click.command("users")
@click.option(
    "--segment",
    "segments",
    multiple=True,
    metavar="NAME",
    help="Only users of this segment of the configuration; may be given again.",
)
@click.option(
    "--freshness",
    multiple=True,
    type=click.Choice(list(_FRESHNESS)),
    help="Only users whose profile is this current; may be given again.",
)
@click.option("--begins", default="", metavar="TEXT", help="Only users whose id begins with TEXT.")
@click.option("--failed", is_flag=True, help="Only users whose newest refresh failed.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Most users to print.")
@click.option("--page-token", default="", metavar="TOKEN", help="Go on where an earlier call ended.")
@user_options
@click.pass_obj
def command(
    settings: Settings,
    *,
    segments: tuple[str, ...],
    freshness: tuple[str, ...],
    begins: str,
    failed: bool,
    limit: int,
    page_token: str,
) -> None:
    """List users with the state of their profiles.

    Of all namespaces, unless --namespace names one. Who has more than one filter set must pass all of them.
    """
    filters = {
        "segment_names": [name.replace("-", "_") for name in segments],
        "freshness": [_FRESHNESS[name] for name in freshness],
        "failed": failed,
        "user_id_prefix": begins,
    }
    with connect(settings) as client:
        found = _list(client, limit, page_token, filters)
    if settings.as_json:
        print_json(message_dict(found, with_defaults=True))
        return
    if found.users:
        click.echo(_table(list(found.users)))
    else:
        note("No such user")
    if found.next_page_token:
        note(f"There may be more: add --page-token {found.next_page_token}")


def _list(client: Foreword, limit: int, token: str, filters: dict[str, Any]) -> ListUsersResponse:
    """Return up to `limit` users from as many pages as that takes."""
    found = ListUsersResponse(next_page_token=token)
    while len(found.users) < limit:
        size = min(limit - len(found.users), _PAGE_SIZE_MAX)
        page = client.list_users(page_size=size, page_token=found.next_page_token, **filters)
        found.users.extend(page.users)
        found.next_page_token = page.next_page_token
        if not page.next_page_token:
            break
    return found


def _table(users: list[UserStatus]) -> str:
    heading = ("user", "namespace", "segment", "freshness", "revision", "computed", "due", "model", "failure")
    # Most stores have one tenant, most refreshes succeed, and some ask no model: no column of blanks.
    is_filled = {
        "namespace": any(user.namespace for user in users),
        "model": any(_model(user) for user in users),
        "failure": any(user.error for user in users),
    }
    kept = [is_filled.get(name, True) for name in heading]
    rows = (_row(user) for user in users)
    return table(
        [tuple(compress(row, kept)) for row in rows],
        heading=tuple(compress(heading, kept)),
    )


def _row(user: UserStatus) -> tuple[object, ...]:
    return (
        _printable(user.user_id),
        _printable(user.namespace),
        segment_text(user.segment, user.segment_name),
        Freshness.Name(user.freshness).removeprefix("FRESHNESS_").lower(),
        user.revision,
        time_text(user.computed_at) if user.HasField("computed_at") else "never",
        _due(user),
        _model(user),
        f"{user.failures} times: {_printable(user.error)}" if user.error else "",
    )


def _due(user: UserStatus) -> str:
    """Return when the next refresh is due, or since when an operator holds it back."""
    if user.HasField("paused_since"):
        return f"paused since {time_text(user.paused_since)}"
    due = time_text(user.due_at) if user.HasField("due_at") else "not planned"
    return f"{due}, held by a pause" if user.is_held else due


def _model(user: UserStatus) -> str:
    """Return what became of asking a model about a user, and what is planned."""
    parts = []
    if user.model_outcome:
        parts.append(f"{outcome_name(user.model_outcome)} {time_text(user.model_asked_at)}")
    if user.model_revision:
        is_in_force = user.model_revision == user.revision
        parts.append("in force" if is_in_force else f"in revision {user.model_revision}")
    if user.HasField("model_due_at"):
        parts.append(f"next {time_text(user.model_due_at)}")
    return ", ".join(parts)


def _printable(text: str) -> str:
    """Return a name as it is, unless it would move the cursor or break the line."""
    return text if text.isprintable() else repr(text)
