"""`foreword status`: the state of the store and both daemons."""

from __future__ import annotations

from collections.abc import Iterator

import click
from google.protobuf.timestamp_pb2 import Timestamp

from foreword.cli.connection import connect
from foreword.cli.output import message_dict, print_json, table
from foreword.cli.settings import Settings, address_option
from foreword.clock import format_time_ms
from foreword.v1.operator_service_pb2 import GetStatusResponse, SegmentStatus
from foreword.v1.profile_pb2 import Segment


@click.command("status")
@address_option
@click.pass_obj
def command(settings: Settings) -> None:
    """Print the state of the store and both daemons.

    Users by segment and freshness, what refreshes did and cost, what waits, and what is wrong.
    """
    with connect(settings) as client:
        status = client.status()
    if settings.as_json:
        print_json(message_dict(status, with_defaults=True))
        return
    click.echo("\n".join(_lines(status)))


def segment_table(segments: list[SegmentStatus]) -> str:
    """Return users by segment and freshness as aligned columns, with their sums."""
    rows = [
        (_segment_name(one.segment), one.fresh_count, one.stale_count, one.expired_count, one.default_count)
        for one in segments
    ]
    sums = ("all", *(sum(count) for count in zip(*(row[1:] for row in rows), strict=True)))
    return table(
        [*rows, sums if rows else ("all", 0, 0, 0, 0)],
        heading=("segment", "fresh", "stale", "expired", "default"),
    )


def _lines(status: GetStatusResponse) -> Iterator[str]:
    yield segment_table(list(status.segments))
    ledger = status.ledger
    cost = f", {ledger.cost_micro_usd / 1e6:.2f} USD" if ledger.cost_micro_usd else ""
    yield ""
    yield from table(
        [
            (
                "users",
                f"{status.user_count:,} with {status.event_count:,} events; {status.profile_count:,} profiles",
            ),
            (
                "refreshes",
                f"{ledger.attempts:,}: {ledger.written:,} written, {ledger.unchanged:,} unchanged, "
                f"{ledger.defaults:,} default, {ledger.failed:,} failed{cost}",
            ),
            (
                "waiting",
                f"{status.due_count:,} users due, {status.trigger_count:,} triggers, "
                f"{status.write_queue_count:,} writes",
            ),
            ("revision", f"{status.revision:,}"),
            (
                "scheduler",
                f"seen {_shown(status.scheduler_seen_at)}"
                if status.HasField("scheduler_seen_at")
                else "never seen",
            ),
            ("sidecar", f"version {status.version}, its time {_shown(status.now)}"),
        ]
    ).splitlines()
    yield ""
    yield from _problems(status)


def _problems(status: GetStatusResponse) -> Iterator[str]:
    if not status.problems:
        yield "No problems"
    for problem in status.problems:
        yield f"{click.style('Problem', fg='red', bold=True)} {problem.component}: {problem.message}"
        yield f"  since {_shown(problem.since)}"


def _shown(time: Timestamp) -> str:
    return format_time_ms(time.ToMilliseconds())


def _segment_name(segment: Segment) -> str:
    name = Segment.Name(segment).removeprefix("SEGMENT_").lower()
    return "not yet known" if name == "unspecified" else name
