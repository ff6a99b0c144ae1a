"""What the memory keeps of single events: the newest acts, the days, the first time."""

from __future__ import annotations

from foreword.clock import DAY_MS
from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.evidence import evidence_of
from scheduler.agent.memory import fold, to_proto
from tests.one_refresh import NOW_MS, event


def folded(events: list[event_pb2.Event], previous: profile_pb2.Memory | None = None) -> profile_pb2.Memory:
    """Return a memory with the events in it."""
    return to_proto(fold(previous, evidence_of(events, None), 60.0)[0])


def test_the_newest_acts_are_kept_newest_first() -> None:
    """An act says what was done, to what, under which topics, and what of the text can name its subject."""
    memory = folded(
        [
            event(1, 2, ["celery/worker", "python"], type="commit", item_id="celery/worker/job.py"),
            event(2, 1, ["docs"], type="mute", text="Fix the worker pool"),
        ]
    )
    newest, older = memory.recent
    assert (newest.type, list(newest.topics), newest.subject) == ("mute", ["docs"], "worker pool")
    assert newest.stance == profile_pb2.STANCE_NO
    assert (older.item_id, list(older.topics)) == ("celery/worker/job.py", ["celery/worker", "python"])
    assert older.time.ToMilliseconds() == NOW_MS - 2 * DAY_MS


def test_acts_keep_their_limits_whatever_comes() -> None:
    """At most 16 rows and 1.5 KB, days at most 32; the first time stays."""
    many = [event(number, 100 - number, item_id=f"file-{number}.py") for number in range(100)]
    memory = folded(many)
    assert [act.item_id for act in memory.recent] == [f"file-{number}.py" for number in range(99, 83, -1)]
    assert list(memory.active_days) == sorted(memory.active_days, reverse=True)
    assert len(memory.active_days) == 32
    assert memory.first_seen.ToMilliseconds() == NOW_MS - 100 * DAY_MS
    long = folded([event(number, number, ["t" * 120 + str(n) for n in range(6)]) for number in range(16)])
    assert sum(act.ByteSize() for act in long.recent) <= 1500
    assert len(long.recent) == 2


def test_what_says_nothing_of_the_user_is_no_act() -> None:
    """A glance, something shown, a session's end and Foreword's own text are left out; so are long and personal ids."""
    memory = folded(
        [
            event(1, 5, type="shown", item_id="banner"),
            event(2, 4, type="session.end"),
            event(3, 3, attributes={"generator": "foreword"}),
            event(4, 2, item_id="x" * 97),
            event(5, 1, item_id="ada@example.com"),
        ]
    )
    assert [act.item_id for act in memory.recent] == ["", ""]


def test_an_older_memory_takes_up_acts_from_now_on() -> None:
    """A memory written before acts were kept goes on with what is new."""
    before = folded([event(1, 9, ["a"])])
    del before.recent[:], before.active_days[:]
    before.ClearField("first_seen")
    after = folded([event(2, 1, ["b"])], before)
    assert [list(act.topics) for act in after.recent] == [["b"]]
    assert after.first_seen.ToMilliseconds() == NOW_MS - DAY_MS
