"""How all of it does: freshness by segment, what is due and what fails, what it costs, and how long calls take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foreword.cli.answer_text import answer_rows
from foreword.cli.model_text import model_rows, request_path_text
from foreword.cli.rank_text import ranking_rows
from foreword.cli.status import front_text
from foreword.cli.ui.charts import Share, bar_shares, day_bars
from foreword.cli.ui.rendering import Renderer
from foreword.cli.ui.sidecar import Sidecar, attempt
from foreword.clock import DAY_MS, day_text
from foreword.errors import ForewordError
from foreword.v1.ledger_pb2 import LedgerAttempt, LedgerSum
from foreword.v1.operator_service_pb2 import GetLedgerResponse, GetStatusResponse, SegmentStatus
from foreword.v1.refresh_pb2 import RefreshOutcome

# Newest attempts in which failures are looked for: half a millisecond, and at ten refreshes a second half a minute. The
# list of users has all of them.
_ATTEMPTS = 500
_FAILURES_SHOWN = 8
_PAUSED_SHOWN = 8
_DAYS_SHOWN = 14
_FRESHNESS = ("fresh", "stale", "expired", "default")


class SegmentRow(NamedTuple):
    """A segment, with its users by freshness."""

    segment: SegmentStatus
    total: int
    counts: list[tuple[str, int]]
    shares: list[Share]


class Overview:
    """The first page.

    Args:
        sidecar: Where newest attempts and costs are asked for.
        render: Makes pages.
    """

    def __init__(self, sidecar: Sidecar, render: Renderer) -> None:
        self._sidecar = sidecar
        self._render = render

    def routes(self) -> list[Route]:
        """Return where it is."""
        return [Route("/", self.show)]

    def show(self, request: Request) -> Response:
        """Return the page."""
        errors: list[ForewordError] = []
        seen = self._render.latest()
        status = seen.status or GetStatusResponse()
        attempts, days = self._attempts(errors), None
        if status.model.month.calls and not errors:
            days = self._days(self._render.now_ms(seen), errors)
        rows = [segment_row(segment) for segment in status.segments]
        return self._render.page(
            request,
            "overview",
            seen=seen,
            status=status,
            rows=rows,
            all=_sums(rows),
            failures=list(_failures(attempts)),
            attempts_max=_ATTEMPTS,
            paused_max=_PAUSED_SHOWN,
            errors=[] if seen.error else errors,
            days=days,
            spent=_spent_share(status),
            models=list(model_rows(status.model, [problem.message for problem in status.problems])),
            others=[
                *answer_rows(status.answers),
                *ranking_rows(status.ranking),
                ("reads", front_text(status.front)),
            ],
            request_path=request_path_text(status.model.request_path) if status.model.month.calls else "",
        )

    def _attempts(self, errors: list[ForewordError]) -> GetLedgerResponse:
        ask = lambda: self._sidecar.client().ledger(attempts_max=_ATTEMPTS)  # noqa: E731 - one expression, asked once
        return attempt(ask, errors) or GetLedgerResponse()

    def _days(self, now_ms: int, errors: list[ForewordError]) -> object:
        """Return what models cost on each of the newest days."""
        today = now_ms // DAY_MS
        first = day_text(today - _DAYS_SHOWN + 1)
        ask = lambda: self._sidecar.client().ledger(from_day=first, group_by=["LEDGER_GROUP_DAY"])  # noqa: E731
        found = attempt(ask, errors) or GetLedgerResponse()
        costs = {row.day: row.cost_micro_usd for row in _of_days(found.sums)}
        names = [day_text(day) for day in range(today - _DAYS_SHOWN + 1, today + 1)]
        return day_bars([(name, costs.get(name, 0)) for name in names])


def segment_row(segment: SegmentStatus) -> SegmentRow:
    """Return a segment with what the page says of it."""
    counts = [(name, getattr(segment, f"{name}_count")) for name in _FRESHNESS]
    return SegmentRow(segment, sum(count for _, count in counts), counts, bar_shares(counts))


def _sums(rows: Iterable[SegmentRow]) -> dict[str, int]:
    sums = dict.fromkeys((*_FRESHNESS, "total"), 0)
    for row in rows:
        sums["total"] += row.total
        for name, count in row.counts:
            sums[name] += count
    return sums


def _failures(ledger: GetLedgerResponse) -> Iterator[LedgerAttempt]:
    """Yield the users whose newest attempt failed, each once."""
    known: set[tuple[str, str]] = set()
    shown = 0
    for attempted in ledger.attempts:
        user = (attempted.namespace, attempted.user_id)
        if user in known or not attempted.user_id:
            continue
        known.add(user)
        if attempted.entry.outcome == RefreshOutcome.REFRESH_OUTCOME_FAILED and shown < _FAILURES_SHOWN:
            shown += 1
            yield attempted


def _of_days(sums: Iterable[LedgerSum]) -> Iterator[LedgerSum]:
    return (row for row in sums if row.day)


def _spent_share(status: GetStatusResponse) -> float | None:
    """Return what share of the day's budget is spent, 0 to 1; None without one."""
    model = status.model
    if not model.HasField("day_budget_micro_usd"):
        return None
    if not model.day_budget_micro_usd:
        return 1.0
    return min(1.0, model.today.cost_micro_usd / model.day_budget_micro_usd)
