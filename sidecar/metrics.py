"""What the sidecar serves to Prometheus: its calls, and what GetStatus says."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from foreword.config_segments import Segments
from foreword.followed_config import FollowedConfig
from foreword.telemetry import Metric, Page, word
from foreword.v1.answer_pb2 import AnswerTotals, HitKind, Tier
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.model_status_pb2 import ModelStatus
from foreword.v1.model_work_pb2 import ModelWait
from foreword.v1.operator_service_pb2 import GetStatusResponse, SegmentStatus
from sidecar import access, calls
from sidecar.access import Access
from sidecar.calls import Calls
from sidecar.counts import StoreCounter
from sidecar.front_lines import FrontLines
from sidecar.operator_service import OperatorService
from sidecar.readers import Readers, ReaderWatch
from sidecar.reads import Reads

_MICRO = 1e-6
# A read of a user who has no row: served what strangers are served.
_UNKNOWN = "unknown"


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, "counter", text, labels)


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, "gauge", text, labels)


INFO = _gauge("foreword_sidecar_info", "Always 1; the label says which version runs.", "version")
PROBLEMS = _gauge(
    "foreword_problems", "Conditions that last, of both daemons, as in `foreword status`.", "component"
)
SCHEDULER_SEEN = _gauge(
    "foreword_scheduler_seen_timestamp_seconds",
    "When the scheduler last showed life, in seconds since 1970; 0 when it never did.",
)

FRONT = _gauge("foreword_front_native", "1 while the native front answers reads, else 0.")
FRONT_CALLS = _counter(
    "foreword_front_calls_total",
    "Calls that the native front took: answered by it, or forwarded to the sidecar.",
    "outcome",
)
FRONT_RESTARTS = _counter("foreword_front_restarts_total", "How often the native front was started again.")
FRONT_CONNECTIONS = _gauge("foreword_front_connections", "Connections that the native front serves.")
FRONT_LIMITED = _counter(
    "foreword_front_limited_total",
    "Connections that the native front refused (sidecar.connections_max), or ended because their clients took nothing "
    "(sidecar.unsent_bytes_max).",
    "outcome",
)
READS = _counter(
    "foreword_reads_total",
    "Profiles and forewords handed out, by the user's segment (`unknown` for users without a profile) and the "
    "freshness that was told; `default` is a default profile, all else the user's own.",
    "segment",
    "freshness",
)
ACCEPTED = _counter("foreword_events_accepted_total", "Events accepted.")
REFUSED = _counter("foreword_events_refused_total", "Events refused, for whatever reason.")
QUEUE = _gauge(
    "foreword_write_queue_events", "Events that wait for the disk; at most sidecar.write_queue_events_max."
)

PROFILES = _gauge("foreword_profiles", "Stored profiles, by segment and freshness.", "segment", "freshness")
AGE = _gauge(
    "foreword_profile_age_seconds",
    "Age of users' own profiles since they were computed, in whole hours.",
    "segment",
    "statistic",
)
PROMISED = _gauge(
    "foreword_freshness_promised_ratio",
    "Share of a segment's profiles that must not be expired; left out where nothing is promised.",
    "segment",
)
FOUND = _gauge("foreword_freshness_found_ratio", "Share that is not, where something is promised.", "segment")
BROKEN = _gauge("foreword_freshness_broken", "1 while the promise of a segment is broken, else 0.", "segment")
COUNTED = _gauge(
    "foreword_counted_timestamp_seconds",
    "When profiles, users, events and due times were counted; in a large store some minutes ago.",
)

USERS = _gauge("foreword_users", "Users who ever sent an event.")
EVENTS = _gauge("foreword_events", "Events in the store.")
DUE = _gauge("foreword_users_due", "Users due for a refresh now and not yet refreshed.")
HELD = _gauge("foreword_users_held", "Users whom a pause holds back.")
TRIGGERS = _gauge("foreword_triggers_waiting", "Triggers that the scheduler has not taken.")

FILE = _gauge("foreword_store_file_bytes", "Size of an environment's data file.", "environment")
MAP = _gauge("foreword_store_map_bytes", "Size that the data file may grow to.", "environment")
READERS = _gauge(
    "foreword_store_readers",
    "Reader slots in use, by all processes; at most store.readers_max.",
    "environment",
)
VIEW_AGE = _gauge(
    "foreword_store_oldest_view_age_seconds",
    "For how long the oldest view has been seen; 0 without one.",
    "environment",
)
KEPT = _gauge(
    "foreword_store_kept_bytes",
    "Freed pages that wait for the oldest view, for which the file grows.",
    "environment",
)
DISK = _gauge("foreword_store_disk_free_bytes", "What is left on the disk of the store.")
UNARCHIVED = _gauge("foreword_events_unarchived", "Events past retention that wait for the archive.")

MODEL_COST = _gauge(
    "foreword_model_cost_dollars",
    "What models cost for profiles: today, UTC, and in the last 30 days.",
    "period",
)
MODEL_BUDGET = _gauge(
    "foreword_model_day_budget_dollars",
    "What a day may cost (budget.day_micro_usd); left out without a limit.",
)
MODEL_RESERVED = _gauge(
    "foreword_model_reserved_dollars", "The most that calls and batches under way can still cost."
)
MODEL_DUE = _gauge("foreword_model_users_due", "Users about whom a model is due to be asked.", "mode")
MODEL_WAITING = _gauge(
    "foreword_model_users_waiting", "Users who wait for a model beyond their time.", "reason"
)

ANSWERS = _counter(
    "foreword_answers_total", "Answers since the cache was made, by how their core was found.", "hit"
)
ANSWERS_FAILED = _counter("foreword_answers_failed_total", "Calls that got no answer.")
ANSWERS_STALE = _counter(
    "foreword_answers_stale_total", "Answers from a core that was due to be written anew."
)
ANSWERS_COST = _counter("foreword_answers_cost_dollars_total", "What answers cost, by tier.", "tier")
ANSWERS_UNTIERED = _counter(
    "foreword_answers_untiered_cost_dollars_total", "What they would have cost without shared cores."
)
CORES = _gauge("foreword_answer_cache_bytes", "What cores take on disk.")

RANKINGS = _counter("foreword_rankings_total", "Orders of actions that were offered.")
FEEDBACK = _counter("foreword_ranking_feedback_total", "Feedback taken on them.")
RANKING_MODEL = _gauge(
    "foreword_ranking_model_version", "The global model in force; 0 for the one that knows nothing yet."
)

METRICS = (
    *calls.METRICS,
    *access.METRICS,
    INFO,
    PROBLEMS,
    SCHEDULER_SEEN,
    FRONT,
    FRONT_CALLS,
    FRONT_RESTARTS,
    FRONT_CONNECTIONS,
    FRONT_LIMITED,
    READS,
    ACCEPTED,
    REFUSED,
    QUEUE,
    PROFILES,
    AGE,
    PROMISED,
    FOUND,
    BROKEN,
    COUNTED,
    USERS,
    EVENTS,
    DUE,
    HELD,
    TRIGGERS,
    FILE,
    MAP,
    READERS,
    VIEW_AGE,
    KEPT,
    DISK,
    UNARCHIVED,
    MODEL_COST,
    MODEL_BUDGET,
    MODEL_RESERVED,
    MODEL_DUE,
    MODEL_WAITING,
    ANSWERS,
    ANSWERS_FAILED,
    ANSWERS_STALE,
    ANSWERS_COST,
    ANSWERS_UNTIERED,
    CORES,
    RANKINGS,
    FEEDBACK,
    RANKING_MODEL,
)


class SidecarMetrics:
    """Reads all of it, as of now; nothing of it looks through the store more often than is said at `COUNTED`."""

    def __init__(
        self,
        operator: OperatorService,
        counter: StoreCounter,
        followed: Calls,
        reads: Reads,
        readers: ReaderWatch,
        *,
        gate: Access,
        front: FrontLines,
        live: FollowedConfig,
    ) -> None:
        self._access = gate
        self._front = front
        self._operator = operator
        self._counter = counter
        self._calls = followed
        self._reads = reads
        self._readers = readers
        self._live = live

    async def read(self) -> Page:
        """Return the values of the moment."""
        status = self._operator.status(await self._counter.lately())
        config = self._live.current
        page = Page()
        self._calls.put(page)
        self._access.put(page)
        _put_whole(page, status)
        _put_front(page, self._front)
        _put_reads(page, self._reads, config.segments)
        for segment in status.segments:
            _put_segment(page, segment)
        _put_environments(page, self._readers.seen)
        page.put(DISK, shutil.disk_usage(config.store.directory).free)
        _put_model(page, status.model)
        if status.HasField("answers"):
            _put_answers(page, status.answers)
        if status.HasField("ranking"):
            page.put(RANKINGS, status.ranking.decision_count)
            page.put(FEEDBACK, status.ranking.feedback_count)
            page.put(RANKING_MODEL, status.ranking.model_version)
        return page


def _put_whole(page: Page, status: GetStatusResponse) -> None:
    page.put(INFO, 1, status.version)
    components = [problem.component for problem in status.problems]
    for component in sorted(set(components)):
        page.put(PROBLEMS, components.count(component), component)
    page.put(SCHEDULER_SEEN, status.scheduler_seen_at.ToMilliseconds() / 1000)
    page.put(FRONT, status.front.is_native)
    page.put(FRONT_CALLS, status.front.answered, "answered")
    page.put(FRONT_CALLS, status.front.forwarded, "forwarded")
    page.put(FRONT_RESTARTS, status.front.restarts)
    page.put(ACCEPTED, status.events_accepted)
    page.put(REFUSED, status.events_refused)
    page.put(QUEUE, status.write_queue_count)
    page.put(COUNTED, status.counted_at.ToMilliseconds() / 1000)
    page.put(USERS, status.user_count)
    page.put(EVENTS, status.event_count)
    page.put(DUE, status.due_count)
    page.put(HELD, status.held_count)
    page.put(TRIGGERS, status.trigger_count)
    page.put(UNARCHIVED, status.retention.waiting_count)


def _put_front(page: Page, front: FrontLines) -> None:
    page.put(FRONT_CONNECTIONS, front.connection_count)
    page.put(FRONT_LIMITED, front.refused_count, "refused")
    page.put(FRONT_LIMITED, front.ended_count, "ended")


def _put_reads(page: Page, reads: Reads, segments: Segments) -> None:
    for (number, freshness), count in sorted(reads.totals.items()):
        segment = _segment(segments.name_of(number), number) if number else _UNKNOWN
        page.put(READS, count, segment, word(Freshness.Name(freshness), "FRESHNESS_"))


def _put_segment(page: Page, status: SegmentStatus) -> None:
    name = _segment(status.segment_name, status.segment)
    page.put(PROFILES, status.fresh_count, name, "fresh")
    page.put(PROFILES, status.stale_count, name, "stale")
    page.put(PROFILES, status.expired_count, name, "expired")
    page.put(PROFILES, status.default_count, name, "default")
    for statistic in ("p50", "p95", "max"):
        if status.HasField(f"age_{statistic}"):
            page.put(AGE, getattr(status, f"age_{statistic}").ToSeconds(), name, statistic)
    if status.promised_share:
        page.put(PROMISED, status.promised_share, name)
        page.put(FOUND, status.found_share, name)
        page.put(BROKEN, status.HasField("broken_since"), name)


def _put_environments(page: Page, seen: Sequence[Readers]) -> None:
    for one in seen:
        page.put(FILE, one.file_bytes, one.name)
        page.put(MAP, one.map_bytes, one.name)
        page.put(READERS, one.reader_count, one.name)
        page.put(VIEW_AGE, one.age_seconds, one.name)
        page.put(KEPT, one.oldest.pages_kept * one.oldest.page_bytes if one.oldest else 0, one.name)


def _put_model(page: Page, model: ModelStatus) -> None:
    page.put(MODEL_COST, model.today.cost_micro_usd * _MICRO, "today")
    page.put(MODEL_COST, model.month.cost_micro_usd * _MICRO, "month")
    if model.HasField("day_budget_micro_usd"):
        page.put(MODEL_BUDGET, model.day_budget_micro_usd * _MICRO)
    page.put(MODEL_RESERVED, model.reserved_micro_usd * _MICRO)
    page.put(MODEL_DUE, model.messages_due_count, "messages")
    page.put(MODEL_DUE, model.batch_due_count, "batch")
    for waiting in model.waiting:
        page.put(MODEL_WAITING, waiting.user_count, word(ModelWait.Name(waiting.wait), "MODEL_WAIT_"))


def _put_answers(page: Page, answers: AnswerTotals) -> None:
    for hits in answers.hits:
        page.put(ANSWERS, hits.count, word(HitKind.Name(hits.hit), "HIT_KIND_"))
    page.put(ANSWERS_FAILED, answers.failed_count)
    page.put(ANSWERS_STALE, answers.stale_count)
    for cost in answers.costs:
        page.put(ANSWERS_COST, cost.micro_usd * _MICRO, word(Tier.Name(cost.tier), "TIER_"))
    page.put(ANSWERS_UNTIERED, answers.untiered_micro_usd * _MICRO)
    page.put(CORES, answers.cache_bytes)


def _segment(name: str, number: int) -> str:
    """Return a segment's name; of one that is no longer in the configuration its number, so that two stay two."""
    return name or f"segment-{number}"
