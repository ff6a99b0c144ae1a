"""An order of candidates, as an application uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from foreword.client.candidates import candidate_id
from foreword.v1.ranking_pb2 import Candidate
from foreword.v1.ranking_service_pb2 import RankActionsResponse

CandidateT = TypeVar("CandidateT", bound="str | Mapping[str, Any] | Candidate")


class Ranking(Generic[CandidateT]):
    """Candidates in the order in which they suit a user now: loop over it, or take `best`.

    Attributes:
        order: The candidates as they were given, best first; with a `limit` as many.
        is_ranked: Whether that order is for this user. False where no sidecar answered, it does not rank, or a field
            was wrong: the candidates then stand as they were given, and all below is empty.
        decision_id: Names the order, for `feedback` and `explain_ranking`; empty also when it could not be logged.
        scores: Of each candidate, by id, the probability of a yes.
        propensities: Of each candidate in `order`, by id, the probability with which it came to its place; 1 where
            nothing was left to chance.
        model_version: The global model it was scored with; 0 for the one that knows nothing yet.
        is_uniform: Whether the order was drawn with no regard to the scores.
        observation_count: How many times the user has said something of an action.
        unknown: Ids that the model had never met; scored by their content.
    """

    def __init__(
        self,
        order: list[CandidateT],
        *,
        is_ranked: bool = False,
        decision_id: str = "",
        scores: dict[str, float] | None = None,
        propensities: dict[str, float] | None = None,
        model_version: int = 0,
        is_uniform: bool = False,
        observation_count: int = 0,
        unknown: list[str] | None = None,
    ) -> None:
        # No dataclass: with one, importing the client would take a hundredth longer.
        self.order = order
        self.is_ranked = is_ranked
        self.decision_id = decision_id
        self.scores = scores or {}
        self.propensities = propensities or {}
        self.model_version = model_version
        self.is_uniform = is_uniform
        self.observation_count = observation_count
        self.unknown = unknown or []

    @property
    def best(self) -> CandidateT:
        """The first one.

        Raises:
            IndexError: There is none, since none was given.
        """
        return self.order[0]

    def __iter__(self) -> Iterator[CandidateT]:
        return iter(self.order)

    def __len__(self) -> int:
        return len(self.order)

    def __repr__(self) -> str:
        named = f", decision_id={self.decision_id!r}" if self.decision_id else ""
        return f"Ranking({self.order!r}, is_ranked={self.is_ranked}{named})"


def ranking_of(given: Sequence[CandidateT], limit: Any, response: RankActionsResponse) -> Ranking[CandidateT]:
    """Return what a response says of the candidates that were given; without an order in it, they stand as they are.

    Args:
        given: The candidates.
        limit: How many were asked for, as the caller said it.
        response: The sidecar's, or an empty one.
    """
    if not response.order:
        is_limited = isinstance(limit, int) and limit > 0
        return Ranking(list(given[:limit] if is_limited else given))
    ids = [candidate_id(one) for one in given]
    return Ranking(
        [given[place] for place in response.order],
        is_ranked=True,
        decision_id=response.decision_id,
        scores=dict(zip(ids, response.scores, strict=True)),
        propensities={
            ids[place]: chance for place, chance in zip(response.order, response.propensities, strict=True)
        },
        model_version=response.model_version,
        is_uniform=response.is_uniform,
        observation_count=response.observation_count,
        unknown=[ids[place] for place in response.unknown],
    )
