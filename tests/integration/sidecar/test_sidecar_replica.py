"""A replica: begun with a dataset or with nothing, kept by a watch, through erasures, restarts and what was missed."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from waiting import PATIENCE_SECONDS, until

from foreword import keys
from foreword.client import Foreword
from foreword.errors import StoreLockedError
from foreword.store import ProfileReader, ProfileWriter
from foreword.store import databases as db
from foreword.store.check import inspect_store
from foreword.store.dataset import Versions, make_dataset
from foreword.store.replica import Replica
from foreword.v1.profile_pb2 import Foreword as Text
from foreword.v1.profile_pb2 import Profile
from foreword.v1.profile_service_pb2 import WatchPhase
from foreword.v1.user_data_service_pb2 import EraseUserRequest

MAP_BYTES = 1 << 28
COMPUTED = Timestamp(seconds=1_700_000_000)
Rows = dict[bytes, bytes]


@pytest.fixture
def running(start: Any) -> Any:
    """A sidecar whose watches show life often."""
    return start(
        start.config(sidecar={"listen": [f"unix:{start.sockets}/s.sock"], "watch_heartbeat_seconds": 0.3})
    )


def put(running: Any, user_id: str, text: str = "Likes tests.") -> int:
    cuts = ((len(text), 3),)
    made: int = running.put(user_id, text=text, cuts=cuts, computed_at=COMPUTED, with_state=True)
    return made


def rows(store: Path) -> tuple[Rows, Rows]:
    """Return what is served of all users: rows of profiles and of forewords."""
    with closing(ProfileReader(store)) as reader, reader.environment.begin() as txn:
        handles = reader.environment.handles
        return dict(txn.cursor(db=handles[db.PROFILES])), dict(txn.cursor(db=handles[db.FOREWORDS]))


@contextmanager
def opened(directory: Path) -> Iterator[Replica]:
    with closing(Replica(directory, map_size_bytes=MAP_BYTES)) as replica:
        yield replica


def catch_up(running: Any, replica: Replica) -> list[int]:
    """Take over all that there is; return the phases of the messages."""
    phases: list[int] = []
    silent = 0
    with Foreword(running.address, raises=True, timeout_seconds=PATIENCE_SECONDS) as client:
        for message in client.watch(all_namespaces=True, resume_token=replica.resume_token):
            replica.take(message)
            phases.append(message.phase)
            # The first says that the watch has begun.
            silent += message.phase == WatchPhase.WATCH_PHASE_LIVE and not message.changes
            if silent == 2:
                return phases
    raise AssertionError("the watch ended")


def erase(running: Any, user_id: str) -> None:
    request = EraseUserRequest(user_id=user_id).SerializeToString()
    done = threading.Thread(target=running.call, args=("UserDataService/EraseUser", request), daemon=True)
    done.start()
    until(lambda: (running.take_triggers(), not done.is_alive())[1])


def test_a_replica_begins_with_a_dataset_and_catches_up(running: Any, tmp_path: Path) -> None:
    """What changed since the dataset was made is taken over, and no more: every row is then the origin's."""
    for number in range(20):
        put(running, f"user{number}")
    make_dataset(running.store, tmp_path / "set.tar")
    put(running, "user3", "Likes more.")
    put(running, "new")
    erase(running, "user4")
    place = tmp_path / "replica"
    Versions(place).install(tmp_path / "set.tar")
    with opened(place) as replica:
        assert WatchPhase.WATCH_PHASE_BEGINNING not in catch_up(running, replica)
    assert rows(place) == rows(running.store)
    assert keys.user_key("user4") not in rows(place)[0]
    assert list(inspect_store(place)) == []
    # Stopped, and gone on where it was.
    put(running, "user5", "Likes less.")
    with running.profiles.begin() as txn:
        times = {"stale_after_ms": 7, "expired_after_ms": 8}
        txn.revalidate(keys.user_key("user6"), **times, segment=1, refresh_on_open=True)
    with opened(place) as replica:
        assert WatchPhase.WATCH_PHASE_BEGINNING not in catch_up(running, replica)
    assert rows(place) == rows(running.store)


def test_a_replica_begins_with_nothing(running: Any, tmp_path: Path) -> None:
    """Without a dataset all profiles come by the watch, and whom the origin does not have is removed."""
    place = tmp_path / "replica"
    for user_id in ("ann", "bob"):
        put(running, user_id)
    with closing(ProfileWriter(place, map_size_bytes=MAP_BYTES)) as own, own.begin() as txn:
        for user_id in ("ann", "stranger"):
            times = {"computed_at_ms": 1, "stale_after_ms": 2, "expired_after_ms": 3}
            text = Text(text="Old.")
            txn.put_profile(
                keys.user_key(user_id), Profile(user_id=user_id), text, **times, refresh_on_open=False
            )
    with opened(place) as replica:
        assert catch_up(running, replica)[0] == WatchPhase.WATCH_PHASE_BEGINNING
        assert rows(place) == rows(running.store)
        with pytest.raises(StoreLockedError, match="a scheduler runs"):
            ProfileWriter(place, map_size_bytes=MAP_BYTES)
    assert list(inspect_store(place)) == []


def test_a_snapshot_cut_short_begins_anew(running: Any, tmp_path: Path) -> None:
    """A replica that died within its first snapshot begins with another: whom it had yet to remove is not forgotten."""
    for number in range(250):
        put(running, f"user{number}")
    place = tmp_path / "replica"
    with (
        opened(place) as replica,
        Foreword(running.address, raises=True, timeout_seconds=PATIENCE_SECONDS) as client,
    ):
        for message in client.watch(all_namespaces=True):
            replica.take(message)
            if message.changes:
                break
    erase(running, "user0")
    with opened(place) as replica:
        assert replica.resume_token == b""
        catch_up(running, replica)
    assert rows(place) == rows(running.store)


def test_a_replica_holds_what_the_origin_holds(running: Any, tmp_path: Path) -> None:
    """Through random writes, erasures and stops at any message, what is served is the origin's in the end."""
    chance = random.Random(5)
    place = tmp_path / "replica"
    for _ in range(6):
        for _ in range(chance.randrange(1, 25)):
            user_id = f"user{chance.randrange(12)}"
            if chance.random() < 0.1:
                erase(running, user_id)
            else:
                put(running, user_id, f"Text {chance.random()}.")
        with (
            opened(place) as replica,
            Foreword(running.address, raises=True, timeout_seconds=PATIENCE_SECONDS) as client,
        ):
            for number, message in enumerate(
                client.watch(all_namespaces=True, resume_token=replica.resume_token)
            ):
                replica.take(message)
                if number >= chance.randrange(3):
                    break
    with opened(place) as replica:
        catch_up(running, replica)
    assert rows(place) == rows(running.store)
    assert list(inspect_store(place)) == []
