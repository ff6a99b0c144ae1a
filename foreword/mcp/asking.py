"""Tools that ask: for an answer in the user's words, and for the order in which candidates suit them."""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server.mcpserver.tools import Tool
from pydantic import BaseModel, ConfigDict, Field

from foreword import admission
from foreword.client import Ranking
from foreword.errors import FieldError, ServiceError
from foreword.mcp.results import Answered, FeedbackTaken, Ranked
from foreword.mcp.sidecar import Sidecar
from foreword.mcp.tooling import Effect, make_tool
from foreword.mcp.whose import whose
from foreword.naming import quoted
from foreword.v1.answer_pb2 import HitKind

# Clients give a tool 60 seconds by default; ours ends before, so that they are told why.
ANSWER_SECONDS = 45.0
# As many as one call of the sidecar takes.
_CANDIDATES_MAX = 500
# A decision's id has 26 characters, an answer's 32.
_ID_CHARACTERS_MAX = 64
_LOCALE_CHARACTERS_MAX = 35
# The fields of feedback that say whose it is.
_WHOSE = ("user_id", "namespace")
_SOURCES = {HitKind.HIT_KIND_EXACT, HitKind.HIT_KIND_ALIAS, HitKind.HIT_KIND_SEMANTIC}

_Text = Annotated[str, Field(max_length=admission.TEXT_BYTES_MAX)]
_ActionId = Annotated[str, Field(max_length=admission.ITEM_ID_BYTES_MAX)]


class Candidate(BaseModel):
    """Something that may be offered to the user."""

    model_config = ConfigDict(extra="forbid")

    id: _ActionId = Field(min_length=1)
    topics: list[str] = Field(default=[], max_length=admission.TOPICS_MAX, description="What it is about.")
    text: _Text = Field(default="", description="What it says.")
    attributes: dict[str, str] = Field(
        default={}, max_length=admission.ATTRIBUTES_MAX, description="Facts, such as length: concise."
    )
    irreversible: bool = Field(default=False, description="Whether doing it cannot be undone.")


class Asking:
    """What is asked for the user."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    def tools(self) -> list[Tool]:
        """Return the tools."""
        return [
            make_tool(self.ask, "Ask for an answer", Effect(is_idempotent=True)),
            make_tool(self.rank, "Rank candidates for the user", Effect()),
            make_tool(self.rank_feedback, "Say what came of a ranking", Effect(is_idempotent=True)),
        ]

    async def ask(
        self,
        question: Annotated[_Text, Field(min_length=1, description="The question, as the user put it.")],
        standalone_question: Annotated[
            _Text, Field(description="The question so that it can be understood without the conversation.")
        ] = "",
        locale: Annotated[
            str, Field(max_length=_LOCALE_CHARACTERS_MAX, description="The language, such as de or pt-BR.")
        ] = "",
    ) -> Answered:
        """Ask the application's own stored answers for one, in the length, depth and tone that suit the user.

        Use it for questions on the application's product or domain that many users ask, before you answer them from
        your own knowledge. Where nothing is stored and no model is configured it says so; then answer yourself.
        """
        mine = whose()
        asked = self._sidecar.calls.answer(
            mine.user_id,
            question,
            standalone_question=standalone_question,
            locale=locale,
            namespace=mine.namespace,
            timeout_seconds=ANSWER_SECONDS,
        )
        try:
            answer = await asked
        finally:
            # What is spent for an answer that nobody waits for any more, ends.
            asked.close()
        hit = answer.found.hit
        return Answered(
            text=answer.text,
            source=HitKind.Name(hit).removeprefix("HIT_KIND_").lower(),
            age_seconds=answer.found.age.seconds if hit in _SOURCES else None,
            answer_id=answer.done.answer_id,
        )

    async def rank(
        self,
        candidates: Annotated[
            list[Candidate],
            Field(min_length=1, max_length=_CANDIDATES_MAX, description="What may be offered."),
        ],
        text: Annotated[_Text, Field(description="What the user asked, where they did.")] = "",
        context: Annotated[
            dict[str, str] | None,
            Field(
                max_length=admission.ATTRIBUTES_MAX,
                description="Facts of the moment, such as domain: python.",
            ),
        ] = None,
        limit: Annotated[
            int, Field(ge=0, le=_CANDIDATES_MAX, description="How many are wanted; 0 means all.")
        ] = 0,
    ) -> Ranked:
        """Order candidates by how they suit this user now: suggestions, tools, articles, ways to answer.

        Use it whenever you are to choose one of several for the user, then tell rank_feedback what came of it. The
        order is varied a little, to learn; nothing irreversible is.
        """
        mine = whose()
        given = [_given(one) for one in candidates]
        try:
            found = await self._sidecar.calls.rank(
                mine.user_id,
                given,
                context=context,
                text=text,
                session_id=mine.session_id,
                limit=limit,
                namespace=mine.namespace,
            )
        except ServiceError as exc:
            # What the agent can mend, it is told; otherwise it goes on with what it has.
            if exc.reason == "FIELD_INVALID":
                raise
            found = Ranking(given[: limit or None])
        return Ranked(
            order=[str(one["id"]) for one in found],
            scores={name: round(score, 4) for name, score in found.scores.items()},
            is_ranked=found.is_ranked,
            decision_id=found.decision_id,
        )

    async def rank_feedback(
        self,
        *,
        decision_id: Annotated[
            str, Field(min_length=1, max_length=_ID_CHARACTERS_MAX, description="As rank gave it.")
        ],
        action_id: Annotated[_ActionId, Field(description="Which candidate; empty means the first.")] = "",
        accepted: Annotated[bool | None, Field(description="Whether the user took it.")] = None,
        liked: Annotated[bool | None, Field(description="Whether the user said they like it.")] = None,
        correction: Annotated[_Text, Field(description="How it shall be instead, in the user's words.")] = "",
        reward: Annotated[
            float | None, Field(ge=0, le=1, description="How good it turned out, 0 to 1.")
        ] = None,
    ) -> FeedbackTaken:
        """Say what came of a ranking: whether the user took, liked or corrected what you offered.

        Use it once the user has reacted. The next ranking for this user goes by it, and nobody else's.
        """
        mine = whose()
        try:
            taken = await self._sidecar.calls.feedback(
                decision_id,
                action_id=action_id,
                accepted=accepted,
                liked=liked,
                correction=correction,
                reward=reward,
                user_id=mine.user_id,
                namespace=mine.namespace,
            )
        except ServiceError as exc:
            if exc.metadata.get("field") in _WHOSE:
                # The sidecar names the user, for whom this tool has no argument.
                raise FieldError(
                    "decision_id", quoted(decision_id), "an id that rank gave for this user"
                ) from exc
            raise
        return FeedbackTaken(is_new=taken.accepted, observation_count=taken.observation_count)


def _given(candidate: Candidate) -> dict[str, Any]:
    return candidate.model_dump(exclude_defaults=True)
