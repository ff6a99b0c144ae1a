"""What came of a candidate's questions, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from foreword.llm import TokenUsage
from foreword.llm.prices import micro_usd


@dataclass
class Tally:
    """Counts over all refreshes of one candidate.

    Attributes:
        refreshes: Refreshes in which a model was asked.
        usable_first: Of them, those whose first answer could be used.
        usable: Those whose answer could be used, the first or the mended one.
        refused: Those the model declined.
        truncated: Those whose answer was cut off.
        failed: Those without an answer, after retries.
        proposed: Operations in the answers, malformed ones included.
        applied: Operations that went into a profile.
        refused_operations: Operations that did not, by what was wrong: `malformed`, or the field at fault.
        products_refused: Answers whose product message broke its rules.
        usage: Tokens of all calls, also of those whose answer could not be used.
        cost_pico_usd: What they cost.
    """

    refreshes: int = 0
    usable_first: int = 0
    usable: int = 0
    refused: int = 0
    truncated: int = 0
    failed: int = 0
    proposed: int = 0
    applied: int = 0
    refused_operations: Counter[str] = field(default_factory=Counter)
    products_refused: int = 0
    usage: TokenUsage = field(default_factory=TokenUsage)
    cost_pico_usd: int = 0

    def pay(self, usage: TokenUsage, cost_pico_usd: int) -> None:
        """Count what one call read, wrote and cost."""
        self.usage = TokenUsage(
            self.usage.input_tokens + usage.input_tokens,
            self.usage.cache_read_tokens + usage.cache_read_tokens,
            self.usage.cache_write_tokens + usage.cache_write_tokens,
            self.usage.output_tokens + usage.output_tokens,
        )
        self.cost_pico_usd += cost_pico_usd

    def share(self, count: int) -> float:
        """Return a count as a share of the refreshes; 0 without any."""
        return count / self.refreshes if self.refreshes else 0.0

    @property
    def read_tokens(self) -> int:
        """Return all tokens read, from the prompt cache or not."""
        return self.usage.input_tokens + self.usage.cache_read_tokens + self.usage.cache_write_tokens

    @property
    def cache_share(self) -> float:
        """Return the share of tokens read that came from the prompt cache."""
        return self.usage.cache_read_tokens / self.read_tokens if self.read_tokens else 0.0

    def to_dict(self) -> dict[str, object]:
        """Return the counts as metrics, those that grow with the number of refreshes as a mean of one."""
        return {
            "refreshes": self.refreshes,
            "usable_first": round(self.share(self.usable_first), 4),
            "usable": round(self.share(self.usable), 4),
            "refused": round(self.share(self.refused), 4),
            "truncated": round(self.share(self.truncated), 4),
            "failed": round(self.share(self.failed), 4),
            "operations": round(self.share(self.proposed), 3),
            "applied_operations": round(self.share(self.applied), 3),
            "refused_operations": {
                kind: round(self.share(count), 3) for kind, count in sorted(self.refused_operations.items())
            },
            "products_refused": round(self.share(self.products_refused), 4),
            "read_tokens": round(self.share(self.read_tokens), 1),
            "output_tokens": round(self.share(self.usage.output_tokens), 1),
            "cache_share": round(self.cache_share, 4),
            "cost_micro_usd": round(self.share(self.cost_pico_usd) / 1e6, 3),
            "total_cost_micro_usd": micro_usd(self.cost_pico_usd),
        }
