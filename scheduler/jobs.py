"""The fixed jobs, on APScheduler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from foreword.config import Config

UTC = ZoneInfo("UTC")
# Often enough for a sidecar to tell a dead scheduler within seconds, and one small commit each.
HEARTBEAT_SECONDS = 3.0
RELOAD_SECONDS = 1.0
# The provider's account of lost calls comes minutes late anyway; with none waiting it is a look at an empty table.
SETTLE_SECONDS = 30.0
# Whether topics mean the same is no urgent question, and a look at namespaces where nothing changed costs milliseconds.
TOPICS_SECONDS = 60.0
# A look at whether the configuration is another, or the night: microseconds.
DEFAULTS_SECONDS = 60.0
# The pass over all users is daily; this is how soon a new budget is followed.
POLICY_SECONDS = 30.0
# At full speed a sweep touches a few megabytes of the store a second.
MEMORY_SECONDS = 5.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Job = Callable[[], Awaitable[None]]


class Jobs:
    """Runs one function per fixed id, each at its own interval.

    Jobs live in memory and follow from the configuration; what is due for whom is in the due index, so nothing
    is lost with them.

    Args:
        functions: What each id of `intervals_seconds` runs; a function handles its own failures.
        config: Intervals to begin with.
    """

    def __init__(self, functions: Mapping[str, Job], config: Config) -> None:
        self._scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": AsyncIOExecutor()},
            # Late is better than never, once is enough, and no job overtakes itself. APScheduler's own default
            # skips whatever is over a second late.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone=UTC,
        )
        self._intervals = intervals_seconds(config)
        for job_id, seconds in self._intervals.items():
            self._scheduler.add_job(functions[job_id], _trigger(job_id, seconds), id=job_id)

    @property
    def ids(self) -> list[str]:
        """The ids of all jobs."""
        return sorted(job.id for job in self._scheduler.get_jobs())

    def start(self) -> None:
        """Begin; call it inside the running event loop."""
        self._scheduler.start()

    def run_soon(self, job_id: str) -> None:
        """Run a job at once, and then at its interval again."""
        self._scheduler.modify_job(job_id, next_run_time=datetime.now(UTC))

    def bring_forward(self) -> None:
        """Run at once what is further off than its interval: the machine's clock was set back."""
        now = datetime.now(UTC)
        for job in self._scheduler.get_jobs():
            if job.next_run_time > now + timedelta(seconds=self._intervals[job.id]):
                job.modify(next_run_time=now)

    def reschedule(self, config: Config) -> None:
        """Take over changed intervals; a job whose interval stays keeps its time."""
        intervals = intervals_seconds(config)
        for job_id, seconds in intervals.items():
            if seconds != self._intervals[job_id]:
                self._scheduler.reschedule_job(job_id, trigger=_trigger(job_id, seconds))
        self._intervals = intervals

    def stop(self) -> None:
        """Start no further job."""
        self._scheduler.shutdown(wait=False)


def intervals_seconds(config: Config) -> dict[str, float]:
    """Return the interval of every job."""
    return {
        "sweep": config.scheduler.sweep_seconds,
        "review": config.scheduler.review_seconds,
        "upkeep": config.store.reader_check_seconds,
        "memory": MEMORY_SECONDS,
        "heartbeat": HEARTBEAT_SECONDS,
        "settle": SETTLE_SECONDS,
        "topics": TOPICS_SECONDS,
        "defaults": DEFAULTS_SECONDS,
        "trends": DEFAULTS_SECONDS,
        "policy": POLICY_SECONDS,
        "ranking": DEFAULTS_SECONDS,
        "reload": RELOAD_SECONDS,
    }


def _trigger(job_id: str, seconds: float) -> IntervalTrigger:
    # Days are counted in UTC, so that once a day means when one has ended.
    aligned = _EPOCH if job_id == "review" else None
    return IntervalTrigger(seconds=seconds, start_date=aligned, timezone=UTC)
