"""`foreword backfill`: profiles for all users from what is recorded."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

import click

from foreword.cli.backfill_text import estimate_text, progress_text, stage_name
from foreword.cli.connection import connect
from foreword.cli.entry import EXIT_INTERRUPTED
from foreword.cli.output import message_dict, note, print_json
from foreword.cli.progress import Show, progress
from foreword.cli.settings import Settings, user_options
from foreword.client import Foreword
from foreword.errors import ForewordError
from foreword.v1.backfill_pb2 import Backfill, BackfillMode, BackfillStage
from foreword.v1.operator_service_pb2 import BackfillAction

_MODES = {
    "batch": BackfillMode.BACKFILL_MODE_BATCH,
    "extractive": BackfillMode.BACKFILL_MODE_EXTRACTIVE,
}
_ACTIONS = {
    "pause": BackfillAction.BACKFILL_ACTION_PAUSE,
    "resume": BackfillAction.BACKFILL_ACTION_RESUME,
    "cancel": BackfillAction.BACKFILL_ACTION_CANCEL,
}
_OVER = (BackfillStage.BACKFILL_STAGE_DONE, BackfillStage.BACKFILL_STAGE_CANCELED)
_LOOK_SECONDS = 0.25
# A scheduler that runs takes a backfill up within the time of its poll; one that is busy, later.
_TAKEN_UP_SECONDS = 30.0
_CALL_SECONDS = 10.0
_MICRO_A_USD = 1_000_000
_BUDGET_USD_MAX = 1_000_000_000


@click.command("backfill")
@click.option(
    "--provider-mode",
    type=click.Choice(list(_MODES)),
    help="batch: code at once, then a model in batches; extractive: code alone. Default: batch where a segment asks a "
    "model.",
)
@click.option(
    "--budget-usd",
    type=click.FloatRange(0, _BUDGET_USD_MAX),
    metavar="USD",
    help="What its questions to models may cost; default: no limit of its own. The day's budget holds beside it.",
)
@click.option(
    "--users-per-second",
    type=click.FloatRange(0.1, 10_000),
    metavar="N",
    help="Refreshes begun in a second, at most; default: 200.",
)
@click.option("--dry-run", is_flag=True, help="Only print the estimate.")
@click.option("--yes", is_flag=True, help="Begin without asking.")
@click.option("--detach", is_flag=True, help="Do not wait for the end.")
@click.option("--status", "action", flag_value="status", help="Show how far the newest backfill is.")
@click.option("--pause", "action", flag_value="pause", help="Begin nothing more; what is under way ends.")
@click.option("--resume", "action", flag_value="resume", help="Go on.")
@click.option("--cancel", "action", flag_value="cancel", help="End it; what was written stays.")
@user_options
@click.pass_obj
def command(
    settings: Settings,
    *,
    provider_mode: str | None,
    budget_usd: float | None,
    users_per_second: float | None,
    dry_run: bool,
    yes: bool,
    detach: bool,
    action: str | None,
) -> int:
    """Have a profile written for every user from what is recorded, the newest-active first.

    Of all namespaces, unless --namespace names one. Says first what it comes to, and asks. Then it goes on by itself,
    behind all other refreshes, also when this command is ended, or a daemon is killed; nobody is refreshed twice, and
    no question is paid twice. Record the history before with `foreword import ... --for-backfill`.
    """
    asked = (provider_mode, budget_usd, users_per_second, dry_run or None, yes or None, detach or None)
    if action is not None:
        if any(value is not None for value in asked):
            raise click.UsageError(f"--{action} goes with no other option of backfill")
        return _steer(settings, action)
    if not (dry_run or yes or _can_ask(settings)):
        raise click.UsageError(
            "nobody can be asked here; confirm with --yes, or only estimate with --dry-run"
        )
    budget_micro_usd = None if budget_usd is None else _micro_usd(budget_usd)
    with connect(settings, timeout_seconds=_CALL_SECONDS) as client:
        _refuse_silence(client)
        recorded = client.start_backfill(
            mode=_MODES[provider_mode] if provider_mode else BackfillMode.BACKFILL_MODE_UNSPECIFIED,
            budget_micro_usd=budget_micro_usd,
            users_per_second=users_per_second or 0,
            estimate_only=True,
        ).backfill
        estimated = _estimated(settings, client, recorded)
        if dry_run:
            return _end(settings, estimated) if settings.as_json else 0
        if not yes and not click.confirm("Begin?", err=True):
            note("Nothing was begun")
            return 1
        begun = client.start_backfill(backfill_id=estimated.plan.backfill_id).backfill
        if detach:
            note("It goes on by itself: `foreword backfill --status` says how far it is")
            return _end(settings, begun)
        return _follow(settings, client, begun)


def _can_ask(settings: Settings) -> bool:
    return sys.stdin.isatty() and not settings.as_json


def _refuse_silence(client: Foreword) -> None:
    """Raise when no scheduler runs, before anything is recorded."""
    if not client.status().scheduler_running:
        raise ForewordError(
            "no scheduler runs, so nothing can be estimated or begun", hint="start one: foreword scheduler"
        )


def _micro_usd(usd: float) -> int:
    """Return a budget in millionths of a US dollar, rounded down: a budget is not exceeded."""
    return math.floor(round(usd * _MICRO_A_USD, 3))


def _estimated(settings: Settings, client: Foreword, recorded: Backfill) -> Backfill:
    """Wait for the estimate, print it for people, and return it."""
    with progress(as_json=settings.as_json) as show:
        found = _wait(client, recorded, lambda backfill: backfill.HasField("estimate"), show)
    if not settings.as_json:
        click.echo(estimate_text(found))
    return found


def _follow(settings: Settings, client: Foreword, begun: Backfill) -> int:
    """Show how far a backfill is until it is over."""
    try:
        with progress(as_json=settings.as_json) as show:
            found = _wait(client, begun, lambda backfill: backfill.stage in _OVER, show)
    except KeyboardInterrupt as exc:
        note("It goes on by itself: `foreword backfill --status` says how far it is, --cancel ends it")
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from exc
    return _end(settings, found)


def _wait(client: Foreword, recorded: Backfill, is_there: Callable[[Backfill], bool], show: Show) -> Backfill:
    """Return the backfill once something holds of it.

    Raises:
        ForewordError: Another took its place, or no scheduler takes it up.
    """
    gives_up_at = time.monotonic() + _TAKEN_UP_SECONDS
    found = recorded
    while not is_there(found):
        if found.stage == BackfillStage.BACKFILL_STAGE_WAITING and (
            not found.scheduler_running or time.monotonic() > gives_up_at
        ):
            raise ForewordError(
                "the backfill is recorded, and no scheduler takes it up",
                hint="see `foreword status`; then `foreword backfill --status` says how far it is",
            )
        time.sleep(_LOOK_SECONDS)
        found = client.get_backfill().backfill
        if found.plan.backfill_id != recorded.plan.backfill_id:
            raise ForewordError("another backfill took this one's place", hint="foreword backfill --status")
        _show(found, show)
    return found


def _show(found: Backfill, show: Show) -> None:
    if found.stage == BackfillStage.BACKFILL_STAGE_ASKING:
        show("questions", found.questions.ended_count, found.counts.queued_count, "questions")
    elif found.HasField("estimate"):
        show("profiles", found.counts.seen_count, found.estimate.user_count, "users")


def _steer(settings: Settings, action: str) -> int:
    with connect(settings, timeout_seconds=_CALL_SECONDS) as client:
        if action != "status":
            return _end(settings, client.steer_backfill(_ACTIONS[action]).backfill)
        response = client.get_backfill()
    if not response.HasField("backfill"):
        if settings.as_json:
            print_json({"backfill": None})
        else:
            click.echo("No backfill was ever asked for")
        return 0
    return _end(settings, response.backfill)


def _end(settings: Settings, backfill: Backfill) -> int:
    """Print a backfill; return 0."""
    if settings.as_json:
        shown = message_dict(backfill, with_defaults=True)
        shown["stage"], shown["plan"]["backfill_id"] = (
            stage_name(backfill.stage),
            backfill.plan.backfill_id.hex(),
        )
        print_json(shown)
    else:
        click.echo(progress_text(backfill))
    return 0
