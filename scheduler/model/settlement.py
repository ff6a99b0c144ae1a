"""What calls cost whose answers were lost: the provider's account of a time, less what is known of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from foreword.clock import DAY_MS
from foreword.llm import TokenUsage
from foreword.llm.usage_report import UsageRow
from foreword.v1.model_work_pb2 import ModelCall, ModelMode

MINUTE_MS = 60_000
# Clocks here and there differ, and when in the life of a call it is counted is the provider's affair.
_SLACK_MS = 2_000
# Beyond a day of calls without a pause no time is found that begins and ends between calls.
WINDOW_MS_MAX = DAY_MS
_USAGE = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")


class Span(NamedTuple):
    """A time, in ms since 1970; the end is not in it."""

    from_ms: int
    to_ms: int


def window_around(span: Span, others: Iterable[Span]) -> Span | None:
    """Return whole minutes around a span that begin and end while no other call is under way; None if a day has none.

    Whatever the provider counted in them was then used by calls that began and ended in them.
    """
    clusters = _clusters([span, *others])
    start_ms, end_ms = _minute(span.from_ms - _SLACK_MS), -_minute(-span.to_ms - _SLACK_MS)
    for cluster in reversed(clusters):
        if cluster.from_ms < start_ms < cluster.to_ms:
            start_ms = _minute(cluster.from_ms)
    for cluster in clusters:
        if cluster.from_ms < end_ms < cluster.to_ms:
            end_ms = -_minute(-cluster.to_ms)
    return Span(start_ms, end_ms) if end_ms - start_ms <= WINDOW_MS_MAX else None


def reported(rows: Iterable[UsageRow], model: str) -> TokenUsage:
    """Return what single calls to a model used, by the provider's account; a name may have its date behind it."""
    exact = re.compile(rf"{re.escape(model)}(-\d{{8}})?")
    return _sum(row.usage for row in rows if row.service_tier != "batch" and exact.fullmatch(row.model))


def known(calls: Iterable[ModelCall]) -> TokenUsage:
    """Return what calls used whose answers came."""
    return _sum(usage_of(call) for call in calls)


def usage_of(call: ModelCall) -> TokenUsage:
    """Return what the row of a call says it used."""
    return TokenUsage(**{name: getattr(call, name) for name in _USAGE})


def is_single(call: ModelCall) -> bool:
    """Return whether a row is of a call, and not of a batch."""
    return call.mode == ModelMode.MODEL_MODE_MESSAGES


def missing(account: TokenUsage, ours: TokenUsage) -> TokenUsage | None:
    """Return what the account has that we do not know of; None when it has less, and so is not complete yet."""
    left = {name: getattr(account, name) - getattr(ours, name) for name in _USAGE}
    return None if min(left.values()) < 0 else TokenUsage(**left)


def shares(usage: TokenUsage, count: int) -> list[TokenUsage]:
    """Return a usage in as many parts, nearly equal, that sum to it: which call used what is not known."""
    parts = []
    for place in range(count):
        part = {}
        for name in _USAGE:
            whole = getattr(usage, name)
            part[name] = whole * (place + 1) // count - whole * place // count
        parts.append(TokenUsage(**part))
    return parts


def _clusters(spans: Sequence[Span]) -> list[Span]:
    """Return times in which some call was under way, ascending, with slack around them."""
    found: list[Span] = []
    for from_ms, to_ms in sorted(spans):
        slack = Span(from_ms - _SLACK_MS, to_ms + _SLACK_MS)
        if found and slack.from_ms <= found[-1].to_ms:
            found[-1] = Span(found[-1].from_ms, max(found[-1].to_ms, slack.to_ms))
        else:
            found.append(slack)
    return found


def _minute(ms: int) -> int:
    return ms - ms % MINUTE_MS


def _sum(usages: Iterable[TokenUsage]) -> TokenUsage:
    sums = dict.fromkeys(_USAGE, 0)
    for usage in usages:
        for name in _USAGE:
            sums[name] += getattr(usage, name)
    return TokenUsage(**sums)
