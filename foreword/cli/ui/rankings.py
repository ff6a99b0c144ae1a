"""Why an order of actions was what it was."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foreword.cli.rank_explain import chance_text, known_text
from foreword.cli.rank_text import ranking_rows
from foreword.cli.ui.rendering import Renderer
from foreword.cli.ui.sidecar import Sidecar
from foreword.v1.operator_service_pb2 import GetStatusResponse

_ACTIONS_SHOWN = 10
# What moves a score by less is beyond what a reader follows.
_PARTS_SHOWN = 12


class Rankings:
    """The page of one decision.

    Args:
        sidecar: Where it is asked for.
        render: Makes pages.
    """

    def __init__(self, sidecar: Sidecar, render: Renderer) -> None:
        self._sidecar = sidecar
        self._render = render

    def routes(self) -> list[Route]:
        """Return where it is."""
        return [Route("/ranking", self.show)]

    def show(self, request: Request) -> Response:
        """Return what moved each action of a decision, or where to name one."""
        decision_id = request.query_params.get("id", "").strip()
        seen = self._render.newest()
        status = seen.status or GetStatusResponse()
        if not decision_id:
            return self._render.page(
                request,
                "rankings",
                seen=seen,
                rows=list(ranking_rows(status.ranking)),
                is_on=status.HasField("ranking"),
            )
        found = self._sidecar.client().explain_ranking(decision_id, _ACTIONS_SHOWN)
        decision = found.decision
        greatest = max((abs(part.effect) for one in found.explanations for part in one.parts), default=0.0)
        places = [
            (place + 1, one, 1 + sum(score > decision.scores[place] for score in decision.scores),
             decision.propensities[place], one.parts[:_PARTS_SHOWN])
            for place, one in enumerate(found.explanations)
        ]  # fmt: skip
        return self._render.page(
            request,
            "ranking",
            seen=seen,
            decision=decision,
            known=known_text(decision),
            chance=chance_text(decision),
            places=places,
            greatest=greatest or 1.0,
            absent=found.absent,
        )
