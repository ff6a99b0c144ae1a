"""The fixed jobs and the machine's clock."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta, tzinfo

import pytest
from apscheduler.schedulers import base
from waiting import let_pass_async, until_async

from foreword.cli import logs
from foreword.config import Config
from scheduler import jobs
from scheduler.jobs import Jobs, intervals_seconds


class Shifted(datetime):
    """The machine's time, moved."""

    shift = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """Return the time."""
        return datetime.now(tz) + cls.shift


def test_jobs_go_on_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every job runs within its interval again, not when the clock has caught up; others keep their time."""
    monkeypatch.setattr(base, "datetime", Shifted)
    monkeypatch.setattr(jobs, "datetime", Shifted)
    monkeypatch.setattr(Shifted, "shift", timedelta(hours=5))
    config = Config()
    ran: list[str] = []

    def noting(job_id: str) -> jobs.Job:
        async def note() -> None:
            ran.append(job_id)

        return note

    async def story() -> None:
        fixed = Jobs({job_id: noting(job_id) for job_id in intervals_seconds(config)}, config)
        fixed.start()
        for job_id in fixed.ids:
            fixed.run_soon(job_id)
        await until_async(lambda: sorted(ran) == fixed.ids)
        fixed.bring_forward()
        await let_pass_async(0.05)
        assert sorted(ran) == fixed.ids
        monkeypatch.setattr(Shifted, "shift", timedelta())
        ran.clear()
        fixed.bring_forward()
        await until_async(lambda: sorted(ran) == fixed.ids)
        fixed.stop()

    asyncio.run(story())


def test_what_was_asked_of_the_log_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --verbose each run of a job is a line; without it neither that nor one that was still at work is."""
    library = logging.getLogger("apscheduler")
    monkeypatch.setattr(library, "level", library.level)
    for verbose in (True, False):
        logs.configure(as_json=False, verbose=verbose)
        Jobs(dict.fromkeys(intervals_seconds(Config()), _nothing), Config())
        executors = logging.getLogger("apscheduler.executors")
        assert [executors.isEnabledFor(level) for level in (logging.INFO, logging.WARNING)] == [verbose] * 2
        assert executors.isEnabledFor(logging.ERROR)


async def _nothing() -> None:
    pass
