"""Whether a model may be asked now, how often, and when again: what all calls to one provider share."""

from __future__ import annotations

from random import Random

from foreword.clock import format_time_ms
from foreword.llm.allowance import Allowance
from foreword.llm.answer import ModelAnswer, TokenUsage
from foreword.llm.breaker import Breaker
from foreword.llm.concurrency import Concurrency
from foreword.llm.errors import ModelError, ModelFailure
from foreword.llm.rate_limit import Counted, RateLimit

# What says that too much was asked at once, and what says that the provider is not well.
_TOO_MUCH: tuple[ModelFailure, ...] = ("rate_limited", "overloaded", "timed_out")
_UNWELL: tuple[ModelFailure, ...] = ("overloaded", "unavailable", "timed_out", "malformed", "unauthorized")

# A provider that limits and does not say for how long is left alone this long.
_RETRY_AFTER_SECONDS = 1.0
# However long a provider asks to wait, it is tried again after an hour: what it says may be a mistake.
_RETRY_AFTER_SECONDS_MAX = 3600.0
# How fast the mean cost of a call follows the newest: the last ten or so count.
_NEWEST_SHARE = 0.1


class Gate:
    """Says how many calls may begin now. It never waits, never tries again, and has no clock: who asks says the time.

    Four things hold calls back: too many under way, a limit the provider states, its wish to wait, and its failures.

    Args:
        calls_max: Most calls at once, `agent.calls_max`.
        random: Spreads the tries after failures.
    """

    def __init__(self, calls_max: int, random: Random) -> None:
        self._concurrency = Concurrency(calls_max)
        self._breaker = Breaker(random)
        self._allowances: dict[Counted, Allowance] = {}
        self._mean: dict[Counted, float] = {"requests": 1.0}
        self._waits_ms = 0
        self._reason = ""

    @property
    def calls_max(self) -> int:
        """Most calls at once that the provider is asked now."""
        return self._concurrency.limit

    @property
    def failures(self) -> int:
        """Calls in a row that failed because the provider is not well."""
        return self._breaker.failures

    def free(self, now_ms: int) -> int:
        """Return how many calls may begin now."""
        if self._closed_until_ms(now_ms) is not None:
            return 0
        most = [self._concurrency.free]
        if self._breaker.is_trying(now_ms):
            most.append(1 - self._concurrency.under_way)
        most += [allowance.calls(now_ms, self._cost(kind)) for kind, allowance in self._allowances.items()]
        return max(0, min(most))

    def is_open(self, now_ms: int) -> bool:
        """Return whether calls may begin, or may as soon as one under way has ended."""
        return self.opens_ms(now_ms) is None

    def opens_ms(self, now_ms: int) -> int | None:
        """Return when calls may begin again; None when time is not what they wait for."""
        times = [self._closed_until_ms(now_ms) or now_ms]
        times += [
            allowance.opens_ms(now_ms, self._cost(kind)) for kind, allowance in self._allowances.items()
        ]
        return max(times) if max(times) > now_ms else None

    def problem(self, now_ms: int) -> str:
        """Return in one sentence why no call may begin; empty when calls may, or only wait for each other."""
        opens_ms = self.opens_ms(now_ms)
        if opens_ms is None:
            return ""
        until = format_time_ms(opens_ms)
        if self._breaker.is_tripped(now_ms):
            return f"the model is left alone until {until} after {self._breaker.failures} failures: {self._reason}"
        if now_ms < self._waits_ms:
            return f"the model's provider asks to wait until {until}: {self._reason}"
        return f"the model's rate limit is used up until {until}"

    def began(self) -> None:
        """Count a call that begins; `record` or `abandoned` follows."""
        self._concurrency.began()
        for kind, allowance in self._allowances.items():
            allowance.take(self._cost(kind))

    def abandoned(self) -> None:
        """Count a call that was given up before it said anything about the provider."""
        self._concurrency.ended()

    def record(self, result: ModelAnswer | ModelError | None, now_ms: int) -> None:
        """Learn from how a call has ended.

        Args:
            result: Its answer or error; None for one that went well and is no answer, such as a batch.
            now_ms: When it ended.
        """
        was_too_much = isinstance(result, ModelError) and result.failure in _TOO_MUCH
        if was_too_much:
            self._concurrency.was_too_much()
        self._concurrency.ended()
        if isinstance(result, ModelError):
            self._failed(result, now_ms)
        else:
            self._concurrency.went_well()
            self._breaker.went_well()
        if isinstance(result, ModelAnswer):
            self._learn_cost(result.usage)
        if result is not None:
            self._learn_limits(result.limits, now_ms)

    def _failed(self, error: ModelError, now_ms: int) -> None:
        if error.failure in _UNWELL:
            self._reason = error.message
            # With a key that is refused every further call is refused.
            self._breaker.failed(now_ms, at_once=error.failure == "unauthorized")
        else:
            # It refuses what it was asked, and so it is there.
            self._breaker.went_well()
        seconds = error.retry_after_seconds
        if seconds is None and error.failure in ("rate_limited", "overloaded"):
            seconds = _RETRY_AFTER_SECONDS
        if seconds:
            self._reason = error.message
            waits_ms = now_ms + int(1000 * min(seconds, _RETRY_AFTER_SECONDS_MAX))
            self._waits_ms = max(self._waits_ms, waits_ms)

    def _closed_until_ms(self, now_ms: int) -> int | None:
        until_ms = self._waits_ms
        if self._breaker.is_tripped(now_ms):
            until_ms = max(until_ms, self._breaker.tries_ms or 0)
        return until_ms if until_ms > now_ms else None

    def _learn_limits(self, limits: tuple[RateLimit, ...], now_ms: int) -> None:
        for limit in limits:
            # A limit of nothing would never let a call out; a provider that means it answers 429.
            if limit.limit:
                self._allowances[limit.counted] = Allowance(limit, now_ms)

    def _learn_cost(self, usage: TokenUsage) -> None:
        # What is read from the cache does not count towards the limits of the models in use.
        read = usage.input_tokens + usage.cache_write_tokens
        seen: dict[Counted, int] = {
            "input_tokens": read,
            "output_tokens": usage.output_tokens,
            "tokens": read + usage.output_tokens,
        }
        for kind, tokens in seen.items():
            mean = self._mean.get(kind, float(tokens))
            self._mean[kind] = mean + _NEWEST_SHARE * (tokens - mean)

    def _cost(self, kind: Counted) -> float:
        return self._mean.get(kind, 1.0)
