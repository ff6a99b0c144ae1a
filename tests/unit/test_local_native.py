"""Reading in process by foreword-native: the same answers as py-lmdb's, and never two copies of LMDB on one file."""

from __future__ import annotations

import os
import random
import threading
import traceback
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from forked import fork, run, tell
from reader_paths import needs_native
from waiting import until

from foreword import frames, keys
from foreword.clock import ManualClock
from foreword.errors import ForewordError, StoreError
from foreword.keys import UserKey
from foreword.local import LocalReader
from foreword.store import ActivityReader, ActivityWriter, NewEvent, ProfileReader, ProfileWriter, following
from foreword.store import databases as db
from foreword.store.codec import FORMER_ROW_VERSION
from foreword.tokens import count_line_tokens, count_tokens
from foreword.v1.profile_pb2 import Foreword, Profile
from foreword.v1.refresh_pb2 import RefreshState

pytestmark = needs_native

NOW_MS = 1_700_000_000_000
USERS = 60
REQUESTS = 400
LINES = (
    "Backend engineer.",
    "Now: tests.",
    'Lately rated "Æon".',
    "Wants short answers. And no jokes.",
    "x " * 40,
)
NAMESPACES = ("", "shop", "é", "n" * 64)
FIRST_LINES = (frames.PLAIN, frames.QUOTING, frames.GENERAL, frames.BRIEF, "A line of another Foreword")


def build(directory: Path, seed: int) -> None:
    """Write a store with users of every kind, and damage some of it."""
    dice = random.Random(seed)
    with (
        closing(ProfileWriter(directory, map_size_bytes=1 << 26)) as profiles,
        closing(ActivityWriter(directory, map_size_bytes=1 << 26)) as activity,
    ):
        for number in range(USERS):
            put(profiles, dice, number)
        with profiles.begin() as txn:
            if dice.random() < 0.7:
                text = drawn_foreword(dice)
                txn.put_defaults(Profile(foreword=text, is_default=True), text)
            text = drawn_foreword(dice)
            txn.put_namespace_defaults("shop", Profile(foreword=text, is_default=True), text)
        with activity.begin() as txn:
            for number in range(0, USERS, 2):
                txn.record([NewEvent(keys.user_key(f"u{number}"), "e", NOW_MS, b"", False)], NOW_MS)
            for number in dice.sample(range(USERS), 5):
                txn.erase(keys.user_key(f"u{number}"), NOW_MS)
        environment = profiles.environment
        with environment.begin(write=True) as txn:
            for number in dice.sample(range(USERS), 15):
                database = dice.choice((db.PROFILES, db.FOREWORDS))
                damage(dice, txn, environment, database, keys.user_key(f"u{number}"))
            if dice.random() < 0.3:
                damage(dice, txn, environment, db.DEFAULTS, keys.namespace_prefix("shop") + b"\0")


def put(profiles: ProfileWriter, dice: random.Random, number: int) -> None:
    """Write a user's profile, perhaps with the state of their refreshes."""
    user, text = keys.user_key(f"u{number}"), drawn_foreword(dice)
    with profiles.begin() as txn:
        revision = txn.put_profile(
            user,
            Profile(user_id=f"u{number}", foreword=text, is_default=dice.random() < 0.1),
            text,
            computed_at_ms=NOW_MS,
            stale_after_ms=NOW_MS + dice.choice((-10, 10)),
            expired_after_ms=NOW_MS + dice.choice((-5, 20)),
            refresh_on_open=dice.random() < 0.3,
        )
        if dice.random() < 0.5:
            txn.schedule(user, RefreshState(revision=revision))


def drawn_foreword(dice: random.Random) -> Foreword:
    """Return a text of some lines under a frame, with its parts, or as an older row has it, or none."""
    kind = dice.randrange(4)
    if kind == 0:
        return Foreword(text="", tokenizer="t", cuts=[])
    frame, lines = dice.choice(FIRST_LINES), dice.sample(LINES, dice.randrange(1, len(LINES)))
    foreword = Foreword(text="\n".join([frame, *lines]), tokenizer="t")
    end, tokens = len(frame.encode()), count_tokens(frame)
    for line in lines:
        end, tokens = end + 1 + len(line.encode()), tokens + count_line_tokens(line)
        foreword.cuts.add(byte_end=end, token_count=tokens)
        if kind > 1:
            foreword.parts.add(kind="knows", text=line, token_count=count_line_tokens(line))
    foreword.token_count = tokens
    return foreword


def damage(dice: random.Random, txn: Any, environment: Any, database: bytes, key: bytes) -> None:
    """Do to a row what a disk, a bug or another Foreword does, or remove it."""
    handle = environment.handles[database]
    row = bytes(txn.get(key, db=handle))
    at = dice.randrange(len(row))
    damaged = (
        row[:at] + bytes([row[at] ^ 1 << dice.randrange(8)]) + row[at + 1 :],
        row[: dice.randrange(60)],
        bytes([FORMER_ROW_VERSION]) + row[1:],
        b"\x09" + row[1:],
    )
    if dice.random() < 0.2:
        txn.delete(key, db=handle)
    else:
        txn.put(key, dice.choice(damaged), db=handle)


def asked(seed: int) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Return calls of a reader, a few of them odd."""
    dice = random.Random(-seed)
    odd = ("", "x" * 256, "x" * 257, "nobody", "\ud800", 5, None, b"u1")
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
    for _ in range(REQUESTS):
        user = dice.choice(odd) if dice.random() < 0.15 else f"u{dice.randrange(USERS + 5)}"
        space: dict[str, Any] = (
            {"namespace": dice.choice((*NAMESPACES, 5, "n" * 65))} if dice.random() < 0.3 else {}
        )
        budget = dice.choice((0, 1, 5, 18, 30, 40, 60, 100, 199, 200, 201, 10**30, -1, True, None, 1.5))
        call = dice.choice(("text", "text", "foreword", "profile", "profile_response", "foreword_response"))
        calls.append((call, (user, budget) if call in ("text", "foreword") else (user,), space))
    return calls


def answers(directory: Path, seed: int, *, native: bool) -> list[object]:
    """Return what a reader says to each call, in a process of its own."""
    child = run(tell_answers, directory, seed, native)
    assert child.code == 0, child.errors
    (told,) = child.told
    found: list[object] = told
    return found


def tell_answers(directory: Path, seed: int, native: bool) -> None:
    with LocalReader(directory, clock=ManualClock(NOW_MS), native=native, tells_reads=False) as reader:
        assert reader.native is native
        tell([outcome(reader, *call) for call in asked(seed)])
        assert reader.native is native


def outcome(
    reader: LocalReader, call: str, arguments: tuple[object, ...], space: dict[str, object]
) -> object:
    """Return an answer, or the error with all that it says."""
    try:
        found = getattr(reader, call)(*arguments, **space)
    except ForewordError as exc:
        return type(exc).__name__, vars(exc)
    return found if isinstance(found, (str, bytes)) else found.SerializeToString(deterministic=True)


@pytest.mark.parametrize("seed", range(8))
def test_both_ways_give_the_same_answers(tmp_path: Path, seed: int) -> None:
    """Over drawn stores and calls, damaged rows among them, every answer and every error is the same."""
    build(tmp_path, seed)
    pure, native = (answers(tmp_path, seed, native=is_native) for is_native in (False, True))
    different = [each for each in zip(asked(seed), pure, native, strict=True) if each[1] != each[2]]
    assert different == []
    assert len({str(answer) for answer in pure}) > 40


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with some users, open nowhere."""
    build(tmp_path, 1)
    return tmp_path


def test_whoever_opens_the_store_by_py_lmdb_is_given_it(store: Path) -> None:
    """A reader gives the files up before this process opens one of them itself, and goes on by py-lmdb."""
    with LocalReader(store, clock=ManualClock(NOW_MS)) as reader:
        assert reader.native
        before = [outcome(reader, *call) for call in asked(3)]
        with closing(ActivityReader(store)) as activity:
            assert activity.users_count() > 0
            assert [outcome(reader, *call) for call in asked(3)] == before
            assert not reader.native
            with LocalReader(store) as another:
                assert not another.native
    with LocalReader(store) as reader, closing(ProfileWriter(store, map_size_bytes=1 << 26)) as writer:
        put(writer, random.Random(0), 0)
        assert reader.profile("u0").profile.revision > USERS
        assert not reader.native


def test_whoever_has_the_store_open_by_py_lmdb_keeps_it(store: Path) -> None:
    """While this process has one of the files open by py-lmdb, a reader uses py-lmdb; afterwards a new one does not."""
    with closing(ActivityReader(store)), LocalReader(store) as reader:
        assert not reader.native
    with LocalReader(store) as reader:
        assert reader.native


def test_readers_of_one_process_share_what_is_mapped(store: Path) -> None:
    """Two readers of one store, by whatever name of its folder, answer natively, and the second outlives the first."""
    link = store.parent / "link"
    link.symlink_to(store)
    first = LocalReader(store, clock=ManualClock(NOW_MS))
    with LocalReader(link, clock=ManualClock(NOW_MS)) as second:
        assert first.native
        assert second.native
        first.close()
        assert not first.native
        assert second.native
        assert second.profile("nobody").profile.user_id == "nobody"


def test_it_is_turned_off(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its argument for a reader, and by the environment for the process."""
    with LocalReader(store, native=False) as reader:
        assert not reader.native
    monkeypatch.setenv("FOREWORD_NATIVE", "off")
    with LocalReader(store) as reader:
        assert not reader.native


def test_a_read_only_folder_is_read_by_py_lmdb(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no reader can register with the writer, py-lmdb reads, which says so in the log."""
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    with LocalReader(store) as reader:
        assert not reader.native


def in_forked_child(store: Path) -> None:
    """Fork a process that has a reader; tell what the child was told, and what the parent reads after it has ended."""
    reader = LocalReader(store, clock=ManualClock(NOW_MS))
    assert reader.native
    before = reader.profile_response("nobody")
    child = fork()
    if child == 0:
        refusals = []
        for read in (
            reader.text,
            reader.profile_response,
            lambda _: LocalReader(store),
            lambda _: ProfileReader(store),
        ):
            try:
                read("nobody")
            except StoreError as exc:
                refusals.append(exc.message)
        reader.close()
        tell(refusals)
        # As an interpreter ends, dropping all it has.
        del reader
        os._exit(0)
    _, status = os.waitpid(child, 0)
    tell([status, reader.native, reader.profile_response("nobody") == before])


def test_a_forked_child_is_refused_and_costs_the_parent_nothing(store: Path) -> None:
    """In the child all that read say that the store was opened before the fork; the parent goes on."""
    child = run(in_forked_child, store)
    assert child.code == 0, child.errors
    refusals, parent = child.told
    assert len(refusals) == 4
    assert all("was opened before this process was forked" in message for message in refusals)
    assert parent == [0, True, True]


def test_slots_of_readers_that_died_are_freed(store: Path) -> None:
    """A reader that is killed leaves a slot, which the next one to open the store frees."""
    for _ in range(3):
        assert run(open_and_die, store).code == -9
    with LocalReader(store, native=True) as reader:
        assert reader.native
    with closing(ProfileReader(store)) as profiles:
        assert profiles.readers_count() <= 1


def open_and_die(store: Path) -> None:
    """Read natively, and be killed."""
    reader = LocalReader(store)
    assert reader.native
    reader.text("u1")
    os.kill(os.getpid(), 9)


def is_given_up_by(reader: LocalReader) -> bool:
    return not reader.native


def test_threads_read_while_the_store_is_given_up(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread sees a wrong answer while the files go from one copy of LMDB to the other."""
    monkeypatch.setattr(following, "UPKEEP_SECONDS", 0)
    calls = asked(5)
    with LocalReader(store, clock=ManualClock(NOW_MS), native=False) as reader:
        expected = [outcome(reader, *call) for call in calls]
    for _ in range(5):
        with LocalReader(store, clock=ManualClock(NOW_MS)) as reader:
            assert reader.native
            wrong: list[object] = []
            has_begun, is_given_up = threading.Semaphore(0), threading.Event()

            def read(
                reader: LocalReader = reader,
                has_begun: threading.Semaphore = has_begun,
                is_given_up: threading.Event = is_given_up,
                wrong: list[object] = wrong,
            ) -> None:
                try:
                    while not is_given_up.is_set():
                        found = [outcome(reader, *call) for call in calls[:100]]
                        has_begun.release()
                        wrong += [
                            each for each in zip(calls, expected, found, strict=False) if each[1] != each[2]
                        ]
                except BaseException as exc:
                    wrong.append(traceback.format_exc())
                    has_begun.release(100)
                    raise SystemExit from exc

            threads = [threading.Thread(target=read) for _ in range(3)]
            for thread in threads:
                thread.start()
            for _ in threads:
                has_begun.acquire()
            with closing(ActivityReader(store)):
                until(partial(is_given_up_by, reader), "the reader does not give up the files")
                for _ in threads:
                    has_begun.acquire()
                is_given_up.set()
                for thread in threads:
                    thread.join()
            assert wrong == []


def write_all_again(store: Path, rounds: int) -> None:
    """Write every user again and again, ever longer, so that the file grows past what its readers have mapped."""
    with closing(ProfileWriter(store, map_size_bytes=1 << 28)) as writer:
        for number in range(1, rounds + 1):
            with writer.begin() as txn:
                for user in range(20):
                    text = Foreword(text=f"{number} " * 40 * number, tokenizer="t", token_count=1)
                    txn.put_profile(
                        UserKey(keys.user_key(f"w{user}")),
                        Profile(user_id=f"w{user}", foreword=text),
                        text,
                        computed_at_ms=NOW_MS,
                        stale_after_ms=NOW_MS + 10,
                        expired_after_ms=NOW_MS + 20,
                        refresh_on_open=False,
                    )


def test_reads_beside_a_writer_are_whole_and_never_go_back(store: Path) -> None:
    """While another process rewrites and grows the file, each answer was written so, none is older than the last."""
    child = threading.Thread(target=lambda: codes.append(run(write_all_again, store, 40).code))
    codes: list[int] = []
    newest = dict.fromkeys(range(20), 0)
    reads = 0
    child.start()
    with LocalReader(store, clock=ManualClock(NOW_MS)) as reader:
        while child.is_alive() or reads < 1000:
            for user in newest:
                text = reader.profile(f"w{user}").profile.foreword.text
                number = int(text.split()[0]) if text else 0
                assert text == f"{number} " * 40 * number
                assert number >= newest[user]
                newest[user] = number
                reads += 1
        assert reader.native
    child.join()
    assert codes == [0]
    assert set(newest.values()) == {40}
