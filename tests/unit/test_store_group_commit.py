"""Group commit: what callers may rely on."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from foreword import keys
from foreword.errors import FieldError, StoreError, StoreFullError
from foreword.store import ActivityReader, ActivityWriter, GroupCommitter

MAP_BYTES = 1 << 28
DEADLINE_SECONDS = 20


class CountingSource:
    """A writer that counts its commits and can be held before one."""

    def __init__(self, writer: ActivityWriter) -> None:
        self._writer = writer
        self.commits = 0
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    @contextmanager
    def begin(self):
        """Begin a transaction once the gate is open."""
        self.entered.set()
        assert self.gate.wait(DEADLINE_SECONDS)
        with self._writer.begin() as transaction:
            yield transaction
        self.commits += 1


@pytest.fixture
def source(tmp_path: Path):
    writer = ActivityWriter(tmp_path, map_size_bytes=MAP_BYTES)
    yield CountingSource(writer)
    writer.close()


@pytest.fixture
def committer(source):
    committer = GroupCommitter(source.begin, wait_seconds=0.0)
    yield committer
    source.gate.set()
    committer.close()


def held(source: CountingSource, committer: GroupCommitter):
    """Keep the committer busy before its first commit, so that what follows makes one group."""
    source.gate.clear()
    first = committer.submit(lambda transaction: "first")
    assert source.entered.wait(DEADLINE_SECONDS)
    return first


def test_waiting_jobs_share_one_commit(source, committer, make_event) -> None:
    """Jobs that wait while a commit is under way are written by one further commit."""
    first = held(source, committer)
    jobs = [committer.submit(lambda t, i=i: t.record([make_event("ann", f"e{i}")], 1)) for i in range(50)]
    source.gate.set()
    assert first.result(DEADLINE_SECONDS) == "first"
    assert [job.result(DEADLINE_SECONDS) for job in jobs] == [[True]] * 50
    assert source.commits == 2


def test_a_result_comes_only_after_its_commit(source, committer, tmp_path: Path, make_event) -> None:
    """When a future is done, another view of the store already has the rows."""
    for number in range(20):
        committer.submit(lambda t, n=number: t.record([make_event("ann", f"e{n}")], 1)).result(
            DEADLINE_SECONDS
        )
        reader = ActivityReader(tmp_path)
        assert reader.user(keys.user_key("ann")).event_count == number + 1
        reader.close()


def test_a_failing_job_fails_alone(source, committer, tmp_path: Path, make_event) -> None:
    """Neighbours of a job that raises are written; what it wrote before raising is not."""

    def fails(transaction) -> None:
        transaction.record([make_event("bob", "e1")], 1)
        raise FieldError("field", "this", "that")

    def breaks(transaction) -> None:
        raise ZeroDivisionError

    first = held(source, committer)
    before = committer.submit(lambda t: t.record([make_event("ann", "e1")], 1))
    failing, breaking = committer.submit(fails), committer.submit(breaks)
    after = committer.submit(lambda t: t.record([make_event("ann", "e2")], 1))
    source.gate.set()
    assert first.result(DEADLINE_SECONDS) == "first"
    assert before.result(DEADLINE_SECONDS) == after.result(DEADLINE_SECONDS) == [True]
    with pytest.raises(FieldError, match="this"):
        failing.result(DEADLINE_SECONDS)
    with pytest.raises(StoreError, match="ZeroDivisionError"):
        breaking.result(DEADLINE_SECONDS)
    reader = ActivityReader(tmp_path)
    assert reader.user(keys.user_key("bob")) is None
    assert reader.user(keys.user_key("ann")).event_count == 2
    reader.close()


def test_a_cancelled_job_does_not_stop_the_thread(source, committer) -> None:
    """A caller that gives up while waiting is left out, and the next caller is served."""
    first = held(source, committer)
    given_up = committer.submit(lambda transaction: "never")
    last = committer.submit(lambda transaction: "last")
    assert given_up.cancel()
    assert not first.cancel()
    source.gate.set()
    assert last.result(DEADLINE_SECONDS) == "last"
    assert first.result(DEADLINE_SECONDS) == "first"


def test_close_finishes_what_is_queued_and_refuses_more(source, make_event) -> None:
    """Jobs queued before the close are written; one after it fails instead of waiting for ever."""
    committer = GroupCommitter(source.begin, wait_seconds=0.0)
    first = held(source, committer)
    queued = committer.submit(lambda t: t.record([make_event("ann", "e1")], 1))
    closing = threading.Thread(target=committer.close)
    closing.start()
    source.gate.set()
    closing.join(DEADLINE_SECONDS)
    assert first.result(0) == "first"
    assert queued.result(0) == [True]
    with pytest.raises(StoreError, match="closed"):
        committer.submit(lambda t: None).result(DEADLINE_SECONDS)
    committer.close()


def test_a_full_map_fails_the_jobs_that_do_not_fit(tmp_path: Path, make_event, faults) -> None:
    """In one group, jobs that fit are acknowledged and written, those that do not are refused by name."""
    writer = ActivityWriter(tmp_path, map_size_bytes=1 << 20)
    source = CountingSource(writer)
    committer = GroupCommitter(source.begin, wait_seconds=0.0)
    held(source, committer)
    jobs = [
        committer.submit(lambda t, i=i: t.record([make_event("ann", f"e{i}", text="x" * 8000)], 1))
        for i in range(200)
    ]
    source.gate.set()
    errors = [job.exception(DEADLINE_SECONDS) for job in jobs]
    kept = sum(error is None for error in errors)
    assert all(error is None or isinstance(error, StoreFullError) for error in errors)
    committer.close()
    reader = ActivityReader(tmp_path)
    assert reader.user(keys.user_key("ann")).event_count == kept > 10
    reader.close()
    writer.close()
    assert faults(tmp_path) == []
