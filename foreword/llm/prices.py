"""What calls cost, in exact integers.

A price of one US dollar per million tokens is one millionth of a dollar a token. Batches cost a share of that, so sums
are kept in pico-USD (millionths of a millionth) and rounded once, where they are shown.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from foreword.llm.answer import TokenUsage

if TYPE_CHECKING:
    from foreword.config import Price

_PICO_A_MICRO = 1_000_000


def cost_pico_usd(usage: TokenUsage, price: Price, *, in_batch: bool) -> int:
    """Return what a call cost, in pico-USD: exact, and rounded half to even where a price is finer than that."""
    micro_usd = (
        usage.input_tokens * _exact(price.input)
        + usage.cache_read_tokens * _exact(_or_input(price.cache_read, price))
        + usage.cache_write_tokens * _exact(_or_input(price.cache_write, price))
        + usage.output_tokens * _exact(price.output)
    )
    return round(micro_usd * (_exact(price.batch_share) if in_batch else 1) * _PICO_A_MICRO)


def estimate_pico_usd(prompt_tokens: int, output_tokens_max: int, price: Price, *, in_batch: bool) -> int:
    """Return what a call costs at most, in pico-USD: all of the prompt at its dearest, and the longest answer.

    Args:
        prompt_tokens: Tokens of all that is read, or more.
        output_tokens_max: Where the answer is cut off.
        price: The model's.
        in_batch: Whether it is asked in a batch.
    """
    # Most models write to their cache at a higher price than they read; a server of one's own may have it cheaper.
    kinds = (
        TokenUsage(input_tokens=prompt_tokens, output_tokens=output_tokens_max),
        TokenUsage(cache_write_tokens=prompt_tokens, output_tokens=output_tokens_max),
    )
    return max(cost_pico_usd(usage, price, in_batch=in_batch) for usage in kinds)


def micro_usd(pico_usd: int) -> int:
    """Return a sum in micro-USD, rounded half to even. Round a sum, never its parts."""
    whole, rest = divmod(pico_usd, _PICO_A_MICRO)
    return whole + (2 * rest > _PICO_A_MICRO or (2 * rest == _PICO_A_MICRO and whole % 2 == 1))


def _exact(price: float) -> Fraction:
    # The number as it was written: 0.1 is a tenth, which the float itself is not.
    return Fraction(repr(price))


def _or_input(price: float | None, model: Price) -> float:
    return model.input if price is None else price
