"""`foreword ledger`: what language models cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import click

from foreword.cli.connection import connect
from foreword.cli.model_text import mode_name, no_model_text, outcome_name, request_path_text
from foreword.cli.output import message_dict, note, print_json, table, usd_text
from foreword.cli.settings import Settings, user_options
from foreword.cli.status import segment_text, time_text
from foreword.clock import day_text, parse_day
from foreword.errors import FieldError
from foreword.v1.ledger_pb2 import LedgerCall, LedgerGroup, LedgerSum
from foreword.v1.model_work_pb2 import ModelOutcome
from foreword.v1.operator_service_pb2 import GetLedgerResponse

_GROUPS = {name.removeprefix("LEDGER_GROUP_").lower(): name for name in LedgerGroup.keys()[1:]}
_OUTCOMES = {
    name.removeprefix("MODEL_OUTCOME_").lower().replace("_", "-"): name for name in ModelOutcome.keys()[1:]
}
# Of one user somebody wants to see what happened, not the sums of everybody.
_CALLS_OF_USER = 20
_CALLS_MAX = 1000
# Ten thousand sums take a fifth of a second, and looking through a hundred thousand calls half of one; on a busy
# machine some times that.
_TIMEOUT_SECONDS = 20.0


def _groups(_context: click.Context, _parameter: click.Parameter, value: str) -> list[str]:
    """Return the names of groups between commas."""
    names = [name.strip() for name in value.split(",")] if value else []
    for name in names:
        if name not in _GROUPS:
            raise click.BadParameter(f"{name!r} is none of {', '.join(_GROUPS)}")
    if len(set(names)) < len(names):
        raise click.BadParameter(f"{value!r} names one twice")
    return names


def _day(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Return a day as it is given, if it is one."""
    try:
        parse_day(value or day_text(0))
    except FieldError as exc:
        raise click.BadParameter(f"found {exc.found}; allowed: {exc.allowed}") from exc
    return value


@click.command("ledger")
@click.option(
    "--by",
    "groups",
    callback=_groups,
    default="day",
    show_default=True,
    metavar="GROUP,…",
    help=f"What sums are told apart by: {', '.join(_GROUPS)}. '' for the total alone.",
)
@click.option(
    "--from",
    "from_day",
    callback=_day,
    default="",
    metavar="DATE",
    help="The first day, UTC; all when left out.",
)
@click.option("--to", "to_day", callback=_day, default="", metavar="DATE", help="The last day, UTC.")
@click.option(
    "--user",
    default="",
    metavar="USER",
    help=f"Print the newest calls about USER, {_CALLS_OF_USER} unless --calls says, and no sums.",
)
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    type=click.Choice(list(_OUTCOMES)),
    help="Of single calls, only those with this end; may be given again.",
)
@click.option(
    "--calls",
    "calls_max",
    type=click.IntRange(0, _CALLS_MAX),
    default=None,
    metavar="N",
    help="Print the newest N calls one by one, too.",
)
@user_options
@click.pass_obj
def command(
    settings: Settings,
    *,
    groups: list[str],
    from_day: str,
    to_day: str,
    user: str,
    outcomes: tuple[str, ...],
    calls_max: int | None,
) -> None:
    """Print what language models cost, in US dollars, exact to the millionth.

    Below the sums stands what the same reads would have cost with a model in the path of every request:

    \b
      reads × mean cost of one answer, against what was spent

    Reads are the profiles and forewords that the sidecar handed out (each user of a batch is one; reads in process are
    not counted). The mean is over the answers in the ledger, as single calls: a batch's at the price of a single call,
    for nobody waits for a batch in a request.
    """
    if calls_max is None:
        calls_max = _CALLS_OF_USER if user or outcomes else 0
    with connect(settings, timeout_seconds=_TIMEOUT_SECONDS) as client:
        found = client.ledger(
            from_day=from_day,
            to_day=to_day,
            group_by=[_GROUPS[name] for name in groups],
            calls_max=calls_max,
            outcomes=[_OUTCOMES[name] for name in outcomes],
            user_id=user,
        )
        health = client.status().model if not found.total.calls else None
    if settings.as_json:
        print_json(message_dict(found, with_defaults=True))
        return
    if health is not None:
        note(no_model_text(health, between=bool(from_day or to_day)))
    if found.total.calls and not user:
        click.echo("\n".join(_sums(found, groups)))
    if calls_max:
        _print_calls(found.calls, is_apart=bool(found.total.calls) and not user)
    if not user and (found.total.calls or found.request_path.read_count):
        click.echo()
        click.echo(request_path_text(found.request_path))


def _sums(found: GetLedgerResponse, groups: Sequence[str]) -> Iterator[str]:
    with_reads = all(row.HasField("read_count") for row in found.sums)
    reads = ["reads"] if with_reads else []
    heading = [*groups, *reads, "calls", "tokens read", "cached", "written", "applied", "refused", "USD"]
    rows = [_row(row, groups, with_reads=with_reads) for row in found.sums]
    last = _row(found.total, groups, with_reads=with_reads)
    if groups:
        last = ["all", *[""] * (len(groups) - 1), *last[len(groups) :]]
    yield table([*rows, last], heading=heading)
    total = found.total
    if total.estimated_micro_usd:
        yield f"Of it {usd_text(total.estimated_micro_usd)} USD is an estimate: the provider has not said yet"
    if total.cache_read_tokens or total.cache_write_tokens:
        yield f"The prompt cache saved {usd_text(total.cache_saved_micro_usd)} USD of that, by today's prices"


def _row(row: LedgerSum, groups: Sequence[str], *, with_reads: bool) -> list[object]:
    named = {
        "day": row.day,
        "segment": segment_text(row.segment, row.segment_name),
        "provider": row.provider,
        "model": row.model,
        "mode": mode_name(row.mode),
        "outcome": outcome_name(row.outcome),
    }
    read = row.input_tokens + row.cache_read_tokens + row.cache_write_tokens
    return [
        *(named[group] for group in groups),
        *([row.read_count] if with_reads else []),
        row.calls,
        read,
        row.cache_read_tokens,
        row.output_tokens,
        row.applied_count,
        row.refused_count,
        usd_text(row.cost_micro_usd),
    ]


def _print_calls(calls: Iterable[LedgerCall], *, is_apart: bool) -> None:
    rows = [_call(call) for call in calls]
    if is_apart:
        click.echo()
    if rows:
        heading = (
            "sent",
            "seconds",
            "user",
            "model",
            "mode",
            "outcome",
            "read",
            "written",
            "USD",
            "what was wrong",
        )
        click.echo(table(rows, heading=heading))
    else:
        note("No such call")


def _call(call: LedgerCall) -> tuple[object, ...]:
    who = f"{call.user_id} in {call.namespace}" if call.namespace else call.user_id
    read = call.input_tokens + call.cache_read_tokens + call.cache_write_tokens
    return (
        time_text(call.started_at),
        f"{call.duration.ToMicroseconds() / 1e6:,.3f}",
        who or "(erased)",
        call.model,
        mode_name(call.mode),
        outcome_name(call.outcome),
        read,
        call.output_tokens,
        usd_text(call.cost_micro_usd) + (" at most" if call.is_estimate else ""),
        call.error,
    )
