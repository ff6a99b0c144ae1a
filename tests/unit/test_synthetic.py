"""Simulated users are nobody: each place that looks at users, and what it makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from foreword import keys, synthetic
from foreword.admission import admit
from foreword.clock import DAY_MS
from foreword.errors import FieldError
from foreword.store import ActivityReader, ActivityWriter
from foreword.store.check import inspect_store
from foreword.v1.event_pb2 import Event

MAP_BYTES = 1 << 26
NOW_MS = 20_000 * DAY_MS
REAL = ("ann", "", {})
MARKED = {synthetic.SOURCE: synthetic.SIMULATED}
SIMULATED_KEY = keys.user_key("sim-1", synthetic.NAMESPACE)


def event(user: str, namespace: str, attributes: dict[str, str], number: int = 0) -> Event:
    made = Event(event_id=f"e{number}", user_id=user, namespace=namespace, type="read", attributes=attributes)
    made.time.FromMilliseconds(NOW_MS - number)
    return made


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ActivityWriter]:
    with closing(ActivityWriter(tmp_path, map_size_bytes=MAP_BYTES)) as opened:
        users = [REAL, ("zoe", "shop", {})]
        users += [(f"sim-{number}", synthetic.NAMESPACE, MARKED) for number in (1, 2, 3)]
        # On both sides of the range, and as near to it as a namespace can be.
        users += [("bob", synthetic.NAMESPACE + ".not", {}), ("carl", synthetic.NAMESPACE[:-1], {})]
        with opened.begin() as txn:
            kept = admit([event(*user) for user in users], NOW_MS).kept
            assert txn.record(kept, NOW_MS) == [True] * 7
        yield opened
    assert list(inspect_store(tmp_path)) == []


@pytest.mark.parametrize("attributes", [{}, {"source": "import"}])
def test_an_event_gets_in_only_with_its_mark(attributes: dict[str, str]) -> None:
    """In the namespace of simulated users an event without the mark is refused, and elsewhere nothing is asked."""
    refused = admit([event("sim-1", synthetic.NAMESPACE, attributes)], NOW_MS).refused
    assert [(each.field, "kept for simulated users" in each.message) for each in refused] == [
        ("events[0].namespace", True)
    ]
    assert admit([event("sim-1", synthetic.NAMESPACE, MARKED), event("a", "", MARKED)], NOW_MS).refused == []


def test_nobody_is_told_of_what_they_did(writer: ActivityWriter, tmp_path: Path) -> None:
    """No trigger names a simulated user, whatever asks for one, so that none is ever due."""
    with writer.begin() as txn:
        txn.request(SIMULATED_KEY, manual_ms=NOW_MS, full_ms=NOW_MS)
        txn.delete(keys.user_key("sim-2", synthetic.NAMESPACE), ["e0"], NOW_MS)
    with closing(ActivityReader(tmp_path)) as reader:
        named = {keys.split_user_key(trigger.user_key)[0] for _, trigger in reader.triggers(0, 100)}
        assert named == {"ann", "zoe", "bob", "carl"}


def test_walks_over_users_step_over_them(writer: ActivityWriter, tmp_path: Path) -> None:
    """Whatever looks through all users (review, backfill, topics, replays, plans) meets the real ones, in slices."""
    assert writer
    with closing(ActivityReader(tmp_path)) as reader:
        real = ["ann", "zoe", "carl", "bob"]
        assert [keys.split_user_key(user)[0] for user, _ in reader.users()] == real
        assert [keys.split_user_key(user)[0] for user, _ in reader.last_seen()] == real
        found: list[str] = []
        after = b""
        while slice_of := reader.users(after, 1):
            after = slice_of[-1][0]
            found += [keys.split_user_key(user)[0] for user, _ in slice_of]
        assert found == real
        assert reader.last_seen(prefix=synthetic.PREFIX) == []
        assert reader.users_count() == 4


def test_those_who_ask_for_them_get_them(writer: ActivityWriter, tmp_path: Path) -> None:
    """Retention walks over all users, and the trainer reads the simulated ones alone, in slices."""
    assert writer
    with closing(ActivityReader(tmp_path)) as reader:
        assert len(reader.users(with_synthetic=True)) == 7
        first = reader.synthetic_users(limit=2)
        rest = reader.synthetic_users(first[-1][0])
        named = [keys.split_user_key(user) for user, _ in (*first, *rest)]
        assert named == [(f"sim-{number}", synthetic.NAMESPACE) for number in (1, 2, 3)]
        assert reader.has_event(SIMULATED_KEY, "e0")
        assert not reader.has_event(SIMULATED_KEY, "e1")


def test_a_simulated_user_can_be_erased(writer: ActivityWriter, tmp_path: Path) -> None:
    """Erasing one removes all rows of theirs, and nobody else's."""
    with writer.begin() as txn:
        txn.ranking.put_block(SIMULATED_KEY, b"block")
        _, counts = txn.erase(SIMULATED_KEY, NOW_MS)
    rows = {count.store: count.rows for count in counts if count.rows}
    assert rows == {
        "activity.events": 1,
        "activity.applied": 1,
        "activity.users": 1,
        "activity.ranking_blocks": 1,
    }
    with closing(ActivityReader(tmp_path)) as reader:
        assert len(reader.synthetic_users()) == 2


def test_they_are_not_treated_as_people() -> None:
    """What is asked for in their namespace as for people is refused with the field that is wrong."""
    synthetic.check_namespace("shop")
    with pytest.raises(FieldError, match="kept for simulated users"):
        synthetic.check_namespace(synthetic.NAMESPACE)
