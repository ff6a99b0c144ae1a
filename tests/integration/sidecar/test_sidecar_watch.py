"""Watching profiles: what is there, what changes, from where on, and when it can no longer be told."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import pytest
from followed import Followed
from waiting import PATIENCE_SECONDS, until

from foreword import keys
from foreword.client import AsyncForeword, Foreword
from foreword.client.channel import OPTIONS
from foreword.errors import FieldError, ServiceError
from foreword.store import ProfileReader, ProfileWriter
from foreword.store.check import inspect_store
from foreword.store.dataset import Versions, make_dataset
from foreword.store.files import PROFILES
from foreword.store.upkeep import backup_store, compact_store, restore_store
from foreword.v1.profile_change_pb2 import ChangeKind
from foreword.v1.profile_pb2 import Foreword as Text
from foreword.v1.profile_pb2 import Profile
from foreword.v1.profile_service_pb2 import WatchPhase, WatchProfilesRequest, WatchProfilesResponse
from foreword.v1.profile_service_pb2_grpc import ProfileServiceStub
from foreword.v1.user_data_service_pb2 import EraseUserRequest, EraseUserResponse

PRESENT, WRITTEN = ChangeKind.CHANGE_KIND_PRESENT, ChangeKind.CHANGE_KIND_WRITTEN
ROLLED_BACK, REVALIDATED = ChangeKind.CHANGE_KIND_ROLLED_BACK, ChangeKind.CHANGE_KIND_REVALIDATED
ERASED = ChangeKind.CHANGE_KIND_ERASED
BEGINNING, SNAPSHOT, LIVE = (
    WatchPhase.WATCH_PHASE_BEGINNING,
    WatchPhase.WATCH_PHASE_SNAPSHOT,
    WatchPhase.WATCH_PHASE_LIVE,
)


class Watcher:
    """A call of WatchProfiles, read one change after the other."""

    def __init__(self, running: Any, **request: Any) -> None:
        stub = ProfileServiceStub(running.channel)
        self.call = stub.WatchProfiles(WatchProfilesRequest(**request), timeout=PATIENCE_SECONDS)
        self.token = b""
        self.changes = self._changes()

    def message(self) -> WatchProfilesResponse:
        """Return the next message."""
        message: WatchProfilesResponse = next(self.call)
        self.token = message.resume_token
        return message

    def _changes(self) -> Iterator[tuple[str, int, int]]:
        while True:
            for change in self.message().changes:
                yield change.user_id, change.kind, change.revision

    def take(self, count: int) -> list[tuple[str, int, int]]:
        """Return the next changes: user id, kind, revision."""
        return [next(self.changes) for _ in range(count)]


@contextmanager
def watching(running: Any, **request: Any) -> Iterator[Watcher]:
    watcher = Watcher(running, **request)
    try:
        yield watcher
    finally:
        watcher.call.cancel()


def refused(running: Any, **request: Any) -> Any:
    """Return the ErrorInfo with which a watch ends."""
    with pytest.raises(grpc.RpcError) as failure:
        list(Watcher(running, **request).changes)
    return running.error_info(failure.value)


def revalidate(running: Any, user_id: str, stale_after_ms: int) -> None:
    with running.profiles.begin() as txn:
        txn.revalidate(
            keys.user_key(user_id),
            stale_after_ms=stale_after_ms,
            expired_after_ms=stale_after_ms + 1,
            segment=1,
            refresh_on_open=False,
        )


def put_many(running: Any, count: int) -> None:
    """Write large profiles of many users in one transaction."""
    with running.profiles.begin() as txn:
        for number in range(count):
            profile = Profile(user_id=f"user{number}", segment=1, semantic_summary="x" * 15_000)
            times = {"computed_at_ms": 0, "stale_after_ms": 0, "expired_after_ms": 0}
            txn.put_profile(keys.user_key(f"user{number}"), profile, Text(), **times, refresh_on_open=False)


def erase(running: Any, user_id: str) -> None:
    """Erase a user as the sidecar and the scheduler do together."""
    answers: list[EraseUserResponse] = []
    request = EraseUserRequest(user_id=user_id).SerializeToString()
    caller = threading.Thread(
        target=lambda: answers.append(
            EraseUserResponse.FromString(running.call("UserDataService/EraseUser", request))
        ),
        daemon=True,
    )
    caller.start()
    until(lambda: (running.take_triggers(), answers)[1])
    caller.join(PATIENCE_SECONDS)
    assert answers[0].complete


# -- what is told -------------------------------------------------------------------------------------------------


def test_a_snapshot_then_what_changes(running: Any) -> None:
    """A watch without a beginning tells of all profiles, says that that is all, and then of each change."""
    running.put("ann", semantic_summary="Likes tests.")
    running.put("bob")
    with watching(running) as watcher:
        assert watcher.message().phase == BEGINNING
        shown = watcher.message()
        assert shown.phase == SNAPSHOT
        assert [(each.user_id, each.kind, each.revision) for each in shown.changes] == [
            ("ann", PRESENT, 1),
            ("bob", PRESENT, 2),
        ]
        assert shown.changes[0].profile == running.client.profile("ann").profile
        assert (watcher.message().phase, len(shown.changes)) == (LIVE, 2)
        running.put("bob")
        revalidate(running, "ann", running.now_ms + 5)
        message = watcher.message()
        assert message.phase == LIVE
        changes = [*message.changes, *(() if len(message.changes) > 1 else watcher.message().changes)]
        assert [(each.user_id, each.kind, each.revision) for each in changes] == [
            ("bob", WRITTEN, 3),
            ("ann", REVALIDATED, 1),
        ]
        assert changes[1].stale_after.ToMilliseconds() == running.now_ms + 5
        assert not changes[1].HasField("profile")


def test_every_revision_is_told(running: Any) -> None:
    """Revisions that follow one another quickly are each told, with their own content."""
    with watching(running, from_now=True) as watcher:
        assert watcher.message().phase == LIVE
        for number in range(30):
            running.put("ann", semantic_summary=f"Text {number}.")
        told = []
        while len(told) < 30:
            told += watcher.message().changes
    assert [each.revision for each in told] == list(range(1, 31))
    # Of those that are still kept; the others had newer ones behind them when they were read.
    assert all(
        each.profile.semantic_summary == f"Text {each.revision - 1}."
        for each in told
        if each.HasField("profile")
    )
    assert all(each.HasField("profile") for each in told[-10:])


def test_an_erased_user_is_told_without_content(running: Any) -> None:
    """An erasure is told by name, after it nothing of the user from before, and a new life as one."""
    running.put("ann", with_state=True)
    running.put("bob", with_state=True)
    running.put("ann", with_state=True)
    place = Watcher(running)
    place.message()
    token = place.token
    place.call.cancel()
    erase(running, "ann")
    with watching(running, after_revision=1) as watcher:
        assert watcher.take(2) == [("bob", WRITTEN, 2), ("ann", ERASED, 0)]
        running.put("ann")
        assert watcher.take(1) == [("ann", WRITTEN, 4)]
    with watching(running, resume_token=token) as watcher:
        assert [name for name, kind, _ in watcher.take(2) if kind == PRESENT] == ["bob"]


def test_who_is_being_erased_is_told_no_more(running: Any) -> None:
    """From the moment an erasure is asked for, its user is in no snapshot, though the scheduler is down."""
    running.put("ann")
    running.put("bob")
    request = EraseUserRequest(user_id="ann")
    request.wait.FromMilliseconds(1)
    running.call("UserDataService/EraseUser", request.SerializeToString())
    with watching(running) as watcher:
        assert watcher.take(1) == [("bob", PRESENT, 2)]


def test_only_who_is_asked_for(running: Any) -> None:
    """A watch of users, or of a namespace, tells of nobody else, and its place goes on all the same."""
    for user_id in ("ann", "bob", "cid"):
        running.put(user_id)
    with running.profiles.begin() as txn:
        txn.changes.append(WRITTEN, keys.user_key("ann", "other"), 3)
        txn.changes.erase(keys.user_key("ann", "other"))
    with watching(running, user_ids=["cid", "ann"]) as watcher:
        assert watcher.take(2) == [("ann", PRESENT, 1), ("cid", PRESENT, 3)]
        running.put("bob")
        running.put("cid")
        assert watcher.take(1) == [("cid", WRITTEN, 5)]
    with watching(running, namespace="other") as watcher:
        assert [watcher.message().phase, watcher.message().phase] == [BEGINNING, LIVE]
    with watching(running, all_namespaces=True) as watcher:
        assert [user_id for user_id, _, _ in watcher.take(3)] == ["ann", "bob", "cid"]


def test_a_large_snapshot_comes_in_bounded_messages(start: Any) -> None:
    """No message holds much more than the limit, and together they hold every profile once, in key order."""
    running = start(start.config(sidecar={"watch_message_bytes_max": 32_768}))
    for number in range(250):
        running.put(f"user{number:03}", semantic_summary="x" * 1_000)
    names: list[str] = []
    with watching(running) as watcher:
        while (message := watcher.message()).phase != LIVE:
            assert message.ByteSize() < 32_768 + 20_480
            names += [change.user_id for change in message.changes]
    assert names == [f"user{number:03}" for number in range(250)]


def test_a_quiet_watch_shows_life(start: Any) -> None:
    """Where nothing happens that is watched, a message without changes comes in time, with a newer token."""
    running = start(start.config(sidecar={"watch_heartbeat_seconds": 0.05}))
    with watching(running, user_ids=["ann"], from_now=True) as watcher:
        first = watcher.message()
        running.put("bob")
        until(lambda: watcher.message().resume_token != first.resume_token)


def test_a_watch_begins_before_there_is_a_store(start: Any, write_profile: Callable[..., int]) -> None:
    """A watcher who comes before the scheduler ever ran is told of what it writes, by one resync at most."""
    running = start(with_profiles=False)
    followed = Followed()
    with Foreword(running.address) as client:
        messages = client.watch()
        followed.take(next(messages))
        profiles = start.profiles()
        with profiles.begin() as txn:
            write_profile(txn, "ann")
        while ("ann", "") not in followed.held:
            followed.take(next(messages))
        messages.close()


# -- from where on ------------------------------------------------------------------------------------------------


def test_a_token_goes_on_behind_its_message(running: Any) -> None:
    """Each token of a watch, the ones inside the snapshot too, leads to all that was not told by then."""
    for number in range(120):
        running.put(f"user{number:03}")
    with watching(running) as watcher:
        watcher.message()
        first = watcher.message()
    running.put("user000")
    with watching(running, resume_token=first.resume_token) as watcher:
        told = watcher.take(21)
    behind = [f"user{number:03}" for number in range(len(first.changes), 120)]
    assert [name for name, kind, _ in told if kind == PRESENT] == behind
    assert told[-1] == ("user000", WRITTEN, 121)


def test_what_is_newer_than_the_snapshot_comes_as_a_change(running: Any) -> None:
    """A user who is written while the snapshot is under way is told once, in order, and not before their time."""
    for number in range(120):
        running.put(f"user{number:03}")
    with watching(running) as watcher:
        watcher.message()
        first = watcher.message()
    running.put("user119")
    running.put("user119")
    with watching(running, resume_token=first.resume_token) as watcher:
        told = watcher.take(21)
    assert ("user119", PRESENT, 120) not in told
    assert told[-2:] == [("user119", WRITTEN, 121), ("user119", WRITTEN, 122)]


def test_a_watch_goes_on_after_a_restart(start: Any) -> None:
    """A token is good in the next sidecar, and the changes of in between are told."""
    running = start()
    running.put("ann")
    with watching(running) as watcher:
        watcher.take(1)
        watcher.message()
        token = watcher.token
    running.stop()
    running = start()
    running.put("bob")
    with watching(running, resume_token=token) as watcher:
        assert watcher.take(1) == [("bob", WRITTEN, 2)]


@pytest.mark.parametrize(
    ("request_fields", "field"),
    [
        ({"resume_token": b"what"}, "resume_token"),
        ({"user_ids": [""]}, "user_ids[0]"),
        ({"user_ids": ["a"] * 1001}, "user_ids"),
        ({"namespace": "n" * 65}, "namespace"),
        ({"all_namespaces": True, "user_ids": ["ann"]}, "all_namespaces"),
    ],
)
def test_what_cannot_be_asked_for_is_named(running: Any, request_fields: Any, field: str) -> None:
    """A watch that is asked for wrongly is refused by its field."""
    assert refused(running, **request_fields).metadata["field"] == field


# -- what can no longer be told -----------------------------------------------------------------------------------


def test_a_place_that_is_not_kept(running: Any) -> None:
    """A token that the store has given up, or never gave, and a revision it does not know, say so."""
    running.put("ann")
    with watching(running, from_now=True) as watcher:
        watcher.message()
        token = watcher.token
    other_term = token[:8] + bytes(8)
    beyond = (int.from_bytes(token[:8], "big") + 5).to_bytes(8, "big") + token[8:]
    for request in ({"resume_token": other_term}, {"resume_token": beyond}, {"after_revision": 99}):
        info = refused(running, **request)
        assert (info.reason, info.metadata["cause"]) == ("RESYNC_REQUIRED", "place")


def test_a_watcher_that_is_too_slow_is_told(start: Any) -> None:
    """Whoever reads slower than changes come is told to begin anew once the changes it lacks are given up."""
    running = start()
    running.profiles._changes_max = 500
    with watching(running, from_now=True) as watcher:
        watcher.message()
        for _ in range(40):
            # 1.5 MB that nobody reads; together more than a connection holds.
            put_many(running, 100)
        with pytest.raises(grpc.RpcError) as failure:
            list(watcher.changes)
    assert running.error_info(failure.value).reason == "RESYNC_REQUIRED"


def test_an_erasure_before_the_start_cannot_be_named(start: Any) -> None:
    """After a restart of the sidecar nobody knows who was erased: watchers of before begin anew, others do not."""
    running = start()
    running.put("ann", with_state=True)
    running.put("bob", with_state=True)
    erase(running, "ann")
    running.stop()
    running = start()
    info = refused(running, after_revision=1)
    assert (info.reason, info.metadata["cause"]) == ("RESYNC_REQUIRED", "erasure")
    with watching(running) as watcher:
        assert watcher.take(1) == [("bob", PRESENT, 2)]
        running.put("cid", with_state=True)
        watcher.take(1)
    assert list(inspect_store(running.store)) == []


def test_datasets_that_take_each_others_place(
    start: Any, tmp_path: Path, write_profile: Callable[..., int]
) -> None:
    """Of two datasets of one origin a watcher is told the later one as its changes, and the earlier one anew."""
    origin = tmp_path / "origin"
    for name, users in (("first", ("ann", "bob")), ("second", ("bob", "cid"))):
        with closing(ProfileWriter(origin, map_size_bytes=1 << 28)) as writer, writer.begin() as txn:
            for user_id in users:
                write_profile(txn, user_id)
        make_dataset(origin, tmp_path / f"{name}.tar")
    running = start(with_profiles=False)
    versions = Versions(running.store)
    first = versions.install(tmp_path / "first.tar").manifest.name
    until(lambda: running.client.profile("ann").profile.revision == 1)
    followed, ended = Followed(), threading.Event()
    with Foreword(running.address) as client:
        threading.Thread(target=follow, args=(client, followed, ended), daemon=True).start()
        until(lambda: followed.phase == LIVE)
        versions.install(tmp_path / "second.tar", is_forced=True)
        until(lambda: followed.runs[-1] == [3, 4])
        versions.use(first)
        until(lambda: followed.revisions == {("ann", ""): 1, ("bob", ""): 2})
        assert len(followed.runs) == 2
        ended.set()
    running.stop()


# -- the clients --------------------------------------------------------------------------------------------------


def test_client_follows_across_restarts(start: Any) -> None:
    """A client's watch outlives the sidecar, and misses nothing."""
    running = start()
    running.put("ann")
    followed = Followed()
    with Foreword(running.address) as client:
        messages = client.watch()
        while followed.phase != LIVE:
            followed.take(next(messages))
        running.stop()
        running = start()
        running.put("bob")
        running.put("ann")
        while followed.revisions.get(("ann", "")) != 3:
            followed.take(next(messages))
        messages.close()
    assert len(followed.runs) == 1
    assert [each for each in followed.told if each[1] == WRITTEN] == [
        ("bob", WRITTEN, 2),
        ("ann", WRITTEN, 3),
    ]


def test_asyncio_client_follows(start: Any) -> None:
    """The asyncio client's watch does the same."""
    running = start()
    running.put("ann")

    async def follow() -> Followed:
        followed = Followed()
        async with AsyncForeword(running.address) as client:
            async for message in client.watch(["ann"]):
                followed.take(message)
                if followed.phase == LIVE and not message.changes:
                    await asyncio.to_thread(running.put, "ann")
                if followed.revisions.get(("ann", "")) == 2:
                    break
        return followed

    assert asyncio.run(follow()).revisions == {("ann", ""): 2}


class Way:
    """A way to the sidecar that can be lost: what is connected then stays so, and hears nothing any more."""

    def __init__(self, place: Path, target: str) -> None:
        self.address = f"unix:{place}"
        self._target = target.removeprefix("unix:")
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(place))
        self._listening.listen()
        self._open: list[socket.socket] = []
        self._is_lost = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def lose(self) -> None:
        """Lose all that is connected by now; whoever connects from here on is heard."""
        self._is_lost.set()
        self._is_lost = threading.Event()

    def close(self) -> None:
        """End all of it."""
        for each in (self._listening, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                sidecar = socket.socket(socket.AF_UNIX)
                self._open += [client, sidecar]
                sidecar.connect(self._target)
                for ends in ((client, sidecar), (sidecar, client)):
                    threading.Thread(target=_pass_on, args=(*ends, self._is_lost), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, is_lost: threading.Event) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            if not is_lost.is_set():
                target.sendall(data)
        if not is_lost.is_set():
            target.shutdown(socket.SHUT_WR)


def test_client_follows_when_the_way_is_lost(
    start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sidecar whose machine vanished without a word is given up, and the watch goes on over another connection."""
    options = tuple((name, value // 60 if value >= 20_000 else value) for name, value in OPTIONS)
    monkeypatch.setattr("foreword.client.sync.OPTIONS", options)
    running = start()
    running.put("ann")
    followed, ended = Followed(), threading.Event()
    with closing(Way(tmp_path / "way.sock", running.address)) as way, Foreword(way.address) as client:
        threading.Thread(target=follow, args=(client, followed, ended), daemon=True).start()
        until(lambda: followed.phase == LIVE, "the watch never began")
        way.lose()
        running.put("ann")
        until(lambda: followed.revisions.get(("ann", "")) == 2, "the watch waits for nobody")
        ended.set()


def test_client_says_what_is_wrong(running: Any) -> None:
    """A watch that cannot be is raised, also by a client that raises nothing else."""
    with Foreword(running.address) as client:
        with pytest.raises(ServiceError) as failure:
            next(client.watch(resume_token=b"what"))
        assert failure.value.metadata["field"] == "resume_token"
        with pytest.raises(FieldError, match="resume_token"):
            next(client.watch(resume_token="what"))  # type: ignore[arg-type]


# -- everything at once -------------------------------------------------------------------------------------------


def test_what_is_followed_equals_the_store(start: Any) -> None:
    """Through random writes, confirmations, rollbacks, erasures, compactions, restores and restarts, a watcher is told
    each user's changes in order, leaves none out unless told to begin anew, and holds what the store holds in the end.
    """
    chance = random.Random(60)
    running = start()
    followed, ended = Followed(), threading.Event()
    with Foreword(running.address) as client:
        follower = threading.Thread(target=follow, args=(client, followed, ended), daemon=True)
        follower.start()
        # A revision is given again after a restore, so that each may have been several users'.
        written: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
        erased: dict[str, int] = {}
        backup = None
        for step in range(150):
            match chance.choices(ACTS, WEIGHTS)[0]:
                case "restart":
                    running.stop()
                    running = connected(start())
                case "compact" | "back up" | "restore" as upkeep:
                    running.stop()
                    start.close_profiles()
                    backup = look_after(running.store, upkeep, backup)
                    # The scheduler is back first: after a restore it gives places anew that the watcher had before.
                    running.profiles = start.profiles()
                    for number in range(40):
                        user_id = f"u{number % 8}"
                        written[running.put(user_id, with_state=True)].append((user_id, step))
                    running = connected(start())
                case act:
                    user_id = f"u{chance.randrange(8)}"
                    written[change(running, act, user_id)].append((user_id, step))
                    erased |= {user_id: step} if act == "erase" else {}
        held = in_store(running)
        until(lambda: (followed.held, followed.times_ms) == held)
        ended.set()
        running.put("u0", with_state=True)
        follower.join(PATIENCE_SECONDS)
    assert len(followed.runs) > 1
    for run in followed.runs:
        for former, later in pairwise(run):
            # Each revision of the store, but those of users who were erased before they were told.
            for missed in range(former + 1, later):
                assert any(erased.get(user_id, -1) > step for user_id, step in written[missed])
    start.close_profiles()
    running.stop()
    assert list(inspect_store(running.store)) == []


ACTS = ("write", "confirm", "roll back", "erase", "restart", "compact", "back up", "restore")
WEIGHTS = (60, 20, 10, 8, 3, 2, 2, 2)


def connected(running: Any) -> Any:
    """Return a sidecar once its client has found it, whose connection others of this process share."""

    def is_found() -> bool:
        try:
            return bool(running.client.status().version)
        except ServiceError:
            return False

    until(is_found)
    grpc.channel_ready_future(running.channel).result(PATIENCE_SECONDS)
    return running


def follow(client: Foreword, followed: Followed, ended: threading.Event) -> None:
    try:
        for message in client.watch():
            followed.take(message)
            if ended.is_set():
                return
    except ServiceError:
        # The test closed the client.
        assert ended.is_set()


def change(running: Any, act: str, user_id: str) -> int:
    """Do one thing to a user, as the scheduler does; return the revision it wrote, 0 for none."""
    revision = 0
    is_known = running.client.profile(user_id).profile.revision > 0
    if act == "write" or not is_known:
        revision = running.put(user_id, with_state=True, semantic_summary="x" * 300)
    elif act == "roll back":
        revision = running.put(user_id, with_state=True, is_rollback=True)
    elif act == "confirm":
        revalidate(running, user_id, running.now_ms + running.client.profile(user_id).profile.revision)
    else:
        erase(running, user_id)
    return revision


def look_after(store: Path, upkeep: str, backup: Path | None) -> Path | None:
    """Compact, back up or restore a store that nobody has open; return its newest backup."""
    if upkeep == "compact":
        compact_store(store, PROFILES)
    elif upkeep == "back up":
        backup = store.parent / f"backup{len(list(store.parent.iterdir()))}"
        backup_store(store, backup)
    elif backup is not None:
        restore_store(backup, store)
    return backup


def in_store(running: Any) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return the profiles in the store, and the times from which they are stale and expired."""
    held, times_ms = {}, {}
    with closing(ProfileReader(running.store)) as reader:
        for user, header in reader.headers():
            response = reader.profile(user)
            assert response is not None
            held[keys.split_user_key(user)] = response.profile
            times_ms[keys.split_user_key(user)] = (header.stale_after_ms, header.expired_after_ms)
    return held, times_ms
