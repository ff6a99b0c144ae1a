"""Deleting single events at the sidecar, and what is told of events that are gone."""

from __future__ import annotations

from typing import Any

from foreword import keys
from foreword.store import databases as db
from foreword.v1.event_pb2 import Event
from foreword.v1.operator_service_pb2 import EventAbsence
from foreword.v1.profile_pb2 import Belief, Evidence, Profile, SelfModel
from foreword.v1.refresh_pb2 import RefreshState

NOW_MS = 1_700_000_000_000
ANN = keys.user_key("ann")


def _event(event_id: str, number: int) -> Event:
    event = Event(event_id=event_id, user_id="ann", type="read", topics=["tests"])
    event.time.FromMilliseconds(NOW_MS + number)
    return event


def test_no_state_of_a_later_store_passes_for_a_deletion_taken_in(running: Any) -> None:
    """Where the store is an older copy, deletions that another one counted do not end the wait, nor what waits."""
    running.client.record([_event("e0", 0), _event("e1", 1)])
    with running.profiles.begin() as txn:
        txn.schedule(ANN, RefreshState(consumed_seq=99, deletion_seq=7))
    answer = running.client.delete_events("ann", ["e0"], wait_seconds=0.1)
    assert (answer.deleted_count, answer.completed) == (1, False)
    reader = running.activity()
    assert len(reader.deleted(ANN, 0, 99)) == 1
    reader.close()
    with running.profiles.begin() as txn:
        txn.schedule(ANN, RefreshState(consumed_seq=2, deletion_seq=1))
    again = running.client.delete_events("ann", ["e0"], wait_seconds=0)
    assert (again.deleted_count, again.deleted_before_count, again.completed) == (0, 1, True)


def test_why_an_event_cannot_be_shown(running: Any) -> None:
    """Deleted, past retention, and never here or damaged are told apart, whatever is set aside still."""
    running.client.record([_event(f"e{number}", number) for number in range(4)])
    running.client.delete_events("ann", ["e0"], wait_seconds=0)
    with running.server._activity._writer.begin() as txn:
        assert txn.retention.fold(ANN, before_ms=NOW_MS + 2, consumed_seq=99, limit=9, as_of_day=0) == 1
        damaged = keys.event_key(ANN, NOW_MS + 2, "e2")
        row = txn._txn.get(damaged, db=txn._db[db.EVENTS])
        txn._txn.put(damaged, row[:-1] + bytes([row[-1] ^ 1]), db=txn._db[db.EVENTS])
    absences = ["e0", "e1", "e2", "e3", "e4"]
    evidence = [Evidence(event_id=name, time=_event(name, place).time) for place, name in enumerate(absences)]
    model = SelfModel(beliefs=[Belief(belief_id="b", statement="Reads.", evidence=evidence)])
    with running.profiles.begin() as txn:
        profile = Profile(user_id="ann", self_model=model)
        txn.put_profile(
            ANN,
            profile,
            profile.foreword,
            computed_at_ms=NOW_MS,
            stale_after_ms=0,
            expired_after_ms=0,
            refresh_on_open=False,
        )
    (belief,) = running.client.explain("ann").beliefs
    found = {item.evidence.event_id: EventAbsence.Name(item.absence) for item in belief.evidence}
    assert found == {
        "e0": "EVENT_ABSENCE_DELETED",
        "e1": "EVENT_ABSENCE_PAST_RETENTION",
        "e2": "EVENT_ABSENCE_UNKNOWN",
        "e3": "EVENT_ABSENCE_UNSPECIFIED",
        "e4": "EVENT_ABSENCE_UNKNOWN",
    }
