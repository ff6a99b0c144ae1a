"""The provider's own account of what was used."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from conformance.test_providers import HTML
from conformance.wire_server import Say, WireServer

from foreword.clock import DAY_MS
from foreword.errors import FieldError
from foreword.llm import ModelError, TokenUsage, UsageReport, UsageRow

KEY = "sk-ant-admin-0123456789"
NOON_MS = 1_795_608_000_000
RESULT: dict[str, Any] = {
    "uncached_input_tokens": 100,
    "cache_read_input_tokens": 20,
    "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
    "output_tokens": 50,
    "model": "claude-haiku-4-5-20251001",
    "service_tier": "batch",
    "api_key_id": None,
}
ROW = UsageRow(NOON_MS, "claude-haiku-4-5-20251001", "batch", TokenUsage(100, 20, 7, 50))


def bucket(starting_at: str, *results: dict[str, Any]) -> dict[str, Any]:
    return {"starting_at": starting_at, "ending_at": starting_at, "results": results}


def page(*buckets: dict[str, Any], following: str | None = None) -> Say:
    return Say({"data": buckets, "has_more": following is not None, "next_page": following})


def tell(story: Callable[[UsageReport, WireServer], Awaitable[None]], default: Say) -> None:
    async def run() -> None:
        async with WireServer(default) as server:
            report = UsageReport(KEY, base_url=server.url, timeout_seconds=10)
            try:
                await story(report, server)
            finally:
                await report.close()

    asyncio.run(run())


def test_pages_are_read_to_the_last() -> None:
    """Minutes of all pages come with model, tier and tokens of each kind, the cached ones put together."""

    async def story(report: UsageReport, server: WireServer) -> None:
        server.says += [
            page(bucket("2026-11-25T12:00:00Z", RESULT), following="page_2"),
            page(bucket("2026-11-25T12:01:00Z", RESULT, {**RESULT, "model": None, "cache_creation": None})),
        ]
        rows = await report.usage_between(NOON_MS, NOON_MS + 90_000)
        assert rows[0] == ROW
        assert [row.from_ms for row in rows] == [NOON_MS, NOON_MS + 60_000, NOON_MS + 60_000]
        assert (rows[2].model, rows[2].usage.cache_write_tokens) == ("", 0)
        first, second = server.seen
        assert first.path == "/v1/organizations/usage_report/messages"
        assert first.query == {
            "starting_at": "2026-11-25T12:00:00Z",
            "ending_at": "2026-11-25T12:02:00Z",
            "bucket_width": "1m",
            "group_by[]": "model,service_tier",
            "limit": "1440",
        }
        assert second.query["page"] == "page_2"
        assert any(KEY in value for value in first.headers.values())

    tell(story, page())


def test_pages_without_end_are_left() -> None:
    """A server that always names a further page is asked for a month of them, and no part is taken for the whole."""

    async def story(report: UsageReport, server: WireServer) -> None:
        with pytest.raises(ModelError, match="more than 32 pages"):
            await report.usage_between(NOON_MS, NOON_MS + 1)
        assert len(server.seen) == 32

    tell(story, page(following="again"))


def test_more_than_a_month_is_not_asked_for() -> None:
    """A span that the report has no minutes for is refused before it is asked."""

    async def story(report: UsageReport, server: WireServer) -> None:
        with pytest.raises(FieldError, match=r"31\.5 days after from_ms; allowed: at most 31 days"):
            await report.usage_between(NOON_MS, NOON_MS + 31 * DAY_MS + DAY_MS // 2)
        assert server.seen == []

    tell(story, page())


@pytest.mark.parametrize(
    "say",
    [
        Say(HTML),
        Say({"data": "none"}),
        Say({}),
        Say([]),
        page(bucket("2026-11-25T12:00:00Z", {**RESULT, "output_tokens": "many"})),
        page({"starting_at": 7, "results": []}),
        Say({"error": {"message": f"{KEY} is no admin key"}}, status=403),
        Say({}, cut_bytes=1),
    ],
    ids=lambda say: repr(say)[:50],
)
def test_what_is_no_report_is_an_error(say: Say) -> None:
    """Anything but a report is a ModelError that does not show the key."""

    async def story(report: UsageReport, server: WireServer) -> None:
        with pytest.raises(ModelError) as caught:
            await report.usage_between(NOON_MS, NOON_MS + 60_000)
        assert KEY not in f"{caught.value!s}{caught.value!r}"

    tell(story, say)
