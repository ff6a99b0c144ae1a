"""What answers cost, what they saved, and why each was what it was: in memory at once, on disk within a moment."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from foreword.clock import Clock
from foreword.config import Price, Tiering
from foreword.llm import TokenUsage, cost_pico_usd, micro_usd
from foreword.store.v1.answers_pb2 import (
    RingEnd,
    StoredAudit,
    StoredExplanation,
    StoredTierCost,
    StoredTotals,
    StoredUse,
)
from foreword.v1.answer_pb2 import (
    AnswerDone,
    AnswerExplanation,
    AnswerTotals,
    AuditedHit,
    CoreFound,
    Tier,
    TierCost,
)
from foreword.v1.core_pb2 import Core, CoreAlias, CoreFreshness
from tiering.askers import Askers
from tiering.digest import CoreId
from tiering.rows import put_row, read_row
from tiering.shelf import Shelf

KEPT_EACH_FLUSH_MAX = 500
"""Newest answers, and near questions, that one flush keeps: some 50 ms of its thread. Sums are of all."""

_TOTALS = b"T"
_USE = b"n"
_RING = b"R"
_EXPLAINED = b"x"
_EXPLAINED_RING = b"y"
_AUDITED_RING = b"u"
_LATE = (CoreFreshness.CORE_FRESHNESS_STALE, CoreFreshness.CORE_FRESHNESS_STALE_IF_ERROR)
_PICO_A_MICRO = 1_000_000
# A clock that was set back by less stays in its day: the budget is not there twice.
_AHEAD_MAX = timedelta(days=1)

Sums: TypeAlias = "Counter[tuple[Any, ...]]"


class Spent(NamedTuple):
    """What one call to a model cost.

    Attributes:
        tier: What it was for.
        usage: Its tokens.
        pico_usd: Its price, in millionths of a millionth of a US dollar.
    """

    tier: Tier
    usage: TokenUsage
    pico_usd: int


class _Answered(NamedTuple):
    at_ms: int
    asker: bytes
    core_id: CoreId | None
    found: CoreFound
    done: AnswerDone
    alias: CoreAlias | None


class _Audited(NamedTuple):
    asker: bytes
    row: StoredAudit


class _Unwritten:
    """What is not on disk yet: sums by what they are of, and the newest answers and near questions."""

    def __init__(self) -> None:
        self.sums: Sums = Counter()
        self.answered: deque[_Answered] = deque(maxlen=KEPT_EACH_FLUSH_MAX)
        self.audited: deque[_Audited] = deque(maxlen=KEPT_EACH_FLUSH_MAX)

    def take_back(self, earlier: _Unwritten) -> None:
        """Take in what could not be written earlier."""
        self.sums.update(earlier.sums)
        for own, older in ((self.answered, earlier.answered), (self.audited, earlier.audited)):
            newest = [*older, *own]
            own.clear()
            own.extend(newest)


class Accounts:
    """The account of all answers, kept by every process in its memory, and added up on the shelf by `flush`.

    A process that is killed loses what came since its last flush; one whose shelf fails keeps its sums until it works
    again. May be used from several threads.

    Args:
        made: The shelf.
        askers: Holds what goes with an asker.
        settings: Returns what is in force.
        clock: Tells the time.

    Raises:
        CacheError: The shelf cannot be read.
    """

    def __init__(self, made: Shelf, askers: Askers, settings: Callable[[], Tiering], clock: Clock) -> None:
        self._shelf = made
        self._askers = askers
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        # One flush at a time: whoever comes back from one knows that nothing is on its way to the shelf.
        self._flushing = threading.Lock()
        self._unwritten = _Unwritten()
        # Counted until it is on the shelf, so that no sum goes down, and no budget comes back, meanwhile.
        self._on_its_way = _Unwritten()
        self._written = read_row(made, _TOTALS, StoredTotals) or StoredTotals()
        self._bytes = made.size_bytes()

    # -- what happens -----------------------------------------------------------------------------------------

    def spend(self, spent: Spent) -> None:
        """Add a call to a model, for whatever it was made."""
        self._add({**_cost_sums(spent), ("day", self._today()): spent.pico_usd})

    def may_spend(self) -> bool:
        """Return whether anything is left of the day's budget, `tiering.day_micro_usd`."""
        left = self.left_pico_usd()
        return left is None or left > 0

    def left_pico_usd(self) -> int | None:
        """Return what is left of the day's budget, below 0 where it was passed; None where there is no limit."""
        limit = self._settings().day_micro_usd
        if limit is None:
            return None
        with self._lock:
            totals = StoredTotals(day=self._written.day, day_pico_usd=self._written.day_pico_usd)
            for sums in (self._on_its_way.sums, self._unwritten.sums):
                _add_days(totals, {key[1]: number for key, number in sums.items() if key[0] == "day"})
        _add_days(totals, {self._today(): 0})
        return limit * _PICO_A_MICRO - int(totals.day_pico_usd)

    def answered(
        self,
        core_id: CoreId | None,
        asker: bytes,
        found: CoreFound,
        done: AnswerDone,
        *,
        alias: CoreAlias | None,
        untiered_pico_usd: int,
        spent: Sequence[Spent],
    ) -> None:
        """Add an answer. What was spent on it is added already; here it only says what the core's words cost.

        Args:
            core_id: The core that answered; None for an answer for one call alone.
            asker: Who asked, `Digests.asker`.
            found: How the core was found.
            done: What the answer was made of.
            alias: Who says that the core answers this question.
            untiered_pico_usd: What the same words would have cost untiered.
            spent: What was spent on it.
        """
        sums: dict[tuple[Any, ...], int] = {
            ("hits", found.hit): 1,
            ("untiered",): untiered_pico_usd,
        }
        if found.freshness in _LATE:
            sums["counts", "stale_count"] = 1
        if core_id is not None:
            sums["use", core_id, "count"] = 1
            sums["use", core_id, "untiered_pico_usd"] = untiered_pico_usd
            wrapper = sum(each.pico_usd for each in spent if each.tier == Tier.TIER_WRAPPER)
            sums["use", core_id, "wrapper_pico_usd"] = wrapper
        self._add(sums)
        if self._settings().explained_max:
            row = _Answered(self._clock.now_ms(), asker, core_id, found, done, alias)
            with self._lock:
                self._unwritten.answered.append(row)

    def failed(self) -> None:
        """Add a call that got no answer."""
        self._add({("counts", "failed_count"): 1})

    def refused(self) -> None:
        """Add words of a model that did not pass."""
        self._add({("counts", "refused_count"): 1})

    def audit(self, hit: AuditedHit, namespace: str, asker: bytes) -> None:
        """Keep a near question that was met, for a person to look at."""
        if self._settings().audited_max:
            with self._lock:
                self._unwritten.audited.append(_Audited(asker, StoredAudit(hit=hit, namespace=namespace)))

    # -- what is known ----------------------------------------------------------------------------------------

    def totals(self) -> AnswerTotals:
        """Return sums over all answers of all processes, of others as of the last flush."""
        with self._lock:
            totals = StoredTotals.FromString(self._written.SerializeToString())
            _add_sums(totals, self._on_its_way.sums)
            _add_sums(totals, self._unwritten.sums)
        response = totals.counts
        response.untiered_micro_usd = micro_usd(totals.untiered_pico_usd)
        response.cache_bytes = self._bytes
        response.costs.extend(_tier_cost(row) for row in sorted(totals.costs, key=lambda row: row.tier))
        return response

    def explanation(
        self, answer_id: bytes, core: Callable[[CoreId], Core | None]
    ) -> AnswerExplanation | None:
        """Return why an answer was what it was; None where it is not known, or no longer. Blocks.

        Args:
            answer_id: 16 bytes.
            core: Returns a core by its id.

        Raises:
            CacheError: The shelf cannot be read.
        """
        wanted = answer_id.hex()
        with self._lock:
            rows = (*self._on_its_way.answered, *self._unwritten.answered)
        unwritten = next((row for row in rows if row.done.answer_id == wanted), None)
        if unwritten is not None:
            explanation = _explained(unwritten)
        else:
            row = read_row(self._shelf, _EXPLAINED + answer_id, StoredExplanation)
            if row is None:
                return None
            explanation = row.explanation
        if explanation.found.core_id:
            core_id = CoreId(bytes.fromhex(explanation.found.core_id))
            use = self._use(core_id)
            explanation.served_count = use.count
            found = core(core_id)
            if found is not None:
                explanation.core.CopyFrom(found)
                explanation.break_even_count = break_even_count(found, use)
        return explanation

    def audited(self, count: int, *, served_only: bool, namespace: str | None) -> list[AuditedHit]:
        """Return near questions that were met, the newest first: all, or those of one namespace. Blocks.

        Raises:
            CacheError: The shelf cannot be read.
        """
        found: list[AuditedHit] = []
        for row in self._audits():
            if len(found) == count:
                break
            is_ours = namespace is None or row.namespace == namespace
            if is_ours and (row.hit.was_served or not served_only):
                found.append(row.hit)
        return found

    def served_count(self, core_id: CoreId) -> int:
        """Return how many answers a core gave. Blocks.

        Raises:
            CacheError: The shelf cannot be read.
        """
        return int(self._use(core_id).count)

    # -- the shelf --------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Bring all of it to the shelf, and learn what other processes brought. Blocks.

        Raises:
            CacheError: The shelf cannot be written; it is tried again with the next flush.
        """
        with self._flushing:
            with self._lock:
                taken, self._unwritten = self._unwritten, _Unwritten()
                self._on_its_way = taken
            try:
                written = self._write(taken)
            except BaseException:
                with self._lock:
                    self._unwritten.take_back(taken)
                    self._on_its_way = _Unwritten()
                raise
            with self._lock:
                self._written, self._on_its_way = written, _Unwritten()
            self._bytes = self._shelf.size_bytes()

    def _write(self, taken: _Unwritten) -> StoredTotals:
        if not (taken.sums or taken.audited):
            return read_row(self._shelf, _TOTALS, StoredTotals) or StoredTotals()
        with self._shelf.writing():
            totals = read_row(self._shelf, _TOTALS, StoredTotals) or StoredTotals()
            _add_sums(totals, taken.sums)
            put_row(self._shelf, _TOTALS, totals)
            for core_id, use in _uses(taken.sums).items():
                stored = read_row(self._shelf, _USE + core_id, StoredUse) or StoredUse()
                put_row(self._shelf, _USE + core_id, _sum_of(stored, use))
            self._write_explanations(taken.answered)
            self._write_audits(taken.audited)
        return totals

    def _write_explanations(self, answered: Iterable[_Answered]) -> None:
        rows = {bytes.fromhex(each.done.answer_id): each for each in answered}
        held: dict[bytes, list[bytes]] = {}
        for answer_id, each in rows.items():
            key = _EXPLAINED + answer_id
            put_row(self._shelf, key, StoredExplanation(explanation=_explained(each)))
            held.setdefault(each.asker, []).append(key)
        for asker, keys in held.items():
            self._askers.hold(asker, *keys)
        for gone in self._turn(_EXPLAINED_RING, list(rows), self._settings().explained_max):
            self._shelf.delete(_EXPLAINED + gone)

    def _write_audits(self, audited: Sequence[_Audited]) -> None:
        first = self._end(_AUDITED_RING) + 1
        rows = [each.row.SerializeToString() for each in audited]
        self._turn(_AUDITED_RING, rows, self._settings().audited_max)
        for number, each in enumerate(audited, first):
            self._askers.hold(each.asker, _numbered(_AUDITED_RING, number))

    def _turn(self, ring: bytes, rows: Sequence[bytes], count_max: int) -> list[bytes]:
        """Put rows at the end of a ring; return those that fell out at its beginning."""
        former = self._end(ring)
        end = former + len(rows)
        for number, each in enumerate(rows, former + 1):
            self._shelf.put(_numbered(ring, number), each)
        put_row(self._shelf, _RING + ring, RingEnd(number=end))
        # Further down, too, where the limit was lowered; what was evicted, or went with its asker, leaves gaps.
        fallen = []
        for number in range(end - count_max, 0, -1):
            row = self._shelf.get(_numbered(ring, number))
            if row is not None:
                self._shelf.delete(_numbered(ring, number))
                fallen.append(row)
            elif number <= former - count_max:
                break
        return fallen

    def _audits(self) -> Iterator[StoredAudit]:
        with self._lock:
            rows = (*self._on_its_way.audited, *self._unwritten.audited)
            unwritten = [each.row for each in reversed(rows)]
        yield from unwritten
        end = self._end(_AUDITED_RING)
        for number in range(end, max(0, end - self._settings().audited_max), -1):
            row = read_row(self._shelf, _numbered(_AUDITED_RING, number), StoredAudit)
            if row is not None:
                yield row

    def _end(self, ring: bytes) -> int:
        row = read_row(self._shelf, _RING + ring, RingEnd)
        return row.number if row is not None else 0

    def _use(self, core_id: CoreId) -> StoredUse:
        stored = read_row(self._shelf, _USE + core_id, StoredUse) or StoredUse()
        with self._lock:
            for sums in (self._on_its_way.sums, self._unwritten.sums):
                _sum_of(stored, _uses(sums).get(core_id, {}))
        return stored

    def _add(self, sums: dict[tuple[Any, ...], int]) -> None:
        with self._lock:
            own = self._unwritten.sums
            for key, number in sums.items():
                own[key] += number

    def _today(self) -> str:
        return f"{datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC):%Y-%m-%d}"


def tier_costs(spent: Iterable[Spent]) -> list[TierCost]:
    """Return what was spent, by tier."""
    totals = StoredTotals()
    for each in spent:
        _add_sums(totals, _cost_sums(each))
    return [_tier_cost(row) for row in totals.costs]


def untiered_pico_usd(price: Price, input_tokens: int, output_tokens: int) -> int:
    """Return what a call to a model costs, exact; in a microsecond, since every answer is told what it saved."""
    read, written = _rates(price.input, price.output)
    return input_tokens * read + output_tokens * written


def break_even_count(core: Core, use: StoredUse) -> int:
    """Return from how many answers on a core costs less than answers one by one; 0 when never, or nobody knows."""
    saved = use.untiered_pico_usd - use.wrapper_pico_usd
    if saved <= 0 or not use.count:
        return 0
    # Rounded up, and at least one: what cost nothing to make pays with its first answer.
    return max(1, -(-core.cost_micro_usd * _PICO_A_MICRO * use.count // saved))


@lru_cache(maxsize=64)
def _rates(read: float, written: float) -> tuple[int, int]:
    price = Price(input=read, output=written)
    usages = (TokenUsage(input_tokens=1), TokenUsage(output_tokens=1))
    one, other = (cost_pico_usd(usage, price, in_batch=False) for usage in usages)
    return one, other


def _cost_sums(spent: Spent) -> Sums:
    usage = spent.usage
    read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    sums = {
        "calls": 1,
        "input_tokens": read,
        "output_tokens": usage.output_tokens,
        "pico_usd": spent.pico_usd,
    }
    return Counter({("costs", spent.tier, name): number for name, number in sums.items()})


def _add_sums(totals: StoredTotals, sums: Sums) -> None:
    for (name, *rest), number in sums.items():
        match name, rest:
            case "hits", [kind]:
                _one(totals.counts.hits, "hit", kind).count += number
            case "costs", [tier, what]:
                row = _one(totals.costs, "tier", tier)
                setattr(row, what, getattr(row, what) + number)
            case "counts", [what]:
                setattr(totals.counts, what, getattr(totals.counts, what) + number)
            case "untiered", []:
                totals.untiered_pico_usd += number
    _add_days(totals, {key[1]: number for key, number in sums.items() if key[0] == "day"})


def _add_days(totals: StoredTotals, days: Mapping[str, int]) -> None:
    for day in sorted(days):
        if not (totals.day and timedelta(0) <= _date(totals.day) - _date(day) <= _AHEAD_MAX):
            totals.day, totals.day_pico_usd = day, 0
        totals.day_pico_usd += days[day]


def _date(day: str) -> date:
    return date.fromisoformat(day)


def _one(rows: Any, field: str, value: int) -> Any:
    """Return the row whose field has a value, added when there is none."""
    return next((row for row in rows if getattr(row, field) == value), None) or rows.add(**{field: value})


def _uses(sums: Sums) -> dict[CoreId, dict[str, int]]:
    uses: dict[CoreId, dict[str, int]] = {}
    for key, number in sums.items():
        if key[0] == "use":
            uses.setdefault(key[1], {})[key[2]] = number
    return uses


def _sum_of(stored: StoredUse, more: Mapping[str, int]) -> StoredUse:
    for name, number in more.items():
        setattr(stored, name, getattr(stored, name) + number)
    return stored


def _tier_cost(row: StoredTierCost) -> TierCost:
    return TierCost(
        tier=row.tier,
        calls=row.calls,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        micro_usd=micro_usd(row.pico_usd),
    )


def _explained(each: _Answered) -> AnswerExplanation:
    explanation = AnswerExplanation(
        answer_id=each.done.answer_id, found=each.found, done=each.done, alias=each.alias
    )
    explanation.answered_at.FromMilliseconds(each.at_ms)
    return explanation


def _numbered(ring: bytes, number: int) -> bytes:
    return ring + number.to_bytes(8, "big")
