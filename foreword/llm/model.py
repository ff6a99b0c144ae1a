"""What every provider is to the rest of Foreword."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from foreword.llm.answer import ModelAnswer
from foreword.llm.request import ModelRequest

RowOutcome: TypeAlias = Literal["succeeded", "errored", "canceled", "expired"]


@dataclass(frozen=True, slots=True)
class BatchState:
    """How far a batch is.

    Attributes:
        batch_id: The provider's name for it.
        created_ms: When the provider took it, in ms since 1970.
        has_ended: Whether its rows can be read.
        request_count: Requests in it, in whatever state.
    """

    batch_id: str
    created_ms: int
    has_ended: bool
    request_count: int


@dataclass(frozen=True, slots=True)
class BatchRow:
    """What became of one request of a batch.

    Attributes:
        custom_id: Ours, as it was sent.
        outcome: Only `succeeded` has an answer, and only it costs.
        answer: The answer; None for the other outcomes.
        error: What the provider says of a row that errored.
    """

    custom_id: str
    outcome: RowOutcome
    answer: ModelAnswer | None = None
    error: str = ""


class Batches(Protocol):
    """Many questions at once, answered within a day at a lower price."""

    async def create(self, requests: Sequence[tuple[str, ModelRequest]]) -> BatchState:
        """Send questions, each with a custom id of 1 to 64 letters, digits, `-` and `_`; return the batch.

        Raises:
            ModelError: It was not taken; or, where `may_be_billed` is set, nobody knows whether it was.
        """
        ...

    async def state(self, batch_id: str) -> BatchState | None:
        """Return how far a batch is; None when the provider does not know it, or not yet."""
        ...

    async def newest(self, since_ms: int) -> list[BatchState]:
        """Return the batches that the provider took at `since_ms` or later, newest first."""
        ...

    def rows(self, batch_id: str) -> AsyncGenerator[BatchRow]:
        """Yield the rows of a batch that has ended: in any order, and as the provider sends them, twice perhaps.

        Whoever does not read them to the end closes the generator, which lets go of the connection.

        Raises:
            ModelError: The rows broke off; read them again from the start.
        """
        ...


class Model(Protocol):
    """A provider: one class that speaks to one kind of server."""

    @property
    def name(self) -> str:
        """Return what stands in `provenance.generator` and in the ledger: anthropic, openai-chat."""
        ...

    @property
    def batches(self) -> Batches | None:
        """Return the way to ask many questions at once; None where the server has none."""
        ...

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        """Ask one question.

        Raises:
            ModelError: There is no answer; says whether it may have cost something.
        """
        ...

    async def count_tokens(self, request: ModelRequest) -> int:
        """Return how many tokens the model would read.

        Raises:
            ModelError: The provider cannot say.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
