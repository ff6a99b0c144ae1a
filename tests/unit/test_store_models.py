"""What concerns language models in profiles.lmdb: the queue, calls and their sums, batches, and erasing all of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from foreword import keys
from foreword.clock import DAY_MS
from foreword.store import ProfileReader, ProfileWriter
from foreword.store import databases as db
from foreword.store.check import check_store
from foreword.store.user_data import export_user
from foreword.store.v1.store_pb2 import ModelBatch, ModelHealth
from foreword.v1.model_status_pb2 import ModelProvider
from foreword.v1.model_work_pb2 import ModelCall, ModelItem, ModelMode, ModelOutcome, ModelState

MAP_BYTES = 64 << 20
MESSAGES, BATCH = ModelMode.MODEL_MODE_MESSAGES, ModelMode.MODEL_MODE_BATCH
APPLIED = ModelOutcome.MODEL_OUTCOME_APPLIED
ADA, BEN = keys.user_key("ada"), keys.user_key("ben", "acme")


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[ProfileWriter]:
    with closing(ProfileWriter(tmp_path, map_size_bytes=MAP_BYTES, ledger_entries_max=100)) as writer:
        yield writer
    assert not list(check_store(tmp_path))


@pytest.fixture
def reader(writer: ProfileWriter, tmp_path: Path) -> Iterator[ProfileReader]:
    with closing(ProfileReader(tmp_path)) as reader:
        yield reader


_SCHEDULE = """
import sys
from pathlib import Path
from foreword import keys
from foreword.store import ProfileWriter
from foreword.v1.model_status_pb2 import ModelProvider
from foreword.v1.model_work_pb2 import ModelMode, ModelState
writer = ProfileWriter(Path(sys.argv[1]), map_size_bytes=64 << 20)
with writer.begin() as txn:
    txn.model.schedule(keys.user_key("ada"), ModelState(mode=ModelMode.MODEL_MODE_BATCH, due_ms=60))
writer.close()
"""


def _call(number: int, user: bytes = ADA, cost: int = 7) -> ModelCall:
    return ModelCall(
        call_id=b"call%d" % number,
        user_key=user,
        provider="anthropic",
        model="small",
        mode=MESSAGES,
        outcome=APPLIED,
        input_tokens=3,
        cost_pico_usd=cost,
    )


def test_a_user_stands_once_in_the_queue(writer: ProfileWriter, reader: ProfileReader) -> None:
    """Scheduling a user again moves them, to another time and to another way of asking."""
    with writer.begin() as txn:
        txn.model.schedule(ADA, ModelState(mode=MESSAGES, due_ms=50))
        txn.model.schedule(BEN, ModelState(mode=MESSAGES, due_ms=40))
    assert reader.model.due(MESSAGES, 100, 10) == [(40, BEN), (50, ADA)]
    assert reader.model.due(MESSAGES, 50, 10) == [(40, BEN)]
    with writer.begin() as txn:
        txn.model.schedule(ADA, ModelState(mode=BATCH, due_ms=60))
        txn.model.schedule(BEN, ModelState(mode=MESSAGES))
    assert reader.model.due(MESSAGES, 100, 10) == []
    assert reader.model.due(BATCH, 100, 10) == [(60, ADA)]
    assert (reader.model.due_count(BATCH, 61), reader.model.due_count(BATCH, 60)) == (1, 0)


def test_a_call_ends_once_in_list_and_sums(writer: ProfileWriter, reader: ProfileReader) -> None:
    """A call that ends leaves those under way, and counts on the day it ended, by kind."""
    with writer.begin() as txn:
        txn.model.open_call(_call(1))
    assert [call.call_id for call in reader.model.open_calls()] == [b"call1"]
    with writer.begin() as txn:
        txn.model.end_call(_call(1), 2 * DAY_MS)
        txn.model.end_call(_call(2, cost=5), 2 * DAY_MS + 1)
        txn.model.end_call(_call(3), 3 * DAY_MS)
    assert reader.model.open_calls() == []
    assert [(row.day, row.calls, row.cost_pico_usd) for row in reader.model.spend()] == [
        (2, 2, 12),
        (3, 1, 7),
    ]
    assert [row.day for row in reader.model.spend(3, 3)] == [3]
    assert [call.call_id for call in reader.model.calls(newest=2)] == [b"call3", b"call2"]


def test_calls_are_bounded_and_sums_are_not(writer: ProfileWriter, reader: ProfileReader) -> None:
    """Of more calls than the limit the newest are kept; the sums are of all."""
    with writer.begin() as txn:
        for number in range(250):
            txn.model.end_call(_call(number), DAY_MS)
    assert len(reader.model.calls(newest=1000)) == 100
    assert [row.calls for row in reader.model.spend()] == [250]


def test_erasing_a_user_keeps_what_still_costs(
    writer: ProfileWriter, reader: ProfileReader, tmp_path: Path
) -> None:
    """Erased, a user is in no row; the call and the question under way stay, without the user."""
    with writer.begin() as txn:
        number = txn.model.new_batch()
        txn.model.put_batch(number, ModelBatch(item_count=1))
        txn.model.put_item(number, 0, ModelItem(user_key=BEN, event_hashes=[1], reserved_pico_usd=9))
        txn.model.schedule(BEN, ModelState(batch=number))
        txn.model.open_call(_call(1, BEN))
        txn.model.end_call(_call(2, BEN), DAY_MS)
        txn.model.end_call(_call(3, ADA), DAY_MS)
    exported = [record.store for record in export_user(tmp_path, BEN)]
    assert exported == ["profiles.model_states", "profiles.model_items", *["profiles.model_calls"] * 2]
    with writer.begin() as txn:
        counts = {count.store: count.rows for count in txn.erase(BEN)}
    assert {name: rows for name, rows in counts.items() if rows} == {
        "profiles.model_states": 1,
        "profiles.model_items": 1,
        "profiles.model_open": 1,
        "profiles.model_calls": 1,
    }
    (item,) = [item for _, item in reader.model.items(number)]
    assert (item.user_key, list(item.event_hashes), item.reserved_pico_usd) == (b"", [], 9)
    assert [call.user_key for call in reader.model.open_calls()] == [b""]
    assert [call.call_id for call in reader.model.calls()] == [b"call3"]
    with writer.begin() as txn:
        txn.model.delete_item(number, 0)
        txn.model.delete_batch(number)


def test_the_providers_are_seen_as_the_scheduler_last_saw_them(
    writer: ProfileWriter, reader: ProfileReader
) -> None:
    """What the scheduler writes of its providers is read back whole; before it has, there is nothing."""
    assert reader.model.health() == ModelHealth()
    health = ModelHealth(providers=[ModelProvider(provider="anthropic", held_back="429", calls_max=3)])
    with writer.begin() as txn:
        txn.model.put_health(health)
    assert reader.model.health() == health


def test_a_former_store_is_read_as_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store made before there were models is served as it is, and its new rows are seen once a writer made them."""
    former = tuple(name for name in db.PROFILE_DATABASES if name not in db.MODEL_DATABASES)
    with monkeypatch.context() as patch:
        patch.setattr(db, "PROFILE_DATABASES", former)
        ProfileWriter(tmp_path, map_size_bytes=MAP_BYTES).close()
    with closing(ProfileReader(tmp_path)) as reader:
        assert reader.model.state(ADA) is None
        assert (reader.model.due(MESSAGES, 1 << 40, 5), reader.model.calls(), reader.model.spend()) == (
            [],
            [],
            [],
        )
        assert not list(check_store(tmp_path))
        # Another process, as the scheduler is: one environment is opened once in a process.
        subprocess.run([sys.executable, "-c", _SCHEDULE, str(tmp_path)], check=True)
        assert reader.model.due(BATCH, 100, 10) == [(60, ADA)]
