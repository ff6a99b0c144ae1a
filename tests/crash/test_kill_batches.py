"""SIGKILL of the scheduler in the middle of batches: nothing is paid twice, nothing is lost, the ledger is exact."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest
from crash.batch_crash_loop import USERS, Recorder, Scheduler, View, run, wrong
from model_servers import running_model_server

from scheduler.model.batch_point import BatchPoint

ROUNDS = 2
# In the order of a batch's life: what one killed scheduler leaves is what the next one dies over.
POINTS = [
    BatchPoint.WAVE_GATHERED,
    BatchPoint.INTENT_WRITTEN,
    BatchPoint.BATCH_TAKEN,
    BatchPoint.BATCH_FOUND,
    BatchPoint.NAME_WRITTEN,
    BatchPoint.ROWS_SETTLED,
    BatchPoint.BATCH_SETTLED,
]


@pytest.mark.timeout(300)
def test_killed_at_each_moment_of_a_batch_everybody_is_asked_about_once(tmp_path: Path) -> None:
    """Killed at every named moment in turn, the ledger is the server's own count, and each user is in one batch."""
    assert set(POINTS) == set(BatchPoint)
    with running_model_server() as server:
        # More rows than are dealt with at once, so that some are left at ROWS_SETTLED.
        scheduler = Scheduler(tmp_path, server, users_max=len(USERS))
        recorder = Recorder(scheduler.store, random.Random(1))
        recorder.record(USERS, 5)
        try:
            for point in POINTS:
                scheduler.start_dying(point)
                scheduler.wait_for_death()
            scheduler.start()
            with closing(View(scheduler)) as view:
                view.wait_until_settled()
        finally:
            scheduler.kill()
            recorder.close()
        assert wrong(scheduler, server) == []
        assert server.count()["batches"]["rows"] == {"succeeded": len(USERS)}


@pytest.mark.timeout(300)
def test_killed_at_random_the_ledger_is_the_servers_count(tmp_path: Path) -> None:
    """The short form of `batch_crash_loop.py --rounds 50`: faults of all kinds and kills, and an exact ledger."""
    figures = run(tmp_path, ROUNDS, seed=5)
    assert figures["wrong"] == []
    assert figures["batches"]["created"] > ROUNDS
