"""`foreword answer list`: which cores are stored."""

from __future__ import annotations

import click

from foreword.cli.answer_text import core_freshness_text, origin_text, shortened
from foreword.cli.connection import connect
from foreword.cli.output import message_dict, note, print_json, table
from foreword.cli.settings import Settings, user_options
from foreword.cli.status import time_text
from foreword.v1.answer_service_pb2 import CoreEntry


@click.command("list")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="Most cores to print."
)
@click.option("--page-token", default="", metavar="TOKEN", help="Go on where an earlier call ended.")
@user_options
@click.pass_obj
def list_(settings: Settings, *, limit: int, page_token: str) -> None:
    """List the cores that are stored, the newest first, with how often each answered.

    Of all namespaces, unless --namespace names one.
    """
    with connect(settings) as client:
        found = client.list_cores(page_size=limit, page_token=page_token)
    if settings.as_json:
        print_json(message_dict(found, with_defaults=True))
        return
    if found.cores:
        heading = ("question", "id", "made", "origin", "state", "answers", "sections", "sources")
        click.echo(table(map(_row, found.cores), heading=heading))
    else:
        note("No core is stored; foreword answer import brings articles in")
    if found.next_page_token:
        note(f"There may be more: add --page-token {found.next_page_token}")


def _row(core: CoreEntry) -> tuple[object, ...]:
    return (
        shortened(core.question),
        core.core_id,
        time_text(core.created_at),
        origin_text(core.origin),
        core_freshness_text(core.freshness),
        core.served_count,
        core.section_count,
        core.source_count,
    )
