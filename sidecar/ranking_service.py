"""RankingService: which action for which user now, and what the user said of it."""

from __future__ import annotations

from foreword import keys
from foreword.errors import FieldError
from foreword.naming import quoted
from foreword.store.decision_key import key_of
from foreword.store.v1.ranking_pb2 import RankActionsRequest, RankActionsResponse
from foreword.synthetic import check_namespace
from foreword.v1.ranking_service_pb2 import (
    ExplainRankingRequest,
    ExplainRankingResponse,
    RecordFeedbackRequest,
    RecordFeedbackResponse,
)
from sidecar import access
from sidecar.activity import Activity
from sidecar.ranking import Ranking
from sidecar.rpc import Context, Handler, unary

NAME = "foreword.v1.RankingService"

_EXPLAINED_MAX = 20
_DECISION_ID = "the 26 characters of a decision's id"


class RankingService:
    """Ranks and learns."""

    def __init__(self, ranking: Ranking, activity: Activity) -> None:
        self._ranking = ranking
        self._activity = activity

    def handlers(self) -> dict[str, Handler]:
        """Return the handler of each method."""
        return {
            "RankActions": unary(RankActionsRequest, self.rank_actions),
            "RecordFeedback": unary(RecordFeedbackRequest, self.record_feedback),
            "ExplainRanking": unary(ExplainRankingRequest, self.explain_ranking),
        }

    async def rank_actions(self, request: RankActionsRequest, _context: Context) -> RankActionsResponse:
        """Order the candidates and log the order."""
        user = keys.user_key(request.user_id, request.namespace)
        check_namespace(request.namespace)
        ranker = await self._ranking.ranker()
        return ranker.rank(user, request)

    async def record_feedback(
        self, request: RecordFeedbackRequest, _context: Context
    ) -> RecordFeedbackResponse:
        """Take what a user said; answer once it is on disk."""
        self._activity.refuse_draining()
        check_namespace(request.namespace)
        ranker = await self._ranking.ranker()
        return await ranker.feedback(request, access.sight())

    async def explain_ranking(
        self, request: ExplainRankingRequest, _context: Context
    ) -> ExplainRankingResponse:
        """Return why a decision was what it was."""
        key = key_of(request.decision_id)
        if key is None:
            raise FieldError("decision_id", quoted(request.decision_id), _DECISION_ID)
        ranker = await self._ranking.ranker()
        return await ranker.explain(key, min(request.limit or _EXPLAINED_MAX, _EXPLAINED_MAX), access.sight())
