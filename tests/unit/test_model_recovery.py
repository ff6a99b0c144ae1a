"""Names of questions, and finding a batch again of which only the intent is stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from foreword.clock import DAY_MS
from foreword.keys import EnvironmentId
from foreword.llm import BatchRow, BatchState, ModelError, ModelRequest
from foreword.llm.custom_id import BatchName, CustomId
from foreword.llm.recovery import Finding, Recovery, Trace
from foreword.store.v1.store_pb2 import ModelBatch

NOW_MS = 1_760_000_000_000
GRACE_MS = 60_000
STORE = EnvironmentId(bytes(range(16)))
NAME = BatchName.of(STORE, 7, NOW_MS)
INTENDED = ModelBatch(intended_ms=NOW_MS, item_count=3)


class _Listed:
    """A provider's batches, by name: when it took each, whether it has ended, and the custom ids of its rows."""

    def __init__(self, **batches: tuple[int, bool, list[str]]) -> None:
        self.batches = batches
        self.read: list[str] = []

    async def create(self, requests: Sequence[tuple[str, ModelRequest]]) -> BatchState:
        raise AssertionError("a look at the list sends nothing")

    async def state(self, batch_id: str) -> BatchState | None:
        created_ms, has_ended, ids = self.batches[batch_id]
        return BatchState(batch_id, created_ms, has_ended, len(ids))

    async def newest(self, since_ms: int) -> list[BatchState]:
        states = [await self.state(name) for name in self.batches]
        return [state for state in states if state is not None and state.created_ms >= since_ms]

    async def rows(self, batch_id: str) -> AsyncGenerator[BatchRow]:
        self.read.append(batch_id)
        for custom_id in self.batches[batch_id][2]:
            yield BatchRow(custom_id, "expired")


def _ids(name: BatchName, count: int = 3) -> list[str]:
    return [name.question(place) for place in range(count)]


def _look(
    recovery: Recovery,
    listed: _Listed,
    now_ms: int = NOW_MS,
    known: Sequence[str] = (),
    name: BatchName = NAME,
) -> Finding:
    look = recovery.look(name, INTENDED, listed, known=known, now_ms=now_ms, grace_ms=GRACE_MS)
    return asyncio.run(look)


def test_a_name_says_whose_question_it_is() -> None:
    """A custom id is of the provider's form, also with the greatest numbers, and is read back as it was made."""
    for number in (
        CustomId("00010203", NOW_MS, 7, 41),
        CustomId("ffffffff", 2**64 - 1, 2**64 - 1, 2**32 - 1),
    ):
        assert len(number.text()) <= 64
        assert set(number.text()) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert CustomId.parse(number.text()) == number


@pytest.mark.parametrize(
    "text", ["", "fw-", "fw-00010203-1-7", "x" + NAME.question(1), NAME.question(1) + "0" * 20, "a-b"]
)
def test_a_name_of_another_form_is_nobodys(text: str) -> None:
    """What is not of our form, or only begins so, is not ours."""
    assert CustomId.parse(text) is None
    assert NAME.place(text) is None


def test_a_name_of_another_batch_has_no_place_here() -> None:
    """Another store, another number, and the same number given again after a backup was restored are told apart."""
    assert NAME.place(NAME.question(41)) == 41
    for other in (
        BatchName.of(EnvironmentId(bytes(16)), 7, NOW_MS),
        BatchName.of(STORE, 8, NOW_MS),
        BatchName.of(STORE, 7, NOW_MS + 1),
    ):
        assert NAME.place(other.question(41)) is None


def test_a_batch_is_found_by_its_rows() -> None:
    """Of several of the same size, the one whose rows carry our names is ours."""
    listed = _Listed(a=(NOW_MS, True, ["x", "y", "z"]), b=(NOW_MS, True, _ids(NAME)))
    found = _look(Recovery(), listed)
    assert (found.trace, found.state and found.state.batch_id) == (Trace.FOUND, "b")


def test_a_batch_under_way_is_waited_for() -> None:
    """While one of the right size has not ended nothing is certain, however long it takes; then its rows decide."""
    recovery = Recovery()
    for later_ms in (0, GRACE_MS, DAY_MS):
        listed = _Listed(a=(NOW_MS, False, _ids(NAME)))
        assert _look(recovery, listed, NOW_MS + later_ms).trace is Trace.UNDECIDED
        assert listed.read == []
    assert _look(recovery, _Listed(a=(NOW_MS, True, _ids(NAME)))).trace is Trace.FOUND


def test_only_one_that_stays_away_is_absent() -> None:
    """A batch that is not listed counts as never taken only after the whole grace, and one listed late is found."""
    recovery = Recovery()
    assert _look(recovery, _Listed(), NOW_MS).trace is Trace.UNLISTED
    assert _look(recovery, _Listed(), NOW_MS + GRACE_MS - 1).trace is Trace.UNLISTED
    late = _Listed(a=(NOW_MS + 500, True, _ids(NAME)))
    assert _look(recovery, late, NOW_MS + GRACE_MS - 1).trace is Trace.FOUND
    other = Recovery()
    _look(other, _Listed(), NOW_MS)
    assert _look(other, _Listed(), NOW_MS + GRACE_MS).trace is Trace.ABSENT


def test_seen_once_the_wait_begins_anew() -> None:
    """One that may be ours and then turns out not to be leaves the whole grace to ours, from then on."""
    recovery = Recovery()
    _look(recovery, _Listed(), NOW_MS)
    _look(recovery, _Listed(a=(NOW_MS, False, ["x", "y", "z"])), NOW_MS + GRACE_MS - 1)
    foreign = _Listed(a=(NOW_MS, True, ["x", "y", "z"]))
    assert _look(recovery, foreign, NOW_MS + GRACE_MS).trace is Trace.UNLISTED
    assert _look(recovery, foreign, NOW_MS + 2 * GRACE_MS).trace is Trace.ABSENT


def test_a_clock_set_back_makes_no_wait_endless() -> None:
    """After the clock was set back, the grace runs from the time it shows then."""
    recovery = Recovery()
    _look(recovery, _Listed(), NOW_MS)
    assert _look(recovery, _Listed(), NOW_MS - DAY_MS).trace is Trace.UNLISTED
    assert _look(recovery, _Listed(), NOW_MS - DAY_MS + GRACE_MS).trace is Trace.ABSENT


def test_others_are_looked_at_once() -> None:
    """Batches of another size, those that rows of ours know, and those of another application cost no reading twice."""
    recovery = Recovery()
    listed = _Listed(
        small=(NOW_MS, True, ["x"]), known=(NOW_MS, True, _ids(NAME)), foreign=(NOW_MS, True, ["x", "y", "z"])
    )
    for _ in range(2):
        assert _look(recovery, listed, known=["known"]).trace is Trace.UNLISTED
    assert listed.read == ["foreign"]


def test_the_provider_may_have_another_time() -> None:
    """A batch that the provider says it took hours before it was intended, by a clock that is behind, is found."""
    listed = _Listed(a=(NOW_MS - DAY_MS // 2, True, _ids(NAME)))
    assert _look(Recovery(), listed).trace is Trace.FOUND


def test_two_intended_batches_of_one_size_are_told_apart() -> None:
    """Each finds its own."""
    other = BatchName.of(STORE, 8, NOW_MS)
    listed = _Listed(a=(NOW_MS, True, _ids(other)), b=(NOW_MS, True, _ids(NAME)))
    recovery = Recovery()
    for name, batch_id in ((NAME, "b"), (other, "a")):
        found = _look(recovery, listed, name=name)
        assert found.state is not None
        assert found.state.batch_id == batch_id


def test_an_error_of_the_provider_decides_nothing() -> None:
    """A list that cannot be had is no list without the batch: the grace does not begin."""

    class _Broken(_Listed):
        async def newest(self, since_ms: int) -> list[BatchState]:
            raise ModelError("down", failure="unavailable")

    recovery = Recovery()
    with pytest.raises(ModelError):
        _look(recovery, _Broken())
    assert _look(recovery, _Listed(), NOW_MS + GRACE_MS).trace is Trace.UNLISTED
