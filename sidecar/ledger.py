"""What language models cost, as GetLedger shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

from foreword import keys
from foreword.clock import DAY_MS, parse_day
from foreword.config import Config
from foreword.errors import FieldError
from foreword.keys import UserKey
from foreword.llm.prices import micro_usd
from foreword.store import ActivityReader, ProfileReader
from foreword.v1.ledger_pb2 import LedgerAttempt, LedgerCall, LedgerGroup
from foreword.v1.model_work_pb2 import ModelCall, ModelOutcome
from foreword.v1.operator_service_pb2 import GetLedgerRequest, GetLedgerResponse
from foreword.v1.refresh_pb2 import LedgerEntry
from sidecar.activity import Activity
from sidecar.ledger_sums import FIELDS, Prices, grouped, request_path, total
from sidecar.profiles import Profiles
from sidecar.reads import Reads

Row = TypeVar("Row", ModelCall, LedgerEntry)

# About a megabyte of sums, a quarter of what a client takes in one message; a year by day and model is a tenth of it.
SUMS_MAX = 10_000
ROWS_MAX = 1000
# Looked at for one call, a quarter of a second in a thread; as many as the store keeps unless told otherwise.
LOOKED_AT_MAX = 100_000
_LAST_DAY = (1 << 31) - 1
_SAME_NAME = (
    "mode", "segment", "reason", "provider", "model", "outcome", "input_tokens", "cache_read_tokens",
    "cache_write_tokens", "output_tokens", "is_estimate", "is_repair", "applied_count", "refused_count", "request_id",
    "batch_id", "error",
)  # fmt: skip


class _Asked(NamedTuple):
    """A request, looked at."""

    from_day: int
    to_day: int
    groups: tuple[LedgerGroup, ...]
    user: UserKey | None
    calls_max: int
    attempts_max: int
    outcomes: frozenset[int]

    def has_day_of(self, ms: int) -> bool:
        return self.from_day <= ms // DAY_MS <= self.to_day


async def get_ledger(
    request: GetLedgerRequest, profiles: Profiles, activity: Activity, reads: Reads, config: Config
) -> GetLedgerResponse:
    """Return a part of the ledger; the rows are looked through in a thread, so that reads are answered meanwhile.

    Raises:
        FieldError: A field is out of range, or more sums are asked for than fit into an answer.
    """
    asked = _look_at(request)
    await reads.save()
    response = await asyncio.to_thread(_answer, asked, profiles.reader, activity.reader, config.agent.prices)
    for row in response.sums:
        row.segment_name = config.segments.name_of(row.segment)
    for call in response.calls:
        call.segment_name = config.segments.name_of(call.segment)
    return response


def _answer(
    asked: _Asked,
    profiles: ProfileReader | None,
    activity: ActivityReader | None,
    prices: Prices,
) -> GetLedgerResponse:
    spend = profiles.model.spend(asked.from_day, asked.to_day) if profiles is not None else []
    read = activity.reads(asked.from_day, asked.to_day) if activity is not None else []
    sums = grouped(spend, read, asked.groups, prices)
    if len(sums) > SUMS_MAX:
        raise FieldError(
            "group_by", f"{len(sums):,} sums", f"up to {SUMS_MAX:,}; fewer groups, or fewer days"
        )
    response = GetLedgerResponse(
        sums=sums, total=total(spend, read, prices), request_path=request_path(spend, read, prices)
    )
    if profiles is not None:
        response.calls.extend(_call(row) for row in _calls(asked, profiles))
        response.attempts.extend(_attempt(row) for row in _attempts(asked, profiles))
    return response


def _calls(asked: _Asked, profiles: ProfileReader) -> Iterator[ModelCall]:
    wanted = (
        row
        for row in _looked_at(asked, profiles.model.every_call(), _ended_ms, asked.calls_max)
        if not asked.outcomes or row.outcome in asked.outcomes
    )
    return islice(wanted, asked.calls_max)


def _attempts(asked: _Asked, profiles: ProfileReader) -> Iterator[LedgerEntry]:
    rows = _looked_at(asked, profiles.every_attempt(), lambda entry: entry.started_ms, asked.attempts_max)
    return islice(rows, asked.attempts_max)


def _looked_at(asked: _Asked, rows: Iterable[Row], ms_of: Callable[[Row], int], wanted: int) -> Iterator[Row]:
    """Yield the rows of the days and the user that are asked for; looks at none when none is wanted."""
    for row in islice(rows, LOOKED_AT_MAX if wanted else 0):
        if asked.has_day_of(ms_of(row)) and asked.user in {None, row.user_key}:
            yield row


def _ended_ms(call: ModelCall) -> int:
    return call.started_ms + call.duration_us // 1000


def _call(row: ModelCall) -> LedgerCall:
    call = LedgerCall(**{name: getattr(row, name) for name in _SAME_NAME})
    call.user_id, call.namespace = _names(row.user_key)
    call.started_at.FromMilliseconds(row.started_ms)
    call.duration.FromMicroseconds(row.duration_us)
    call.cost_micro_usd = micro_usd(row.cost_pico_usd)
    return call


def _attempt(entry: LedgerEntry) -> LedgerAttempt:
    user_id, namespace = _names(entry.user_key)
    return LedgerAttempt(user_id=user_id, namespace=namespace, entry=entry)


def _names(user: bytes) -> tuple[str, str]:
    return keys.split_user_key(user) if user else ("", "")


def _look_at(request: GetLedgerRequest) -> _Asked:
    from_day = parse_day(request.from_day, "from_day") if request.from_day else 0
    to_day = parse_day(request.to_day, "to_day") if request.to_day else _LAST_DAY
    if to_day < from_day:
        raise FieldError("to_day", request.to_day, f"{request.from_day} or later, as from_day says")
    if request.namespace and not request.user_id:
        raise FieldError("namespace", "a namespace without a user", "user_id and namespace, or neither")
    return _Asked(
        from_day=from_day,
        to_day=to_day,
        groups=_groups(request),
        user=keys.user_key(request.user_id, request.namespace) if request.user_id else None,
        calls_max=_rows_max("calls_max", request.calls_max),
        attempts_max=_rows_max("attempts_max", request.attempts_max),
        outcomes=_outcomes(request),
    )


def _groups(request: GetLedgerRequest) -> tuple[LedgerGroup, ...]:
    groups = tuple(request.group_by)
    for place, group in enumerate(groups):
        if group not in FIELDS:
            names = ", ".join(f"{LedgerGroup.Name(one)} ({one})" for one in FIELDS)
            raise FieldError(f"group_by[{place}]", str(group), names)
        if group in groups[:place]:
            raise FieldError(f"group_by[{place}]", f"{LedgerGroup.Name(group)} again", "each at most once")
    return groups


def _rows_max(field: str, asked: int) -> int:
    if asked < 0:
        raise FieldError(field, str(asked), f"0 to {ROWS_MAX:,}")
    return min(asked, ROWS_MAX)


def _outcomes(request: GetLedgerRequest) -> frozenset[int]:
    for place, outcome in enumerate(request.outcomes):
        if outcome not in ModelOutcome.values():
            names = ", ".join(f"{name} ({value})" for name, value in ModelOutcome.items())
            raise FieldError(f"outcomes[{place}]", str(outcome), names)
    return frozenset(request.outcomes)
