"""What the scheduler counts of refreshes and serves to Prometheus, and the spans it records of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import foreword
from foreword.clock import Clock
from foreword.problems import Problems
from foreword.telemetry import Histogram, Metric, Page, word
from foreword.telemetry.tracing import Attributes, Tracing
from foreword.v1.model_work_pb2 import ModelCall, ModelMode, ModelOutcome
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshReason
from scheduler.attempt import Attempt

INFO = Metric(
    "foreword_scheduler_info", "gauge", "Always 1; the label says which version runs.", ("version",)
)
PROBLEMS = Metric(
    "foreword_scheduler_problems", "gauge", "Conditions that last, as the scheduler itself sees them."
)
REFRESHES = Metric(
    "foreword_refreshes_total",
    "counter",
    "Refreshes by code that are on disk, by why they began and how they ended; `put_off`: not worth it now.",
    ("reason", "outcome"),
)
SECONDS = Metric(
    "foreword_refresh_duration_seconds",
    "histogram",
    "How long a refresh by code took to read and compute, without its commit.",
    ("outcome",),
)
WAITED = Metric(
    "foreword_refresh_wait_seconds",
    "histogram",
    "How long after its trigger was acknowledged a refresh was on disk.",
    ("reason",),
)
RUNNING = Metric("foreword_refreshes_running", "gauge", "Refreshes that have begun and are not yet on disk.")
ANSWERS = Metric(
    "foreword_model_answers_total",
    "counter",
    "Questions to models, by what became of them; those of users erased meanwhile are in the ledger alone.",
    ("mode", "outcome"),
)
METRICS = (INFO, PROBLEMS, REFRESHES, SECONDS, WAITED, RUNNING, ANSWERS)

_PUT_OFF = "put_off"


class SchedulerMetrics:
    """Counts attempts as they are written, and traces those that are drawn.

    Attributes:
        tracing: Records spans; None where none is wanted.

    Args:
        problems: What is wrong now.
        running_count: Returns how many attempts are under way.
        clock: Tells the time.
    """

    def __init__(self, problems: Problems, running_count: Callable[[], int], clock: Clock) -> None:
        self.tracing: Tracing | None = None
        self._problems = problems
        self._running_count = running_count
        self._clock = clock
        self._refreshes: Counter[tuple[str, str]] = Counter()
        self._answers: Counter[tuple[str, str]] = Counter()
        self._durations: dict[str, Histogram] = {}
        self._waits: dict[str, Histogram] = {}

    def count(self, attempt: Attempt) -> None:
        """Count an attempt that is on disk."""
        if attempt.ending is not None:
            self._count_answer(attempt.ending.call)
            return
        reason = word(RefreshReason.Name(attempt.state.reason), "REFRESH_REASON_")
        outcome = word(RefreshOutcome.Name(attempt.outcome), "REFRESH_OUTCOME_")
        if attempt.put_off_ms is not None:
            outcome = _PUT_OFF
        self._refreshes[reason, outcome] += 1
        self._durations.setdefault(outcome, Histogram()).add(attempt.duration_us / 1_000_000)
        now_ms = self._clock.now_ms()
        if attempt.state.triggered_ms:
            waited_ms = max(0, now_ms - attempt.state.triggered_ms)
            self._waits.setdefault(reason, Histogram()).add(waited_ms / 1000)
        if self.tracing is not None and (within := self.tracing.drawn()) is not None:
            attributes: Attributes = {
                "foreword.reason": reason,
                "foreword.outcome": outcome,
                "foreword.event_count": attempt.event_count,
                "foreword.compute_us": attempt.duration_us,
            }
            seconds = max(0, now_ms - attempt.started_ms) / 1000
            self.tracing.record("refresh", seconds, attributes, within=within, is_error=bool(attempt.error))

    def _count_answer(self, call: ModelCall) -> None:
        mode = word(ModelMode.Name(call.mode), "MODEL_MODE_")
        outcome = word(ModelOutcome.Name(call.outcome), "MODEL_OUTCOME_")
        self._answers[mode, outcome] += 1
        if self.tracing is not None and (within := self.tracing.drawn()) is not None:
            attributes: Attributes = {
                "foreword.mode": mode,
                "foreword.outcome": outcome,
                "gen_ai.provider.name": call.provider,
                "gen_ai.request.model": call.model,
                "gen_ai.usage.input_tokens": call.input_tokens,
                "gen_ai.usage.output_tokens": call.output_tokens,
            }
            self.tracing.record(
                "model answer",
                call.duration_us / 1_000_000,
                attributes,
                within=within,
                is_error=bool(call.error),
            )

    async def read(self) -> Page:
        """Return the values of the moment."""
        page = Page()
        page.put(INFO, 1, foreword.__version__)
        page.put(PROBLEMS, len(self._problems.listed()))
        page.put(RUNNING, self._running_count())
        for labels, count in self._refreshes.items():
            page.put(REFRESHES, count, *labels)
        for outcome, durations in self._durations.items():
            page.put(SECONDS, durations, outcome)
        for reason, waits in self._waits.items():
            page.put(WAITED, waits, reason)
        for labels, count in self._answers.items():
            page.put(ANSWERS, count, *labels)
        return page
