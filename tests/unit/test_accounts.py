"""Accounts: sums of all processes, a day's budget, and what is known of single answers for as long as it may be."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

import pytest
from waiting import let_pass

from foreword.clock import DAY_MS, ManualClock
from foreword.config import Price, Tiering
from foreword.llm import TokenUsage
from foreword.store.v1.answers_pb2 import StoredTotals, StoredUse
from foreword.v1.answer_pb2 import AnswerDone, AuditedHit, CoreFound, HitKind, Tier
from foreword.v1.core_pb2 import Core, CoreFreshness
from tiering import accounts
from tiering.accounts import (
    Accounts,
    Spent,
    Sums,
    _add_sums,
    break_even_count,
    tier_costs,
    untiered_pico_usd,
)
from tiering.askers import Askers
from tiering.digest import CoreId, Digests
from tiering.errors import CacheError
from tiering.shelf import Shelf

SECRET = bytes(range(32))
ANN, BOB = (Digests(SECRET).asker("", name) for name in ("ann", "bob"))
CORE_ID = CoreId(b"c" * 16)
WRITING = Spent(
    Tier.TIER_CORE, TokenUsage(input_tokens=100, cache_read_tokens=20, output_tokens=50), 700_000_000
)
WRAPPING = Spent(Tier.TIER_WRAPPER, TokenUsage(input_tokens=10, output_tokens=5), 1_000_000)


class Process:
    """A process's account."""

    def __init__(self, folder: Path, clock: ManualClock, **tiering: int) -> None:
        self.shelf = Shelf(folder, SECRET, eviction="least-recently-stored", size_bytes_max=1 << 30)
        self.askers = Askers(self.shelf, clock)
        self.accounts = Accounts(self.shelf, self.askers, lambda: Tiering(**tiering), clock)
        self.count = 0

    def answer(
        self,
        asker: bytes = ANN,
        *spent: Spent,
        hit: HitKind = HitKind.HIT_KIND_EXACT,
        freshness: CoreFreshness = CoreFreshness.CORE_FRESHNESS_FRESH,
    ) -> bytes:
        """Add an answer; return its id."""
        self.count += 1
        answer_id = self.count.to_bytes(8, "big") + asker[:8]
        found = CoreFound(hit=hit, core_id=CORE_ID.hex(), freshness=freshness)
        done = AnswerDone(answer_id=answer_id.hex())
        for each in spent:
            self.accounts.spend(each)
        self.accounts.answered(
            CORE_ID, asker, found, done, alias=None, untiered_pico_usd=400_000_000, spent=spent
        )
        return answer_id

    def knows(self, answer_id: bytes) -> bool:
        """Return whether an answer can be explained."""
        return self.accounts.explanation(answer_id, lambda _: None) is not None


@pytest.fixture
def clock() -> ManualClock:
    """A clock within a day."""
    return ManualClock(1_700_000_000_000)


def test_sums_of_two_processes_add_up(tmp_path: Path, clock: ManualClock) -> None:
    """At once in the one that counted, and in the other after both have flushed."""
    one, two = Process(tmp_path, clock), Process(tmp_path, clock)
    one.answer(ANN, WRITING, hit=HitKind.HIT_KIND_GENERATED)
    two.answer(BOB, WRAPPING, freshness=CoreFreshness.CORE_FRESHNESS_STALE)
    two.accounts.failed()
    two.accounts.refused()
    assert [row.count for row in one.accounts.totals().hits] == [1]
    two.accounts.flush()
    one.accounts.flush()
    totals = one.accounts.totals()
    assert {row.hit: row.count for row in totals.hits} == {
        HitKind.HIT_KIND_GENERATED: 1,
        HitKind.HIT_KIND_EXACT: 1,
    }
    assert [
        (cost.tier, cost.calls, cost.input_tokens, cost.output_tokens, cost.micro_usd)
        for cost in totals.costs
    ] == [
        (Tier.TIER_CORE, 1, 120, 50, 700),
        (Tier.TIER_WRAPPER, 1, 10, 5, 1),
    ]
    assert (totals.untiered_micro_usd, totals.stale_count, totals.failed_count, totals.refused_count) == (
        800,
        1,
        1,
        1,
    )
    assert totals.cache_bytes > 0
    assert Process(tmp_path, clock).accounts.totals().hits == totals.hits


def test_sums_stay_while_the_shelf_fails(tmp_path: Path, clock: ManualClock) -> None:
    """Nothing is lost, nothing counted twice, and the newest answers are known all along."""
    process = Process(tmp_path, clock)
    first = process.answer()
    with patch.object(Shelf, "put", side_effect=CacheError("full")), pytest.raises(CacheError):
        process.accounts.flush()
    second = process.answer()
    assert process.knows(first)
    process.accounts.flush()
    process.accounts.flush()
    assert [row.count for row in process.accounts.totals().hits] == [2]
    assert process.knows(first)
    assert process.knows(second)
    assert process.accounts.explanation(first, lambda _: None).served_count == 2  # type: ignore[union-attr]


def test_what_is_on_its_way_to_the_shelf_counts_and_is_waited_for(tmp_path: Path, clock: ManualClock) -> None:
    """While a flush is held up no sum goes down and no budget comes back; forgetting an asker comes after it."""
    process = Process(tmp_path, clock, day_micro_usd=700)
    answer_id = process.answer(ANN, WRITING)
    process.accounts.audit(AuditedHit(question="of ann"), "", ANN)
    is_held_up, may_go_on = threading.Event(), threading.Event()

    def hold_up(totals: StoredTotals, sums: Sums) -> None:
        if threading.current_thread() is not threading.main_thread() and not is_held_up.is_set():
            is_held_up.set()
            may_go_on.wait(10)
        _add_sums(totals, sums)

    def forget() -> int:
        process.accounts.flush()
        return process.askers.forget(ANN)

    with ThreadPoolExecutor(2) as threads, patch.object(accounts, "_add_sums", hold_up):
        flushing = threads.submit(process.accounts.flush)
        assert is_held_up.wait(10)
        assert not process.accounts.may_spend()
        assert [row.count for row in process.accounts.totals().hits] == [1]
        assert process.knows(answer_id)
        assert len(process.accounts.audited(10, served_only=False, namespace=None)) == 1
        forgetting = threads.submit(forget)
        let_pass(0.05)
        assert not forgetting.done()
        may_go_on.set()
        flushing.result(10)
        assert forgetting.result(10) == 2
    assert not process.knows(answer_id)


def test_budget_is_of_a_day(tmp_path: Path, clock: ManualClock) -> None:
    """What was spent in all processes counts, and tomorrow begins anew."""
    one, two = Process(tmp_path, clock, day_micro_usd=1000), Process(tmp_path, clock, day_micro_usd=1000)
    one.accounts.spend(WRITING)
    assert one.accounts.may_spend()
    two.accounts.spend(WRITING)
    two.accounts.flush()
    one.accounts.flush()
    assert not one.accounts.may_spend()
    clock.advance(DAY_MS)
    assert one.accounts.may_spend()
    assert Process(tmp_path, clock, day_micro_usd=0).accounts.may_spend() is False
    assert Process(tmp_path, clock).accounts.may_spend()


def test_clock_set_back_gives_no_budget_again(tmp_path: Path, clock: ManualClock) -> None:
    """Within a day; from years ahead it does not bind for years."""
    process = Process(tmp_path, clock, day_micro_usd=1000)
    process.accounts.spend(WRITING)
    process.accounts.spend(WRITING)
    process.accounts.flush()
    clock.advance(-DAY_MS)
    assert not process.accounts.may_spend()
    clock.advance(-1000 * DAY_MS)
    assert process.accounts.may_spend()
    process.accounts.spend(WRITING)
    process.accounts.spend(WRITING)
    process.accounts.flush()
    assert not process.accounts.may_spend()


@pytest.mark.parametrize("flushed", [True, False])
def test_explanation_holds_core_use_and_break_even(tmp_path: Path, clock: ManualClock, flushed: bool) -> None:
    """Whether it is on disk already or not."""
    process = Process(tmp_path, clock)
    process.answer()
    answer_id = process.answer(BOB, WRAPPING)
    if flushed:
        process.accounts.flush()
    core = Core(core_id=CORE_ID.hex(), cost_micro_usd=1000)
    explanation = process.accounts.explanation(
        answer_id, lambda core_id: core if core_id == CORE_ID else None
    )
    assert explanation is not None
    assert explanation.answered_at.ToMilliseconds() == clock.now_ms()
    assert explanation.core == core
    assert explanation.served_count == 2
    # 1,000 micro-USD, of which each answer saves 399.5.
    assert explanation.break_even_count == 3
    assert process.accounts.explanation(bytes(16), lambda _: None) is None


def test_break_even_without_savings_or_use() -> None:
    """Never, where words cost more than they save, or nobody knows prices; at once for what cost nothing."""
    core = Core(cost_micro_usd=10)
    assert break_even_count(core, StoredUse()) == 0
    assert break_even_count(core, StoredUse(count=2, untiered_pico_usd=5, wrapper_pico_usd=9)) == 0
    assert break_even_count(Core(), StoredUse(count=2, untiered_pico_usd=5)) == 1


@pytest.mark.parametrize("limit", [0, 3])
def test_only_the_newest_answers_are_known(tmp_path: Path, clock: ManualClock, limit: int) -> None:
    """As many as configured, over flushes, and after the limit is lowered."""
    process = Process(tmp_path, clock, explained_max=5)
    ids = []
    for _ in range(3):
        ids += [process.answer(), process.answer()]
        process.accounts.flush()
    assert [process.knows(each) for each in ids] == [False, *[True] * 5]
    lowered = Process(tmp_path, clock, explained_max=limit)
    lowered.count = process.count
    ids.append(lowered.answer())
    lowered.accounts.flush()
    if limit:
        assert [lowered.knows(each) for each in ids] == [*[False] * 4, *[True] * 3]
    else:
        assert not lowered.knows(ids[-1])


def test_audit_is_the_newest_first_by_namespace_and_service(tmp_path: Path, clock: ManualClock) -> None:
    """Those on disk and those in memory alike, and no more than configured."""
    process = Process(tmp_path, clock, audited_max=4)
    for number in range(6):
        hit = AuditedHit(question=f"q{number}", was_served=number % 2 == 0)
        process.accounts.audit(hit, "shop" if number > 2 else "", ANN)
        if number in (2, 4):
            process.accounts.flush()

    def questions(count: int = 10, *, served_only: bool = False, namespace: str | None = None) -> list[str]:
        found = process.accounts.audited(count, served_only=served_only, namespace=namespace)
        return [hit.question for hit in found]

    assert questions() == ["q5", "q4", "q3", "q2", "q1"]
    process.accounts.flush()
    assert questions() == ["q5", "q4", "q3", "q2"]
    assert questions(2) == ["q5", "q4"]
    assert questions(served_only=True) == ["q4", "q2"]
    assert questions(namespace="shop") == ["q5", "q4", "q3"]
    assert questions(namespace="") == ["q2"]


def test_forgetting_an_asker_reaches_answers_and_near_questions(tmp_path: Path, clock: ManualClock) -> None:
    """Another's stay."""
    process = Process(tmp_path, clock)
    ann, bob = process.answer(ANN), process.answer(BOB)
    process.accounts.audit(AuditedHit(question="of ann"), "", ANN)
    process.accounts.audit(AuditedHit(question="of bob"), "", BOB)
    process.accounts.flush()
    assert process.askers.forget(ANN) == 2
    assert not process.knows(ann)
    assert process.knows(bob)
    hits = process.accounts.audited(10, served_only=False, namespace=None)
    assert [hit.question for hit in hits] == ["of bob"]


def test_costs_by_tier() -> None:
    """Sums of calls, tokens and money, rounded once."""
    costs = tier_costs([WRITING, WRAPPING, WRAPPING])
    assert [(cost.tier, cost.calls, cost.micro_usd) for cost in costs] == [
        (Tier.TIER_CORE, 1, 700),
        (Tier.TIER_WRAPPER, 2, 2),
    ]


def test_untiered_is_what_the_call_costs() -> None:
    """Exact in pico-USD, whatever the price's decimals."""
    assert untiered_pico_usd(Price(input=0.1, output=0.5), 3, 7) == 3 * 100_000 + 7 * 500_000
