"""`foreword status`: the state of the store and both daemons."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import click
from google.protobuf.timestamp_pb2 import Timestamp

from foreword.cli.answer_text import answer_rows
from foreword.cli.connection import connect
from foreword.cli.entry import EXIT_FAILED, EXIT_OK, say_error
from foreword.cli.model_text import model_rows, request_path_text
from foreword.cli.output import bytes_text, message_dict, print_json, print_json_line, table
from foreword.cli.rank_text import ranking_rows
from foreword.cli.settings import Settings, address_option
from foreword.clock import format_time_ms
from foreword.errors import ServiceError
from foreword.naming import escaped
from foreword.v1.operator_service_pb2 import (
    EnvironmentStatus,
    FrontStatus,
    GetStatusResponse,
    RefreshPause,
    RetentionStatus,
    SegmentStatus,
)
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import LedgerTotals

_WATCH_SECONDS = 2.0
_PAUSED_USERS_SHOWN = 10

_HOUR = timedelta(hours=1)


@click.command("status")
@click.option(
    "--check", is_flag=True, help="End with exit code 1 when anything is wrong, for probes and scripts."
)
@click.option(
    "--watch",
    "watch_seconds",
    type=click.FloatRange(0.1, 3600),
    is_flag=False,
    flag_value=_WATCH_SECONDS,
    metavar="[SECONDS]",
    help=f"Print it every SECONDS until Ctrl-C; {_WATCH_SECONDS:g} when no number is given.",
)
@address_option
@click.pass_obj
def command(settings: Settings, check: bool, watch_seconds: float | None) -> int:
    """Print the state of the store and both daemons.

    Users by segment and freshness, what refreshes did and cost, what waits, and what is wrong. Ends with exit code 0
    when the sidecar answers and 1 when it does not; with --check also with 1 when there are problems.
    """
    if watch_seconds:
        if check:
            raise click.UsageError("--check ends at once and --watch never does; choose one")
        return _watch(settings, watch_seconds)
    status = _ask(settings)
    if settings.as_json:
        print_json(message_dict(status, with_defaults=True))
    else:
        click.echo("\n".join(_lines(status)))
    return EXIT_FAILED if check and status.problems else EXIT_OK


def _watch(settings: Settings, seconds: float, pause: Callable[[float], None] = time.sleep) -> int:
    """Print the state again and again; that no sidecar answers is worth watching too."""
    try:
        while True:
            try:
                status = _ask(settings)
            except ServiceError as exc:
                _start_over(settings)
                say_error(exc, as_json=settings.as_json)
            else:
                _start_over(settings)
                if settings.as_json:
                    print_json_line(message_dict(status, with_defaults=True))
                else:
                    click.echo("\n".join(_lines(status)))
            pause(seconds)
    except KeyboardInterrupt:
        return EXIT_OK


def _start_over(settings: Settings) -> None:
    """Begin a new picture: on a terminal in the former one's place, in a file below it."""
    if settings.as_json:
        return
    if sys.stdout.isatty():
        click.clear()
    else:
        click.echo()


def _ask(settings: Settings) -> GetStatusResponse:
    with connect(settings) as client:
        return client.status()


def segment_table(segments: list[SegmentStatus]) -> str:
    """Return users by segment and freshness as aligned columns, with their sums."""
    rows = [
        (
            segment_text(one.segment, one.segment_name),
            one.fresh_count,
            one.stale_count,
            one.expired_count,
            one.default_count,
        )
        for one in segments
    ]
    sums = ("all", *(sum(count) for count in zip(*(row[1:] for row in rows), strict=True)))
    return table(
        [*rows, sums if rows else ("all", 0, 0, 0, 0)],
        heading=("segment", "fresh", "stale", "expired", "default"),
    )


def _retention(retention: RetentionStatus) -> Iterator[tuple[str, str]]:
    """Yield what became of events past retention, once there are any."""
    facts = [
        (retention.band_count, "bands of days"),
        (retention.archived_count, "archived since the start"),
        (retention.waiting_count, "wait for the archive"),
        (retention.forgotten_count, "refused, their ids being forgotten"),
    ]
    said = [f"{count:,} {what}" for count, what in facts if count]
    if said:
        yield "old events", "; ".join(said)


def _comparisons(ledger: LedgerTotals) -> Iterator[tuple[str, str]]:
    skipped = ledger.comparisons_skipped
    if ledger.compared or skipped:
        said = f"{ledger.compared:,} with full refreshes, which differ in {ledger.differed:,}"
        yield "compared", f"{said}; {skipped:,} of users with too many events skipped" if skipped else said


def _lines(status: GetStatusResponse) -> Iterator[str]:
    yield segment_table(list(status.segments))
    ledger = status.ledger
    cost = f", {ledger.cost_micro_usd / 1e6:.2f} USD" if ledger.cost_micro_usd else ""
    skipped = f", {ledger.skipped:,} not allowed by the segment" if ledger.skipped else ""
    yield ""
    yield from table(
        [
            (
                "users",
                f"{status.user_count:,} with {status.event_count:,} events; {status.profile_count:,} profiles"
                + (
                    f"; {status.events_refused:,} events refused since the start"
                    if status.events_refused
                    else ""
                ),
            ),
            (
                "refreshes",
                f"{ledger.attempts:,}: {ledger.written:,} written, {ledger.unchanged:,} unchanged, "
                f"{ledger.defaults:,} default, {ledger.failed:,} failed{skipped}{cost}",
            ),
            *_comparisons(ledger),
            (
                "waiting",
                f"{status.due_count:,} users due, {status.trigger_count:,} triggers, "
                f"{status.write_queue_count:,} writes",
            ),
            *(("promise", _promise(one)) for one in status.segments if one.promised_share),
            *(("paused", pause_text(pause)) for pause in status.pauses),
            *_paused_users(status.user_pauses),
            *([("", f"{status.held_count:,} users wait for that to end")] if status.held_count else []),
            *_retention(status.retention),
            ("revision", f"{status.revision:,}"),
            (
                "scheduler",
                _scheduler(status),
            ),
            ("sidecar", f"version {status.version}, its time {time_text(status.now)}"),
            ("reads", front_text(status.front)),
            *((one.name, _environment(one)) for one in status.environments),
            *answer_rows(status.answers),
            *ranking_rows(status.ranking),
            *model_rows(status.model, [problem.message for problem in status.problems]),
        ]
    ).splitlines()
    yield ""
    expired = sum(one.expired_count for one in status.segments)
    if expired:
        yield f"Who is expired: foreword users --freshness expired ({expired:,})"
    if status.model.month.calls:
        yield f"In 30 days; foreword ledger has more. {request_path_text(status.model.request_path)}"
    yield from _problems(status)


def _promise(one: SegmentStatus) -> str:
    """Return how a freshness promise stands, for people."""
    name = segment_text(one.segment, one.segment_name)
    ages = [f"{label} {age.ToTimedelta() // _HOUR} h" for label, age in
            (("p50", one.age_p50), ("p95", one.age_p95), ("at most", one.age_max))]  # fmt: skip
    broken = f", broken since {time_text(one.broken_since)}" if one.HasField("broken_since") else ""
    shares = f"{one.found_share:.1%} not expired of {one.promised_share:.1%} promised"
    return f"{name}: {shares}{broken}; ages {', '.join(ages)}"


def pause_text(pause: RefreshPause) -> str:
    """Return a pause for people, its names as they are."""
    whose = pause.segment_name.replace("_", "-") or "all users"
    if pause.user_id:
        whose = f"user {pause.user_id}" + (f" in {pause.namespace}" if pause.namespace else "")
    return f"{whose} since {time_text(pause.since)}"


def _paused_users(pauses: Sequence[RefreshPause]) -> Iterator[tuple[str, str]]:
    yield from (("paused", pause_text(pause)) for pause in pauses[:_PAUSED_USERS_SHOWN])
    if len(pauses) > _PAUSED_USERS_SHOWN:
        yield "", f"and {len(pauses) - _PAUSED_USERS_SHOWN:,} users more: foreword status --json"


def _scheduler(status: GetStatusResponse) -> str:
    if not status.HasField("scheduler_seen_at"):
        return "never seen"
    state = "runs" if status.scheduler_running else "does not run"
    return f"{state}, seen {time_text(status.scheduler_seen_at)}"


def front_text(front: FrontStatus) -> str:
    """Return who answers reads, for people."""
    if not front.is_native:
        return f"by the sidecar itself: {front.reason}"
    restarts = f", started again {front.restarts:,} times" if front.restarts else ""
    calls = f"{front.answered:,} calls answered, {front.forwarded:,} handed to the sidecar"
    return f"by the native front, process {front.process_id}{restarts}; {calls}"


def _environment(one: EnvironmentStatus) -> str:
    held = one.oldest_view
    scrubbed = (
        f"looked through {time_text(one.scrubbed_at)}"
        if one.HasField("scrubbed_at")
        else "not looked through yet"
    )
    readers = f"{bytes_text(one.file_bytes)}, {scrubbed}, {one.reader_count:,} readers"
    if not held.pages_kept:
        return readers
    kept = bytes_text(held.pages_kept * held.page_bytes)
    return f"{readers}; process {held.pid} has held a view for {held.age.ToSeconds():,} s, {kept} wait for it"


def _problems(status: GetStatusResponse) -> Iterator[str]:
    if not status.problems:
        yield "No problems"
    for problem in status.problems:
        yield f"{click.style('Problem', fg='red', bold=True)} {problem.component}: {escaped(problem.message)}"
        yield f"  since {time_text(problem.since)}"


def time_text(moment: Timestamp) -> str:
    """Return a time of the sidecar's for people."""
    return format_time_ms(moment.ToMilliseconds())


def segment_text(segment: Segment, name: str) -> str:
    """Return a segment for people."""
    if segment == Segment.SEGMENT_UNSPECIFIED:
        return "not yet known"
    return name.replace("_", "-") or f"no longer configured ({segment})"
