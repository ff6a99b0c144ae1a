"""Tools that tell: what the user did, what they say is wrong, and what is to be forgotten."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from mcp.server.mcpserver.tools import Tool
from pydantic import Field

from foreword import admission, keys
from foreword.client import EventFields
from foreword.corrections import said, wishes_in
from foreword.errors import FieldError, ServiceError
from foreword.mcp.explaining import BELIEF_ID_CHARACTERS_MAX, explained, no_such_belief
from foreword.mcp.results import Corrected, Forgotten, Recorded
from foreword.mcp.sidecar import Sidecar
from foreword.mcp.tooling import Effect, make_tool
from foreword.mcp.whose import Whose, whose
from foreword.v1.activity_service_pb2 import RecordEventsResponse
from foreword.v1.operator_service_pb2 import EventAbsence, ExplainedBelief

# A refresh by code takes milliseconds; where the scheduler is busy or down, the next one says so as well.
_REFRESH_WAIT_SECONDS = 5.0
# Evidence is named a few events at a time, so a belief takes several looks: enough for some hundred events in a call.
_ROUNDS_MAX = 8

_Text = Annotated[str, Field(max_length=admission.TEXT_BYTES_MAX)]
_Topic = Annotated[str, Field(min_length=1, max_length=admission.TOPIC_BYTES_MAX)]
_Topics = Annotated[Sequence[_Topic], Field(max_length=admission.TOPICS_MAX)]
_Key = Annotated[str, Field(min_length=1, max_length=admission.ATTRIBUTE_KEY_BYTES_MAX)]
_Value = Annotated[str, Field(max_length=admission.ATTRIBUTE_VALUE_BYTES_MAX)]
_Feedback = Literal["like", "dislike", "accept", "reject"]


class Telling:
    """What is told of the user."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    def tools(self) -> list[Tool]:
        """Return the tools."""
        return [
            make_tool(self.record_event, "Record what the user did", Effect()),
            make_tool(self.correct, "Correct what is known", Effect()),
            make_tool(self.forget, "Forget a belief", Effect(destroys=True, is_idempotent=True)),
        ]

    async def record_event(
        self,
        *,
        type: Annotated[
            str,
            Field(
                min_length=1,
                max_length=admission.TYPE_BYTES_MAX,
                description="What kind of act: view, read, search, like, dismiss, purchase, commit, agent.request, "
                "agent.tool_call, agent.outcome, session.end, or a word of the application's.",
            ),
        ],
        topics: Annotated[
            _Topics, Field(description="What it was about, each as a name of a word or two.")
        ] = (),
        item_id: Annotated[
            str,
            Field(
                max_length=admission.ITEM_ID_BYTES_MAX, description="The thing acted upon: a path, a title."
            ),
        ] = "",
        text: Annotated[_Text, Field(description="What the user said or wrote, in their words.")] = "",
        feedback: Annotated[
            _Feedback | None, Field(description="What the user said of it, where they did.")
        ] = None,
        value: Annotated[
            float | None, Field(description="A number that belongs to it, such as a rating.")
        ] = None,
        attributes: Annotated[
            dict[_Key, _Value] | None,
            Field(
                max_length=admission.ATTRIBUTES_MAX,
                description="Further facts: depth, length, domain, tool, repo, error_type.",
            ),
        ] = None,
        event_id: Annotated[
            str,
            Field(
                max_length=keys.EVENT_ID_BYTES_MAX,
                description="An id of your own, so that the same event sent again counts once.",
            ),
        ] = "",
    ) -> Recorded:
        """Record one thing that the user did, so that later forewords know of it.

        Use it after the user acted: read, asked for, chose, turned down or finished something. Record what the user
        did, not what you did for them or think of them, and one event for each act.
        """
        fields: EventFields = {
            "user_id": "",
            "type": type,
            "topics": list(topics),
            "item_id": item_id,
            "text": text,
            "value": value,
            "attributes": attributes,
            "event_id": event_id or os.urandom(16).hex(),
        }
        if feedback is not None:
            fields["feedback"] = f"FEEDBACK_{feedback.upper()}"  # type: ignore[typeddict-item]
        kept = await self._record(whose(), [fields])
        return Recorded(event_id=str(fields["event_id"]), is_new=not kept.duplicate_count)

    async def correct(
        self,
        answers: Annotated[
            _Text,
            Field(description="How answers shall be, in the user's words, such as: shorter, and code first."),
        ] = "",
        not_interested_in: Annotated[
            _Topics, Field(description="Topics the user wants left out from now on.")
        ] = (),
        interested_in: Annotated[
            _Topics, Field(description="Topics the user said yes to, also ones turned down before.")
        ] = (),
    ) -> Corrected:
        """Correct what is known of the user, when they say that it is wrong or want it otherwise.

        What they say outranks what they did, at once and until they say otherwise. Use it only for what the user said,
        never for what you conclude. To remove something that was concluded wrongly, use forget.
        """
        events = list(_corrections(answers, not_interested_in, interested_in))
        if not events:
            found = "none of answers, not_interested_in and interested_in"
            raise FieldError("answers", found, "at least one of them")
        mine = whose()
        await self._record(mine, events)
        wishes = {wish.key: wish.value for wish in wishes_in(answers)}
        return Corrected(
            understood=said(wishes),
            not_understood=bool(answers) and not wishes,
            is_in_force=await self._refresh(mine),
        )

    async def forget(
        self,
        belief_id: Annotated[
            str,
            Field(
                min_length=1,
                max_length=BELIEF_ID_CHARACTERS_MAX,
                description="The id of the belief, as explain_beliefs gives it; or a topic.",
            ),
        ],
    ) -> Forgotten:
        """Forget something believed of the user: delete the events behind it, for good.

        Use it only when the user asks for it, and say first what will be deleted: the same events may stand behind
        other beliefs. To have a topic left out without deleting anything, use correct.
        """
        mine, deleted_count, row = whose(), 0, None
        for _ in range(_ROUNDS_MAX):
            row = await self._belief(mine, belief_id)
            event_ids = [] if row is None else _kept_ids(row)
            if row is None or not event_ids:
                break
            done = await self._sidecar.calls.delete_events(
                mine.user_id, event_ids, _REFRESH_WAIT_SECONDS, namespace=mine.namespace
            )
            deleted_count += done.deleted_count
            if not done.completed:
                break
        if row is None and not deleted_count:
            raise no_such_belief(belief_id)
        return Forgotten(
            deleted_count=deleted_count, is_gone=row is None, advice="" if row is None else _advice(row)
        )

    async def _belief(self, mine: Whose, belief_id: str) -> ExplainedBelief | None:
        """Return a belief; None when there is none, or no more."""
        try:
            found = await explained(self._sidecar, mine, belief_id)
        except FieldError:
            return None
        return found.beliefs[0] if found.beliefs else None

    async def _record(self, mine: Whose, events: list[EventFields]) -> RecordEventsResponse:
        """Record events of the user.

        Raises:
            FieldError: One is refused; the others are kept.
            ServiceError: The call failed.
        """
        owned: list[EventFields] = [
            {**event, "user_id": mine.user_id, "namespace": mine.namespace, "session_id": mine.session_id}
            for event in events
        ]
        kept = await self._sidecar.calls.record(owned)
        for refused in kept.refused:
            found, _, allowed = refused.message.removeprefix("found ").partition("; allowed: ")
            raise FieldError(refused.field.rpartition("].")[2], found, allowed)
        return kept

    async def _refresh(self, mine: Whose) -> bool:
        """Return whether the profile was refreshed; that it was not is no failure, for the events are on disk."""
        try:
            done = await self._sidecar.calls.refresh(
                mine.user_id, _REFRESH_WAIT_SECONDS, namespace=mine.namespace
            )
        except ServiceError:
            return False
        return done.completed and not done.error


def _corrections(answers: str, no: Sequence[str], yes: Sequence[str]) -> Iterator[EventFields]:
    for type_, told in (
        ("correction", {"text": answers}),
        ("mute", {"topics": no}),
        ("follow", {"topics": yes}),
    ):
        fields: dict[str, Any] = told
        if any(fields.values()):
            yield {"user_id": "", "type": type_, **fields}  # type: ignore[typeddict-item]


def _kept_ids(row: ExplainedBelief) -> list[str]:
    """Return the ids of events for a belief that can still be deleted; what speaks against it stays."""
    return [
        item.evidence.event_id
        for item in row.evidence
        if not item.is_against and item.absence == EventAbsence.EVENT_ABSENCE_UNSPECIFIED
    ]


def _advice(row: ExplainedBelief) -> str:
    if _kept_ids(row):
        return "call forget again: more events speak for it, or the profile is still being written"
    return "what is left was counted from events that are no longer kept; use correct to say that it does not hold"
