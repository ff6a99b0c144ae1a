"""What the scheduler counts of refreshes, and serves to Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import foreword
from foreword.clock import Clock
from foreword.problems import Problems
from foreword.telemetry import Histogram, Metric, Page, word
from foreword.v1.model_work_pb2 import ModelMode, ModelOutcome
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
    """Counts attempts as they are written.

    Args:
        problems: What is wrong now.
        running_count: Returns how many attempts are under way.
        clock: Tells the time.
    """

    def __init__(self, problems: Problems, running_count: Callable[[], int], clock: Clock) -> None:
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
            call = attempt.ending.call
            mode, outcome = ModelMode.Name(call.mode), ModelOutcome.Name(call.outcome)
            self._answers[word(mode, "MODEL_MODE_"), word(outcome, "MODEL_OUTCOME_")] += 1
            return
        reason = word(RefreshReason.Name(attempt.state.reason), "REFRESH_REASON_")
        outcome = word(RefreshOutcome.Name(attempt.outcome), "REFRESH_OUTCOME_")
        if attempt.put_off_ms is not None:
            outcome = _PUT_OFF
        self._refreshes[reason, outcome] += 1
        self._durations.setdefault(outcome, Histogram()).add(attempt.duration_us / 1_000_000)
        if attempt.state.triggered_ms:
            waited_ms = max(0, self._clock.now_ms() - attempt.state.triggered_ms)
            self._waits.setdefault(reason, Histogram()).add(waited_ms / 1000)

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
