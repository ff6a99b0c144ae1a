"""Events past retention, through a sidecar that serves: counted, archived, given out, erased, their ids forgotten."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from foreword import keys
from foreword.clock import DAY_MS
from foreword.errors import MissingExtraError, ServiceError
from foreword.store import ActivityWriter
from foreword.store import databases as db
from foreword.store.archive import archive_stats
from foreword.store.check import check_store
from foreword.v1.erasure_pb2 import Erasure
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.event_pb2 import Event
from foreword.v1.operator_service_pb2 import EventAbsence, ExplainBeliefRequest, ExplainBeliefResponse
from foreword.v1.profile_pb2 import Belief, Evidence, SelfModel
from foreword.v1.refresh_pb2 import RefreshState

ANN, BOB = keys.user_key("ann"), keys.user_key("bob")
OFTEN = {"maintenance_seconds": 0.02}


@pytest.fixture
def archiving(start: Any) -> Any:
    """A sidecar that archives, and looks after its store many times a second."""
    return start(start.config(sidecar=OFTEN, store={"archive": "on"}))


def event(running: Any, event_id: str, days_ago: int, user_id: str = "ann", **fields: Any) -> Event:
    made = running.event(event_id, user_id=user_id, **fields)
    made.time.FromMilliseconds(running.now_ms - days_ago * DAY_MS)
    return made


def consume(running: Any, *users: bytes) -> None:
    """Do what the scheduler does once it has counted all events."""
    with closing(running.activity()) as activity, running.profiles.begin() as txn:
        for user in users:
            txn.schedule(user, RefreshState(consumed_seq=activity.user(user).last_seq))


def archived(running: Any, count: int) -> None:
    """Wait until so many events were archived, and none waits."""
    running.eventually(
        lambda: (
            (found := running.client.status().retention).archived_count == count and not found.waiting_count
        ),
        f"{count} events to be archived",
    )


def exported(running: Any, user_id: str = "ann") -> dict[str, list[str]]:
    """Return the ids of the events that an export gives out, by where they are."""
    found: dict[str, list[str]] = {}
    for record in running.client.export(user_id):
        if record.HasField("event"):
            found.setdefault(record.store, []).append(record.event.event_id)
    return found


def test_old_events_are_counted_archived_and_given_out(archiving: Any) -> None:
    """Consumed events past retention leave the store for the archive, and an export still has all, each once."""
    running = archiving
    running.client.record(
        [
            event(running, "older", 300, topics=["go"]),
            event(running, "old", 91),
            event(running, "young", 89),
            event(running, "hers", 300, "bob"),
            event(running, "unread", 300, "cid"),
        ]
    )
    consume(running, ANN, BOB)
    archived(running, 3)
    assert exported(running) == {"activity.events": ["young"], "archive": ["older", "old"]}
    assert exported(running, "cid") == {"activity.events": ["unread"]}
    bands = [record.event_band for record in running.client.export("ann") if record.HasField("event_band")]
    assert [(band.event_count, [row.name for row in band.topics]) for band in bands] == [(1, ["go"]), (1, [])]
    assert archive_stats(running.store / "archive").files == 2
    assert running.client.record([event(running, "old", 91)]).duplicate_count == 1
    running.stop()
    assert list(check_store(running.store, running.store / "archive")) == []


def test_without_an_archive_old_events_are_counted_and_go(start: Any) -> None:
    """By default nothing is archived: counts stay, events go, and no folder is made."""
    running = start(start.config(sidecar=OFTEN))
    running.client.record([event(running, "old", 91), event(running, "young", 2)])
    consume(running, ANN)
    running.eventually(
        lambda: running.client.status().retention.band_count == 1, "the old event to be counted"
    )
    assert exported(running) == {"activity.events": ["young"]}
    assert not (running.store / "archive").exists()


def test_what_waited_is_archived_after_it_is_switched_off(start: Any) -> None:
    """Events taken out while the archive was on are written once they can be, even when it is off by then."""
    running = start(start.config(sidecar=OFTEN, store={"archive": "on"}))
    (running.store / "archive").write_text("a file in the way")
    running.client.record([event(running, "old", 91)])
    consume(running, ANN)
    running.eventually(lambda: running.client.status().retention.waiting_count, "the old event to wait")
    running.stop()
    (running.store / "archive").unlink()
    running = start(start.config(sidecar=OFTEN))
    archived(running, 1)
    assert exported(running) == {"archive": ["old"]}


def test_erasing_reaches_the_archive(archiving: Any) -> None:
    """An erased user is in no file, others stay in theirs, and the receipt says how many events of the archive went."""
    running = archiving
    running.client.record(
        [
            event(running, "a", 300, text="secret"),
            event(running, "b", 300, "bob"),
            event(running, "c", 200),
        ]
    )
    consume(running, ANN, BOB)
    archived(running, 3)
    answer = running.client.erase("ann", wait_seconds=1)
    rows = {count.store: count.rows for count in answer.counts}
    assert (rows["archive"], rows["activity.bands"]) == (2, 2)
    assert not answer.complete
    assert "scheduler" in answer.pending
    running.take_triggers()
    running.eventually(lambda: not list(running.client.export("ann")), "nothing to be left")
    assert exported(running, "bob") == {"archive": ["b"]}
    assert not any(b"secret" in path.read_bytes() for path in running.store.rglob("*.parquet"))


def test_an_archive_that_is_away_keeps_the_erasure_pending(start: Any) -> None:
    """Where the archive cannot be looked through, nobody is erased from the rest either, and the error says why."""
    running = start(start.config(sidecar=OFTEN, store={"archive": "on"}))
    running.client.record([event(running, "a", 300)])
    consume(running, ANN)
    archived(running, 1)
    folder = running.store / "archive"
    folder.rename(running.store / "elsewhere")
    with pytest.raises(ServiceError, match="the archive is not in") as caught:
        running.client.erase("ann")
    assert caught.value.reason == "STORE_NOT_WRITABLE"
    assert running.activity().user(ANN) is not None
    (running.store / "elsewhere").rename(folder)
    assert {count.store: count.rows for count in running.client.erase("ann", wait_seconds=1).counts}[
        "archive"
    ] == 1


def test_an_erasure_cut_short_is_finished_at_the_next_start(archiving: Any, start: Any) -> None:
    """Asked for while the archive still had the user, an erasure is done to its end by the sidecar that comes next."""
    running = archiving
    running.client.record([event(running, "a", 300), event(running, "b", 300, "bob")])
    consume(running, ANN, BOB)
    archived(running, 2)
    copy = running.store / "copy"
    shutil.copytree(running.store / "archive", copy)
    running.client.erase("ann", wait_seconds=1)
    running.stop()
    # As it is when the process dies between the rows and the files.
    shutil.rmtree(running.store / "archive")
    copy.rename(running.store / "archive")
    writer = ActivityWriter(running.store, map_size_bytes=1 << 28)
    with writer.environment.writing() as txn:
        handle = writer.environment.handles[db.CONTROLS]
        control = Erasure.FromString(txn.get(ANN, db=handle))
        control.is_archive_pending = True
        txn.put(ANN, control.SerializeToString(), db=handle)
    writer.close()
    running = start(start.config(sidecar=OFTEN))
    running.take_triggers()
    running.eventually(lambda: not list(running.client.export("ann")), "the archive to be without the user")
    assert exported(running, "bob") == {"archive": ["b"]}


def test_forgotten_ids_are_told_and_counted(start: Any) -> None:
    """Past store.ids_days an event of the time whose ids went is refused by name, and counted in the status."""
    running = start(start.config(sidecar=OFTEN, store={"ids_days": 120}))
    running.client.record([event(running, "old", 20), event(running, "young", 1)])
    consume(running, ANN)
    # So many ids as are there were looked at, once the store's own age is known.
    running.clock.advance(119 * DAY_MS)
    running.client.record([event(running, "next", -119)])
    consume(running, ANN)
    running.eventually(lambda: running.client.status().retention.band_count, "events to be counted")
    running.clock.advance(200 * DAY_MS)
    activity = running.activity()
    running.eventually(lambda: activity.user(ANN).forgotten_to_ms, "ids to be forgotten")
    again = running.client.record(
        [event(running, "old", 20), event(running, "never", 10), event(running, "back", 400)]
    )
    assert (again.accepted_count, again.duplicate_count) == (1, 0)
    assert [(each.event_id, each.reason) for each in again.refused] == [
        ("old", ErrorReason.ERROR_REASON_ID_FORGOTTEN),
        ("never", ErrorReason.ERROR_REASON_ID_FORGOTTEN),
    ]
    assert running.client.status().retention.forgotten_count == 2
    activity.close()


def test_a_history_of_years_is_taken_and_its_ids_stay(start: Any) -> None:
    """An import of years is accepted whole however often maintenance runs between its parts, and none counts twice."""
    running = start(start.config(sidecar=OFTEN))
    parts = [[event(running, f"e{year}-{n}", 365 * year + n) for n in range(20)] for year in (1, 9, 5, 2, 3)]
    for count, part in enumerate(parts, 1):
        assert running.client.record(part).accepted_count == 20
        consume(running, ANN)
        running.eventually(
            lambda count=count: (
                sum(
                    record.event_band.event_count
                    for record in running.client.export("ann")
                    if record.HasField("event_band")
                )
                == 20 * count
            ),
            "the part to be folded",
        )
        running.clock.advance(DAY_MS)
    assert running.client.record(parts[0]).duplicate_count == 20


def test_an_explanation_goes_on_without_the_events(archiving: Any) -> None:
    """What is believed is still explained once its events are in the archive: as past retention, with its counts."""
    running = archiving
    running.client.record([event(running, "a", 300, topics=["go"])])
    evidence = Evidence(event_id="a")
    evidence.time.FromMilliseconds(running.now_ms - 300 * DAY_MS)
    belief = Belief(
        belief_id="b", statement="Likes Go.", confidence=0.5, evidence_count=1, evidence=[evidence]
    )
    revision = running.put("ann", self_model=SelfModel(beliefs=[belief]))
    with running.profiles.begin() as txn:
        txn.schedule(ANN, RefreshState(consumed_seq=1, revision=revision))
    archived(running, 1)
    request = ExplainBeliefRequest(user_id="ann", belief_id="b").SerializeToString()
    answer = running.call("OperatorService/ExplainBelief", request)
    (explained,) = ExplainBeliefResponse.FromString(answer).beliefs
    assert explained.evidence_count == 1
    assert explained.evidence[0].absence == EventAbsence.EVENT_ABSENCE_PAST_RETENTION


def test_without_the_extra_an_archive_is_refused_at_the_start(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`archive = "on"` without pyarrow ends the start with the command that adds it; "off" needs none."""
    monkeypatch.setattr("foreword.store.archive.archive.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError) as caught:
        start(start.config(store={"archive": "on"}))
    assert "pip install 'foreword[archive]'" in str(caught.value)
    running = start(start.config(sidecar=OFTEN))
    running.client.record([event(running, "old", 91)])
    consume(running, ANN)
    running.eventually(
        lambda: running.client.status().retention.band_count == 1, "the old event to be counted"
    )


def test_an_archive_that_cannot_be_written_is_a_problem(start: Any) -> None:
    """Events wait in the store while the archive's folder cannot be used; the problem ends once it can."""
    folder = Path(start.store) / "blocked"
    running = start(start.config(sidecar=OFTEN, store={"archive": "on", "archive_directory": str(folder)}))
    folder.write_text("a file in the way")
    running.client.record([event(running, "old", 91)])
    consume(running, ANN)
    running.eventually(lambda: "sidecar.archive" in running.problems(), "the problem to be told")
    assert running.client.status().retention.waiting_count == 1
    folder.unlink()
    archived(running, 1)
    running.eventually(lambda: "sidecar.archive" not in running.problems(), "the problem to end")
    assert exported(running) == {"archive": ["old"]}


def test_an_erasure_that_meets_damage_is_pending_until_it_is_mended(
    archiving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be read keeps the erasure pending and is told of; mended, the erasure goes on by itself."""
    monkeypatch.setattr("sidecar.erasures.ARCHIVE_RETRY_SECONDS", 0.1)
    running = archiving
    running.client.record([event(running, "a", 300), event(running, "b", 300, "bob")])
    consume(running, ANN, BOB)
    archived(running, 2)
    (file,) = running.store.rglob("*.parquet")
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    answer = running.client.erase("ann", wait_seconds=0.5)
    assert not answer.complete
    assert "archive" in answer.pending
    running.eventually(
        lambda: "damaged" in running.problems().get("sidecar.archive", ""), "the damage to be told"
    )
    running.take_triggers()
    file.write_bytes(whole)
    running.eventually(lambda: "sidecar.archive" not in running.problems(), "the problem to end")
    assert not any(b"ann" in path.read_bytes() for path in running.store.rglob("*.parquet"))
    assert exported(running, "bob") == {"archive": ["b"]}
