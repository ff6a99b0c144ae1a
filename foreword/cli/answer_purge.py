"""`foreword answer purge`: cores that answer no longer."""

from __future__ import annotations

import sys
from typing import TypedDict

import click

from foreword.cli.answer_text import origin_text, shortened
from foreword.cli.connection import connect
from foreword.cli.output import message_dict, note, print_json, table
from foreword.cli.settings import Settings, user_options
from foreword.v1.answer_service_pb2 import InvalidateCoresResponse

# More are not looked through one by one: whoever removes them says so twice.
_UNASKED_MAX = 100
# A hundred thousand cores of one tag, on a slow disk.
_CALL_SECONDS_MAX = 60.0


class _Selected(TypedDict):
    tag: str
    core_id: str
    alias_id: str
    question: str
    everything: bool
    locale: str


@click.command("purge")
@click.option("--tag", default="", metavar="TAG", help="All cores with this tag.")
@click.option("--core", "core_id", default="", metavar="ID", help="One core, and what leads to it.")
@click.option(
    "--alias",
    "alias_id",
    default="",
    metavar="ID",
    help="One alias: its question leads to the core no longer.",
)
@click.option("--question", default="", metavar="QUESTION", help="The core of this question.")
@click.option(
    "--everything", is_flag=True, help="All that a model wrote in the namespace; what people put stays."
)
@click.option("--locale", default="", metavar="TAG", help="The question's language; default: tiering.locale.")
@click.option("--dry-run", is_flag=True, help="Remove nothing, and say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@user_options
@click.pass_obj
def purge(
    settings: Settings,
    *,
    tag: str,
    core_id: str,
    alias_id: str,
    question: str,
    everything: bool,
    locale: str,
    dry_run: bool,
    yes: bool,
) -> None:
    """Remove cores, or what leads to them, and say what met each; name exactly one of the first five.

    More than 100 cores, or everything, are removed only when you say so again, or with --yes.
    """
    selected = _Selected(
        tag=tag, core_id=core_id, alias_id=alias_id, question=question, everything=everything, locale=locale
    )
    if sum(map(bool, (tag, core_id, alias_id, question, everything))) != 1:
        raise click.UsageError("name exactly one of --tag, --core, --alias, --question, --everything")
    with connect(settings, timeout_seconds=_CALL_SECONDS_MAX) as client:
        gone = client.invalidate(**selected, dry_run=True)
        if not dry_run:
            if not yes:
                _confirm(settings, gone, everything=everything)
            gone = client.invalidate(**selected)
    if settings.as_json:
        print_json(message_dict(gone, with_defaults=True))
    else:
        _say(settings, gone, everything=everything, dry_run=dry_run)


def _confirm(settings: Settings, gone: InvalidateCoresResponse, *, everything: bool) -> None:
    if everything:
        what = f"everything that a model wrote in {_space(settings)}"
    elif gone.core_count > _UNASKED_MAX:
        what = f"{gone.core_count:,} cores"
    else:
        return
    if settings.as_json or not sys.stdin.isatty():
        raise click.UsageError(f"this removes {what}; confirm with --yes, or see it with --dry-run")
    click.confirm(f"Remove {what}?", abort=True)


def _say(settings: Settings, gone: InvalidateCoresResponse, *, everything: bool, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    if gone.cores:
        rows = [
            (core.core_id, origin_text(core.origin), shortened(core.met_by), shortened(core.question))
            for core in gone.cores
        ]
        click.echo(table(rows, heading=("core", "made", "met by", "question")))
        if gone.core_count > len(gone.cores):
            note(f"and {gone.core_count - len(gone.cores):,} more")
    if everything:
        epoch = f"an epoch after {gone.epoch:,} would begin" if dry_run else f"epoch {gone.epoch:,} has begun"
        click.echo(f"Everything that a model wrote in {_space(settings)} {would}removed: {epoch}")
        note("What people put stays; it goes by --tag or --core")
    elif gone.core_count or gone.alias_count:
        click.echo(
            f"{_counted(gone.core_count, 'core')}, {_counted(gone.alias_count, 'alias')} {would}removed"
        )
    else:
        note("Nothing is met by that; nothing is removed")


def _space(settings: Settings) -> str:
    return f"the namespace {settings.namespace!r}" if settings.namespace else "the default namespace"


def _counted(count: int, what: str) -> str:
    plural = {"alias": "aliases"}.get(what, f"{what}s")
    return f"{count:,} {what if count == 1 else plural}"
