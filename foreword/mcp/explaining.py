"""The tool that explains: what is believed of the user, how surely, and by which events."""

from __future__ import annotations

import re
from typing import Annotated

from google.protobuf.timestamp_pb2 import Timestamp
from mcp.server.mcpserver.tools import Tool
from pydantic import Field

from foreword.errors import FieldError, ServiceError
from foreword.mcp.names import Names
from foreword.mcp.results import Belief, BeliefsRead, Evidence
from foreword.mcp.sidecar import Sidecar
from foreword.mcp.tooling import READS, make_tool
from foreword.mcp.whose import Whose, whose
from foreword.naming import quoted, well_shaped
from foreword.v1.operator_service_pb2 import ExplainBeliefResponse, ExplainedBelief, ExplainedEvidence
from foreword.v1.profile_pb2 import BeliefKind, BeliefSource

# What one look needs; a profile has room for 32 beliefs and as many of each other kind, most of them history.
BELIEFS_MAX = 50
BELIEF_ID_CHARACTERS_MAX = 256
_EVIDENCE_MAX = 5
_OWN_ID = re.compile(r"[0-9a-f]{8,64}|[a-z]+(?:_[a-z]+)*")


class Explaining:
    """Why something is believed."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    def tools(self) -> list[Tool]:
        """Return the tools."""
        return [make_tool(self.explain_beliefs, "Explain what is believed", READS)]

    async def explain_beliefs(
        self,
        belief_id: Annotated[
            str,
            Field(
                max_length=BELIEF_ID_CHARACTERS_MAX,
                description="The id of a belief, or a topic; empty explains all that is believed.",
            ),
        ] = "",
    ) -> BeliefsRead:
        """Explain what is believed of the user: each statement, how sure it is, why, and the events behind it.

        Use it when the user asks what you know of them, or why you think so, and to find the id for forget.
        """
        found = await explained(self._sidecar, whose(), belief_id)
        rows = [row for row in found.beliefs if row.belief_id == belief_id or _is_nameable(row.belief_id)]
        return BeliefsRead(
            beliefs=[_belief(row) for row in rows[:BELIEFS_MAX]],
            left_out_count=len(found.beliefs) - min(len(rows), BELIEFS_MAX),
            revision=found.revision,
        )


async def explained(sidecar: Sidecar, mine: Whose, belief_id: str) -> ExplainBeliefResponse:
    """Return one belief of a user, or all.

    Raises:
        FieldError: There is none of this id. The sidecar would name those there are, which are topics of anybody's.
        ServiceError: The call failed.
    """
    try:
        return await sidecar.calls.explain(mine.user_id, belief_id, namespace=mine.namespace)
    except ServiceError as exc:
        if exc.metadata.get("field") == "belief_id":
            raise no_such_belief(belief_id) from exc
        raise


def no_such_belief(belief_id: str) -> FieldError:
    """Return the refusal of an id that no belief has."""
    return FieldError("belief_id", quoted(belief_id), "an id that explain_beliefs gives")


def _is_nameable(belief_id: str) -> bool:
    """Return whether an id is one of Foreword's own, or a topic that has the shape of a name."""
    return _OWN_ID.fullmatch(belief_id) is not None or well_shaped(belief_id) is not None


def _belief(row: ExplainedBelief) -> Belief:
    return Belief(
        belief_id=row.belief_id,
        statement=row.statement,
        kind=BeliefKind.Name(row.kind).removeprefix("BELIEF_KIND_").lower(),
        source=BeliefSource.Name(row.source).removeprefix("BELIEF_SOURCE_").lower(),
        confidence=round(row.confidence, 3),
        reason=row.reason,
        is_over=row.HasField("valid_to"),
        evidence_count=row.evidence_count,
        evidence=[_evidence(item) for item in row.evidence[:_EVIDENCE_MAX]],
    )


def _evidence(item: ExplainedEvidence) -> Evidence:
    time: Timestamp = item.evidence.time
    return Evidence(
        time=time.ToDatetime() if time.seconds else None,
        type=well_shaped(item.event.type) or "",
        topics=Names().all(item.event.topics),
        is_against=item.is_against,
    )
