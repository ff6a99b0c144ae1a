"""What the store keeps for ranking: blocks of users, and the log of decisions."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from foreword import keys
from foreword.clock import DAY_MS
from foreword.keys import UserKey
from foreword.store import ActivityReader, ActivityWriter
from foreword.store import databases as db
from foreword.store.check import inspect_store
from foreword.store.decision_key import KEY_BYTES, decision_id, decision_key, decision_time_ms, key_of
from foreword.v1.ranking_pb2 import RankingDecision

MAP_BYTES = 1 << 26
NOW_MS = 20_000 * DAY_MS
ANN, BOB = keys.user_key("ann"), keys.user_key("bob", "shop")


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ActivityWriter]:
    with closing(ActivityWriter(tmp_path, map_size_bytes=MAP_BYTES)) as opened:
        yield opened
    assert list(inspect_store(tmp_path)) == []


def decision(user: UserKey, time_ms: int, number: int = 1) -> tuple[bytes, RankingDecision]:
    key = decision_key(user, time_ms, number)
    user_id, namespace = keys.split_user_key(user)
    made = RankingDecision(decision_id=decision_id(key), user_id=user_id, namespace=namespace)
    made.time.FromMilliseconds(time_ms)
    return key, made


def test_a_decision_is_found_by_what_the_client_was_given() -> None:
    """The characters of a decision's id lead back to its key, and any other characters to none."""
    key = decision_key(ANN, NOW_MS, 7)
    assert key_of(decision_id(key)) == key
    assert decision_time_ms(key) == NOW_MS
    for one in (key, bytes(KEY_BYTES), b"\xff" * KEY_BYTES):
        assert decision_id(one) == base64.b32encode(one).decode().rstrip("=").lower()
        assert len(decision_id(one)) == 26
    assert [key_of(text) for text in ("", "x", "0" * 26, "ä" * 26, decision_id(key)[:-2])] == [None] * 5


def test_blocks_and_decisions_are_read_as_they_were_written(writer: ActivityWriter, tmp_path: Path) -> None:
    """A block comes back byte for byte, decisions in order of time, and each user has their own alone."""
    made = [decision(user, NOW_MS + ms) for ms in (2, 1, 3) for user in (ANN, BOB)]
    with writer.begin() as txn:
        txn.ranking.put_block(ANN, b"block of ann")
        for key, row in made:
            txn.ranking.put_decision(key, row)
        assert txn.ranking.block(ANN) == b"block of ann"
        assert txn.ranking.decision(made[0][0]) == made[0][1]
    with closing(ActivityReader(tmp_path)) as reader:
        assert reader.ranking_block(ANN) == b"block of ann"
        assert reader.ranking_block(BOB) is None
        times = [each.time.ToMilliseconds() - NOW_MS for each in reader.ranking_decisions(ANN)]
        assert times == [1, 2, 3]
        assert reader.ranking_decision(made[1][0]) == made[1][1]
        assert reader.ranking_counts() == (1, 6)


@pytest.mark.parametrize("count", [0, 1, 2500])
def test_a_users_newest_decisions_come_first(writer: ActivityWriter, tmp_path: Path, count: int) -> None:
    """However many there are of a user, the newest is the first, and no other user's is among them."""
    users = [keys.user_key(f"user-{number}") for number in range(9)]
    with writer.begin() as txn:
        for user in (ANN, *users):
            for number in range(count if user == ANN else 1):
                txn.ranking.put_decision(*decision(user, NOW_MS + number, number))
    with closing(ActivityReader(tmp_path)) as reader:
        times = [one.time.ToMilliseconds() for one in reader.newest_ranking_decisions(ANN)]
        assert times == [NOW_MS + number for number in reversed(range(count))]
        assert [len(list(reader.newest_ranking_decisions(user))) for user in users] == [1] * len(users)


def test_old_decisions_go_and_young_ones_stay(writer: ActivityWriter, tmp_path: Path) -> None:
    """Looked at a few at a time, every decision older than the limit is removed, and no other."""
    ages = range(10)
    with writer.begin() as txn:
        for number, age in enumerate(ages):
            for user in (ANN, BOB):
                txn.ranking.put_decision(*decision(user, NOW_MS - age * DAY_MS, number))
    after, rounds = b"", 0
    while rounds == 0 or after:
        with writer.begin() as txn:
            after = txn.ranking.drop_decisions(after, NOW_MS - 6 * DAY_MS, 3)
        rounds += 1
    assert rounds == 7
    with closing(ActivityReader(tmp_path)) as reader:
        for user in (ANN, BOB):
            kept = [
                (NOW_MS - each.time.ToMilliseconds()) // DAY_MS for each in reader.ranking_decisions(user)
            ]
            assert kept == [6, 5, 4, 3, 2, 1, 0]


def test_an_erasure_takes_block_and_decisions_of_its_user_alone(
    writer: ActivityWriter, tmp_path: Path
) -> None:
    """After an erasure nothing of the user is left, with a count per database, and others keep all."""
    with writer.begin() as txn:
        for user in (ANN, BOB):
            txn.ranking.put_block(user, b"block")
            for number in range(3):
                txn.ranking.put_decision(*decision(user, NOW_MS, number))
    with writer.begin() as txn:
        _, counts = txn.erase(ANN, NOW_MS)
    by_store = {count.store: count.rows for count in counts}
    assert by_store["activity.ranking_blocks"] == 1
    assert by_store["activity.ranking_decisions"] == 3
    with closing(ActivityReader(tmp_path)) as reader:
        assert reader.ranking_block(ANN) is None
        assert list(reader.ranking_decisions(ANN)) == []
        assert reader.ranking_block(BOB) == b"block"
        assert len(list(reader.ranking_decisions(BOB))) == 3


def test_damage_is_no_block_and_the_check_names_it(tmp_path: Path) -> None:
    """A row with a changed or missing byte is served as none, and the check says which it is."""
    key, made = decision(ANN, NOW_MS)
    with closing(ActivityWriter(tmp_path, map_size_bytes=MAP_BYTES)) as writer:
        with writer.begin() as txn:
            txn.ranking.put_block(ANN, b"block of ann")
            txn.ranking.put_decision(key, made)
        environment = writer.environment
        with environment.writing() as raw:
            for name, at in ((db.RANKING_BLOCKS, ANN), (db.RANKING_DECISIONS, key)):
                row = bytearray(raw.get(at, db=environment.handles[name]))
                row[3] ^= 1
                raw.put(at, bytes(row), db=environment.handles[name])
        with closing(ActivityReader(tmp_path)) as reader:
            assert reader.ranking_block(ANN) is None
            assert reader.ranking_decision(key) is None
        with environment.writing() as raw:
            raw.put(ANN, b"short", db=environment.handles[db.RANKING_BLOCKS])
        with closing(ActivityReader(tmp_path)) as reader:
            assert reader.ranking_block(ANN) is None
    assert {fault.store for fault in inspect_store(tmp_path)} == {
        "activity.ranking_blocks",
        "activity.ranking_decisions",
    }
