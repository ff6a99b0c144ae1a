"""Sums of what models cost, told apart as asked; and what the same reads would have cost with a model in their path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

from foreword.clock import day_text
from foreword.config import Price
from foreword.llm import TokenUsage
from foreword.llm.prices import cost_pico_usd, micro_usd
from foreword.store.activity_reader import DayReads
from foreword.v1.ledger_pb2 import LedgerGroup, LedgerSum, RequestPathCost
from foreword.v1.model_work_pb2 import ModelMode, ModelOutcome, ModelSpend

Prices: TypeAlias = Mapping[str, Price]

DAY, SEGMENT = LedgerGroup.LEDGER_GROUP_DAY, LedgerGroup.LEDGER_GROUP_SEGMENT
FIELDS = {
    DAY: "day",
    SEGMENT: "segment",
    LedgerGroup.LEDGER_GROUP_PROVIDER: "provider",
    LedgerGroup.LEDGER_GROUP_MODEL: "model",
    LedgerGroup.LEDGER_GROUP_MODE: "mode",
    LedgerGroup.LEDGER_GROUP_OUTCOME: "outcome",
}
# What a read has, too.
_OF_READS = {DAY, SEGMENT}
_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
_MILLION = 1_000_000
_ADDED = ("calls", *_TOKENS, "applied_count", "refused_count")

# The model said something, whatever it was worth. What failed, was lost or expired is no answer, and mostly free.
ANSWERED = frozenset(
    {
        ModelOutcome.MODEL_OUTCOME_APPLIED,
        ModelOutcome.MODEL_OUTCOME_NOTHING,
        ModelOutcome.MODEL_OUTCOME_INVALID,
        ModelOutcome.MODEL_OUTCOME_UNSUPPORTED,
        ModelOutcome.MODEL_OUTCOME_REFUSED,
        ModelOutcome.MODEL_OUTCOME_TRUNCATED,
        ModelOutcome.MODEL_OUTCOME_OUTDATED,
    }
)


class _Savings:
    """What the prompt cache saves, by the prices given; looked up once a model, for there may be thousands of sums."""

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._per_million: dict[tuple[str, bool], tuple[int, int]] = {}

    def pico_usd(self, model: str, tokens: Mapping[str, int], *, in_batch: bool) -> int:
        """Return what cached tokens saved: what they cost at the price of input, less what they did cost."""
        kind = (model, in_batch)
        if kind not in self._per_million:
            self._per_million[kind] = self._saved_per_million(model, in_batch=in_batch)
        by_reading, by_writing = self._per_million[kind]
        return (tokens["read"] * by_reading + tokens["write"] * by_writing) // _MILLION

    def _saved_per_million(self, model: str, *, in_batch: bool) -> tuple[int, int]:
        price = self._prices.get(model)
        if price is None:
            return 0, 0
        uncached, read, written = (
            cost_pico_usd(TokenUsage(**{kind: _MILLION}), price, in_batch=in_batch)
            for kind in ("input_tokens", "cache_read_tokens", "cache_write_tokens")
        )
        return uncached - read, uncached - written


@dataclass
class _Exact:
    """A sum before it is rounded."""

    numbers: Counter[str] = field(default_factory=Counter)
    cost_pico_usd: int = 0
    estimated_pico_usd: int = 0
    cached: dict[tuple[str, bool], Counter[str]] = field(default_factory=dict)
    """Cached tokens by model and whether in a batch."""
    read_count: int = 0

    def add(self, spend: ModelSpend) -> None:
        for name in _ADDED:
            self.numbers[name] += getattr(spend, name)
        self.cost_pico_usd += spend.cost_pico_usd
        self.estimated_pico_usd += spend.estimated_pico_usd
        if spend.cache_read_tokens or spend.cache_write_tokens:
            kind = (spend.model, spend.mode == ModelMode.MODEL_MODE_BATCH)
            tokens = self.cached.setdefault(kind, Counter())
            tokens["read"] += spend.cache_read_tokens
            tokens["write"] += spend.cache_write_tokens

    def message(self, savings: _Savings, named: Mapping[str, Any]) -> LedgerSum:
        saved = (
            savings.pico_usd(model, tokens, in_batch=in_batch)
            for (model, in_batch), tokens in self.cached.items()
        )
        fields: dict[str, Any] = {**named, **self.numbers}
        return LedgerSum(
            **fields,
            cost_micro_usd=micro_usd(self.cost_pico_usd),
            estimated_micro_usd=micro_usd(self.estimated_pico_usd),
            cache_saved_micro_usd=micro_usd(sum(saved)),
        )


def grouped(
    spend: Iterable[ModelSpend], reads: Iterable[DayReads], groups: Sequence[LedgerGroup], prices: Prices
) -> list[LedgerSum]:
    """Return one sum for each group that has calls or reads, in the order of their values; none without groups."""
    if not groups:
        return []
    found: dict[tuple[Any, ...], _Exact] = {}
    value_of = [_value_of(group) for group in groups]
    for row in spend:
        found.setdefault(tuple(of(row) for of in value_of), _Exact()).add(row)
    has_reads = _OF_READS.issuperset(groups)
    if has_reads:
        for read in reads:
            found.setdefault(tuple(of(read) for of in value_of), _Exact()).read_count += read.read_count
    sums, savings = [], _Savings(prices)
    for key, exact in sorted(found.items(), key=lambda item: item[0]):
        named = {
            FIELDS[group]: day_text(value) if group == DAY else value
            for group, value in zip(groups, key, strict=True)
        }
        sums.append(exact.message(savings, named | ({"read_count": exact.read_count} if has_reads else {})))
    return sums


def total(spend: Iterable[ModelSpend], reads: Iterable[DayReads], prices: Prices) -> LedgerSum:
    """Return the sum of all."""
    exact = _Exact()
    for row in spend:
        exact.add(row)
    return exact.message(_Savings(prices), {"read_count": sum(read.read_count for read in reads)})


def request_path(spend: Sequence[ModelSpend], reads: Sequence[DayReads], prices: Prices) -> RequestPathCost:
    """Return what the reads would have cost had each asked a model: reads × mean cost of an answer.

    An answer in the path of a request is one nobody can wait for a batch for, so a batch's row counts at the price of
    a single call; of a model that has no price any more, its rows are left out.
    """
    answers, cost = 0, Fraction()
    batched: dict[str, Counter[str]] = {}
    for row in spend:
        if row.outcome not in ANSWERED:
            continue
        if row.mode != ModelMode.MODEL_MODE_BATCH:
            answers += row.calls
            cost += row.cost_pico_usd
        elif row.model in prices:
            answers += row.calls
            sums = batched.setdefault(row.model, Counter())
            sums.update({name: getattr(row, name) for name in _TOKENS})
    for model, tokens in batched.items():
        cost += cost_pico_usd(TokenUsage(**tokens), prices[model], in_batch=False)
    read_count = sum(read.read_count for read in reads)
    spent = sum(row.cost_pico_usd for row in spend)
    # Exact to the end: rounded first, the mean would be multiplied with its error.
    mean = cost / answers if answers else Fraction()
    return RequestPathCost(
        read_count=read_count,
        first_read_day=day_text(min(read.day for read in reads)) if reads else "",
        answer_count=answers,
        answer_cost_micro_usd=round(mean / _MILLION),
        cost_micro_usd=round(mean * read_count / _MILLION),
        spent_micro_usd=micro_usd(spent),
        ratio=float(mean * read_count / spent) if spent else 0.0,
    )


def _value_of(group: LedgerGroup) -> Callable[[Any], Any]:
    name = FIELDS[group]
    return lambda row: getattr(row, name)
