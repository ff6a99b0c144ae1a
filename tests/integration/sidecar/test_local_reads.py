"""Reads in process of users who are refreshed when read: the sidecar is told, and no read waits for it."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from forked import run
from reader_paths import BOTH

from foreword import keys
from foreword.cli.settings import Settings
from foreword.cli.ui.store import Store
from foreword.clock import ManualClock
from foreword.local import LocalReader
from foreword.read_notes import SOCKET, ReadNotes, socket_address
from foreword.store import ProfileWriter
from foreword.v1.profile_pb2 import Segment


def read(store: Path, now_ms: int, users: list[str], native: bool = False, tells_reads: bool = True) -> None:
    """Read users in a process of its own, where the sidecar of a test does not have the store open."""
    child = run(_read, store, now_ms, users, native, tells_reads)
    assert child.code == 0, child.errors


def _read(store: Path, now_ms: int, users: list[str], native: bool, tells_reads: bool) -> None:
    clock = ManualClock(now_ms)
    with LocalReader(store, clock=clock, native=native, tells_reads=tells_reads) as reader:
        assert reader.native is native
        for user in users:
            reader.text(user)
            reader.profile_response(user)
            reader.foreword_response(user)


def asked(running: Any) -> list[str]:
    """Return the users of on-open triggers, in their order."""
    return [keys.split_user_key(each.user_key)[0] for each in running.triggers() if each.on_open_ms]


@pytest.fixture
def known(running: Any) -> Any:
    """A sidecar that knows a user of each kind."""
    users = ("dormant", "fresh", "default", "lost", "last")
    for user in users:
        running.client.record(running.event("e", user))
    running.put("dormant", refresh_on_open=True, segment=Segment.SEGMENT_DORMANT)
    running.put("fresh")
    running.put("default", is_default=True)
    running.put("made-up", refresh_on_open=True)
    running.put("last", refresh_on_open=True)
    return running


@pytest.mark.parametrize("native", BOTH)
def test_whoever_is_refreshed_when_read_leaves_one_trigger(known: Any, native: bool) -> None:
    """Dormant users and those with a default do, once however often they are read; others and made-up ids do not."""
    users = ["fresh", "made-up", "nobody", "dormant", "default", "dormant", "default", "dormant", "last"]
    read(known.store, known.now_ms, users, native)
    known.eventually(lambda: "last" in asked(known), lambda: asked(known))
    assert asked(known) == ["dormant", "default", "last"]


@pytest.mark.parametrize("native", BOTH)
def test_a_reader_may_be_told_to_tell_nothing(known: Any, native: bool) -> None:
    """With `tells_reads=False` nothing comes of a read."""
    read(known.store, known.now_ms, ["dormant"], native, tells_reads=False)
    read(known.store, known.now_ms, ["last"], native)
    known.eventually(lambda: "last" in asked(known), lambda: asked(known))
    assert asked(known) == ["last"]


def test_whom_an_operator_looks_at_is_not_refreshed_for_it(known: Any) -> None:
    """The page that shows a user out of the store, while nobody answers, tells the sidecar nothing."""
    child = run(_show, known.store, known.now_ms, "dormant")
    assert child.code == 0, child.errors
    read(known.store, known.now_ms, ["last"])
    known.eventually(lambda: "last" in asked(known), lambda: asked(known))
    assert asked(known) == ["last"]


def _show(directory: Path, now_ms: int, user_id: str) -> None:
    settings = cast(Settings, SimpleNamespace(address="", directory=directory))
    assert Store(settings, ManualClock(now_ms)).profile(user_id, "").profile.revision


def test_a_sidecar_takes_the_place_of_a_socket_that_was_left(start: Any) -> None:
    """One that was killed leaves its socket; the next one is told all the same, and takes it away when it stops."""
    start.profiles()
    place = start.store / SOCKET
    with (
        closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as left,
        socket_address(start.store) as address,
    ):
        left.bind(address)
    running = start()
    running.client.record(running.event("e", "ann"))
    running.put("ann", refresh_on_open=True)
    assert place.stat().st_mode & 0o777 == 0o600
    read(running.store, running.now_ms, ["ann"])
    running.eventually(lambda: asked(running) == ["ann"], lambda: asked(running))
    running.stop()
    assert not place.exists()
    read(running.store, running.now_ms + 5000, ["ann"])


def test_what_is_no_users_key_is_left_alone(known: Any) -> None:
    """Whatever else is sent to the socket changes nothing, and the sidecar goes on."""
    with (
        closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as sender,
        socket_address(known.store) as address,
    ):
        for said in (
            b"",
            b"\0",
            b"\xff" * 511,
            os.urandom(2000),
            b"\x00\x02ad",
            b"\x00\x00\xff",
            b"\x41" * 400,
        ):
            sender.sendto(said, address)
        sender.sendto(keys.user_key("last"), address)
    known.eventually(lambda: "last" in asked(known), lambda: asked(known))
    assert asked(known) == ["last"]


def test_nobody_waits_for_a_sidecar_that_takes_nothing(tmp_path: Path) -> None:
    """With its socket full, gone, or never there, telling returns at once, and nothing is made in the store."""
    notes = ReadNotes(tmp_path)
    notes.tell(keys.user_key("ann"), 0)
    assert list(tmp_path.iterdir()) == []
    with socket_address(tmp_path) as address:
        hanging = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        hanging.bind(address)
        for number in range(20_000):
            notes.tell(keys.user_key(f"user{number}"), 2000)
        hanging.close()
    notes.tell(keys.user_key("ann"), 4000)
    notes.close()


def test_a_user_is_told_of_again_after_a_second(tmp_path: Path) -> None:
    """And at once when the clock was set back; within the second only once."""
    notes = ReadNotes(tmp_path)
    with (
        closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as taking,
        socket_address(tmp_path) as address,
    ):
        taking.bind(address)
        taking.setblocking(False)
        for now_ms in (5000, 5001, 5999, 6000, 4000):
            notes.tell(keys.user_key("ann"), now_ms)
        assert [taking.recv(100) for _ in range(3)] == [keys.user_key("ann")] * 3
        with pytest.raises(BlockingIOError):
            taking.recv(100)
    notes.close()


def test_a_store_with_a_long_path_is_told_of_as_well(tmp_path: Path) -> None:
    """A socket's address may have some hundred bytes; the store's path may have more."""
    store = tmp_path / ("d" * 100) / ("e" * 100)
    with closing(ProfileWriter(store, map_size_bytes=1 << 26)):
        pass
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as taking:
        with socket_address(store) as address:
            taking.bind(address)
        notes = ReadNotes(store)
        notes.tell(keys.user_key("ann"), 5000)
        assert taking.recv(100) == keys.user_key("ann")
        notes.close()
