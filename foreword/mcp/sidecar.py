"""The sidecar as tools call it: reads that never fail, and all else that says why it did."""

from __future__ import annotations

from typing import Any

from foreword.client import TIMEOUT_SECONDS, AsyncForeword
from foreword.mcp.results import Currency
from foreword.v1.freshness_pb2 import Freshness

_CURRENCIES: dict[int, Currency] = {
    Freshness.FRESHNESS_FRESH: "fresh",
    Freshness.FRESHNESS_STALE: "stale",
    Freshness.FRESHNESS_EXPIRED: "expired",
    Freshness.FRESHNESS_DEFAULT: "default",
}


class Sidecar:
    """Two clients on one address, since users are to notice nothing where a read fails, and everything where a
    correction does.

    Args:
        target: Where the sidecar serves: `unix:PATH`, `HOST:PORT` or `[IPV6]:PORT`.
        timeout_seconds: Longest time of one call, retries included; answers have a time of their own.
        proof: How the caller is known there, as a client takes it: `token_file`, `certificate_file` and so on.

    Attributes:
        reads: Answers as if nothing were known where no sidecar does, and logs it once a minute.
        calls: Raises.
    """

    def __init__(
        self,
        target: str,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        **proof: Any,
    ) -> None:
        self.reads, self.calls = (
            AsyncForeword(target, timeout_seconds=timeout_seconds, raises=raises, **proof)
            for raises in (False, True)
        )

    async def close(self) -> None:
        """Disconnect."""
        await self.reads.close()
        await self.calls.close()


def currency(freshness: Freshness) -> Currency:
    """Return how current a read is, in words; of a failed one its freshness is not set."""
    return _CURRENCIES.get(freshness, "unavailable")
