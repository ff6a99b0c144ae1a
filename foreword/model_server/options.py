"""How a model server behaves."""

from __future__ import annotations

from dataclasses import dataclass

from foreword.model_server.fault_plan import FaultRule


@dataclass(frozen=True, slots=True)
class Options:
    """What can be chosen at the start.

    Attributes:
        port: On loopback; 0 takes a free one.
        seed: Of names, draws and nonsense: the same seed and calls give the same answers.
        latency_seconds: How long the model thinks before each answer.
        batch_seconds: How long a batch waits until it is worked on.
        key: What `x-api-key` or a bearer token must be; empty takes any, and none.
        is_nonsense: Answers of the right shape that mean nothing, as from a very small model.
        requests_per_minute: More are answered with 429, and so with tokens.
        input_tokens_per_minute: Read, from the cache or not.
        output_tokens_per_minute: Written.
        rules: Faults to begin with.
    """

    port: int = 0
    seed: int = 0
    latency_seconds: float = 0.0
    batch_seconds: float = 0.0
    key: str = ""
    is_nonsense: bool = False
    # High enough that nobody meets them who does not ask for them.
    requests_per_minute: int = 1_000_000
    input_tokens_per_minute: int = 10_000_000_000
    output_tokens_per_minute: int = 10_000_000_000
    rules: tuple[FaultRule, ...] = ()

    @property
    def per_minute(self) -> dict[str, int]:
        """The limits by the names they have in headers."""
        return {
            "requests": self.requests_per_minute,
            "input-tokens": self.input_tokens_per_minute,
            "output-tokens": self.output_tokens_per_minute,
        }
