"""What the provider says was used: its own account, for calls whose answer never came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from foreword.clock import DAY_MS, format_time_ms, parse_time_ms
from foreword.errors import FieldError, MissingExtraError
from foreword.llm.answer import TokenUsage
from foreword.llm.anthropic_model import OWN_URL, anthropic_client
from foreword.llm.exchange import Exchange, Reply
from foreword.llm.failures import Failures

MINUTE_MS = 60_000
# The API's most minutes a page: a day.
_BUCKETS = 1440
# Pages for a month by the minute, and one that a provider may add; after a month it has no batches of that time either.
_DAYS_MAX = 31
_PAGES_MAX = _DAYS_MAX + 1


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What one model used in one minute, in one way.

    Attributes:
        from_ms: When the minute begins, in ms since 1970.
        model: The model's name.
        service_tier: `standard`, `batch`, `priority` and others.
        usage: Tokens of all calls together.
    """

    from_ms: int
    model: str
    service_tier: str
    usage: TokenUsage


class UsageReport:
    """The Admin API's report of what an organization used, which lags some minutes behind.

    Args:
        key: An Admin API key; the key for messages does not do.
        base_url: Where the server is; empty for Anthropic's own.
        timeout_seconds: Longest time of one call.
    """

    def __init__(self, key: str, *, base_url: str = "", timeout_seconds: float) -> None:
        try:
            import anthropic
        except ImportError as exc:
            raise MissingExtraError("a usage report", "server") from exc

        server = base_url or OWN_URL
        hint = "check the key in agent.admin_key_file or ANTHROPIC_ADMIN_KEY: it must be an Admin API key"
        self._failures = Failures(server, key, key_hint=hint, limits=lambda _: ())
        client = anthropic_client(server, key, timeout_seconds=timeout_seconds, calls_max=1)
        self._exchange = Exchange(
            anthropic, client, self._failures, id_header="request-id", timeout_seconds=timeout_seconds
        )

    async def usage_between(self, from_ms: int, to_ms: int) -> list[UsageRow]:
        """Return what was used in the minutes from `from_ms` on that begin before `to_ms`, oldest first.

        Args:
            from_ms: In ms since 1970; the minute it falls in is the first.
            to_ms: At most 31 days later.

        Raises:
            FieldError: The time between is longer.
            ModelError: The provider cannot say.
        """
        if to_ms - from_ms > _DAYS_MAX * DAY_MS:
            found_days = f"{(to_ms - from_ms) / DAY_MS:.1f} days after from_ms"
            raise FieldError("to_ms", found_days, f"at most {_DAYS_MAX} days")
        query: dict[str, Any] = {
            "starting_at": format_time_ms(from_ms),
            "ending_at": format_time_ms(-(-to_ms // MINUTE_MS) * MINUTE_MS),
            "bucket_width": "1m",
            "group_by": ["model", "service_tier"],
            "limit": _BUCKETS,
        }
        found: list[UsageRow] = []
        for _ in range(_PAGES_MAX):
            reply = await self._page(query)
            try:
                found += _rows(reply.body)
                following = reply.body.get("next_page") if reply.body.get("has_more") else None
            except (KeyError, TypeError, ValueError, AttributeError, FieldError) as exc:
                raise self._failures.malformed("no usage report", request_id=reply.request_id) from exc
            if not isinstance(following, str):
                return found
            query["page"] = following
        # Half a report would say that calls cost less than they did.
        raise self._failures.malformed(f"a usage report of more than {_PAGES_MAX} pages")

    async def close(self) -> None:
        """Let go of connections."""
        await self._exchange.close()

    async def _page(self, query: Mapping[str, Any]) -> Reply:
        path = "/v1/organizations/usage_report/messages"
        return await self._exchange.reply(self._exchange.got(path, query))


def _rows(body: Any) -> Iterator[UsageRow]:
    for bucket in body["data"]:
        from_ms = parse_time_ms(bucket["starting_at"])
        for result in bucket["results"]:
            yield UsageRow(
                from_ms, str(result["model"] or ""), str(result["service_tier"] or ""), _usage(result)
            )


def _usage(result: Mapping[str, Any]) -> TokenUsage:
    written = result["cache_creation"] or {}
    return TokenUsage(
        input_tokens=int(result["uncached_input_tokens"]),
        cache_read_tokens=int(result["cache_read_input_tokens"]),
        cache_write_tokens=sum(int(count) for count in written.values()),
        output_tokens=int(result["output_tokens"]),
    )
