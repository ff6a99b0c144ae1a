"""The organization's usage report: the count by time, in pages."""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foreword.clock import format_time_ms, parse_time_ms
from foreword.errors import FieldError
from foreword.model_server.errors import invalid
from foreword.model_server.tally import MINUTE_MS, Tally
from foreword.model_server.times import rfc3339
from foreword.model_server.usage import Tier, Usage


@dataclass(frozen=True, slots=True)
class _Width:
    """How long a bucket is, and how many come in a page: when nothing is said, and at most."""

    ms: int
    default: int
    most: int


_WIDTHS = {
    "1m": _Width(MINUTE_MS, 60, 1440),
    "1h": _Width(60 * MINUTE_MS, 24, 168),
    "1d": _Width(1440 * MINUTE_MS, 7, 31),
}
# The groups that can differ here; what else the API groups by is the same for all, and comes as null.
_GROUPS = ("model", "service_tier")
_OTHER_GROUPS = (
    *("account_id", "api_key_id", "context_window", "inference_geo", "service_account_id", "speed"),
    "workspace_id",
)


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """What is asked of the report.

    Attributes:
        start_ms: Where its first bucket begins.
        end_ms: Buckets that begin here or later are left out.
        width: How long a bucket is, in ms.
        limit: Buckets in a page.
        groups: What the rows of a bucket are told apart by.
        models: Only these; all when empty.
        tiers: Only these; all when empty.
    """

    start_ms: int
    end_ms: int
    width: int
    limit: int
    groups: frozenset[str]
    models: frozenset[str]
    tiers: frozenset[str]


def read_query(fields: Mapping[str, Sequence[str]], now_ms: int) -> ReportQuery:
    """Return what is asked; `fields` has the values of each parameter, under its name without `[]`.

    Raises:
        ApiError: A parameter is missing, or out of range.
    """
    name = _one(fields, "bucket_width", "1d")
    width = _WIDTHS.get(name)
    if width is None:
        raise invalid(f"bucket_width: found {name!r:.80}; allowed: {', '.join(_WIDTHS)}")
    try:
        start_ms = parse_time_ms(_one(fields, "starting_at", ""), "starting_at")
        end_ms = parse_time_ms(_one(fields, "ending_at", rfc3339(now_ms)), "ending_at")
        limit = int(_one(fields, "limit", str(width.default)))
    except (FieldError, ValueError) as exc:
        raise invalid(str(exc)) from exc
    if not 1 <= limit <= width.most:
        raise invalid(f"limit: found {limit}; allowed: 1 to {width.most} with {name} buckets")
    groups = frozenset(fields.get("group_by", ()))
    if unknown := groups - {*_GROUPS, *_OTHER_GROUPS}:
        raise invalid(
            f"group_by: found {min(unknown)!r:.80}; allowed: {', '.join((*_GROUPS, *_OTHER_GROUPS))}"
        )
    return ReportQuery(
        _page_start(_one(fields, "page", ""), start_ms - start_ms % width.ms),
        end_ms,
        width.ms,
        limit,
        groups,
        frozenset(fields.get("models", ())),
        frozenset(fields.get("service_tiers", ())),
    )


def usage_report(tally: Tally, query: ReportQuery) -> dict[str, Any]:
    """Return one page of the report; buckets in which nothing was answered have no rows."""
    stop_ms = min(query.end_ms, query.start_ms + query.limit * query.width)
    sums: defaultdict[int, defaultdict[tuple[str | None, Tier | None], Usage]] = defaultdict(
        lambda: defaultdict(Usage)
    )
    for minute_ms, model, tier, usage in tally.between(query.start_ms, stop_ms):
        if (not query.models or model in query.models) and (not query.tiers or tier in query.tiers):
            group = (
                model if "model" in query.groups else None,
                tier if "service_tier" in query.groups else None,
            )
            sums[minute_ms - minute_ms % query.width][group] += usage
    has_more = stop_ms < query.end_ms
    return {
        "data": [_bucket(start, query, sums[start]) for start in range(query.start_ms, stop_ms, query.width)],
        "has_more": has_more,
        "next_page": _page(stop_ms) if has_more else None,
    }


def _bucket(
    start_ms: int, query: ReportQuery, rows: Mapping[tuple[str | None, Tier | None], Usage]
) -> dict[str, Any]:
    return {
        "starting_at": format_time_ms(start_ms),
        "ending_at": format_time_ms(start_ms + query.width),
        "results": [_row(model, tier, usage) for (model, tier), usage in rows.items()],
    }


def _row(model: str | None, tier: Tier | None, usage: Usage) -> dict[str, Any]:
    return {
        "uncached_input_tokens": usage.input_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        },
        "cache_read_input_tokens": usage.cache_read_tokens,
        "output_tokens": usage.output_tokens,
        "server_tool_use": {"web_search_requests": 0},
        **dict.fromkeys(_OTHER_GROUPS),
        "model": model,
        "service_tier": tier,
    }


def _one(fields: Mapping[str, Sequence[str]], name: str, otherwise: str) -> str:
    return fields.get(name, (otherwise,))[0]


def _page(start_ms: int) -> str:
    return f"page_{base64.urlsafe_b64encode(str(start_ms).encode()).decode()}"


def _page_start(page: str, otherwise: int) -> int:
    if not page:
        return otherwise
    try:
        return int(base64.urlsafe_b64decode(page.removeprefix("page_")))
    except (ValueError, binascii.Error) as exc:
        raise invalid(f"page: found {page!r:.80}; allowed: next_page of the page before") from exc
