"""The events of a conversation: what its user asked, which tools were called, and how it ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from foreword.admission import (
    ATTRIBUTE_VALUE_BYTES_MAX,
    ITEM_ID_BYTES_MAX,
    SESSION_ID_BYTES_MAX,
    TEXT_BYTES_MAX,
    TOPIC_BYTES_MAX,
)
from foreword.errors import FieldError
from foreword.follow_ups import is_correction
from foreword.importers import record_fields
from foreword.importers.conversation import Conversation, Message
from foreword.importers.source import Row
from foreword.importers.times import Times
from foreword.importers.tool_results import error_type_of, is_failed
from foreword.importers.turns import Call, Result, Said
from foreword.naming.messages import quoted
from foreword.text_size import cut_text
from foreword.v1.event_pb2 import Event, Feedback

TOOL_PREFIX = "tool:"


class ConversationEvents:
    """Makes the events of one conversation.

    Args:
        conversation: What is read.
        identity: Its name, out of which the ids of its events are made.
        times: Tells when what has no time of its own was.
    """

    def __init__(self, conversation: Conversation, identity: str, times: Times) -> None:
        self._conversation = conversation
        self._identity = identity
        self._times = times
        self._session = cut_text(conversation.session, SESSION_ID_BYTES_MAX) or f"conversation-{identity}"
        self._attributes = conversation.attributes
        self._open: dict[str, Event] = {}
        """Of each call still without a result its event, by the call's id, else by its tool."""
        self._answer = ""
        """What the assistant said since the user spoke last."""
        self._call_count = 0

    def rows(self) -> Iterator[Row]:
        """Yield a row for each event, and for each message that is none."""
        self._times.begin(self._conversation.time)
        # Together: a call's event is whole only once its result is met.
        yield from [
            row for place in range(len(self._conversation.messages)) for row in self._message_rows(place)
        ]
        yield from self._outcome()

    def _message_rows(self, place: int) -> Iterator[Row]:
        message = self._conversation.messages[place]
        if message.refusal:
            yield self._refused(message, message.refusal)
        else:
            self._times.message(message.time)
        for number, turn in enumerate(message.turns):
            event_id = _id(self._identity, self._conversation.digests[place], number)
            if isinstance(turn, Said):
                event = self._said(turn, event_id)
            elif isinstance(turn, Call):
                event = self._called(turn, event_id)
            else:
                event = None
                if not self._take(turn):
                    named = quoted(turn.call_id or turn.tool)
                    yield self._refused(
                        message, f"tool_call_id: found {named}; allowed: that of a call before"
                    )
            if event is not None:
                yield Row(self._conversation.number, event, _raw(message.raw))

    def _said(self, said: Said, event_id: str) -> Event | None:
        if not said.is_user:
            self._answer = f"{self._answer}\n{said.text}"
            return None
        is_corrected = is_correction(said.text, self._answer)
        self._answer = ""
        event = self._event("agent.follow_up" if is_corrected else "agent.request", event_id)
        event.text = cut_text(said.text, TEXT_BYTES_MAX)
        if is_corrected:
            event.feedback = Feedback.FEEDBACK_CORRECTION
        return event

    def _called(self, call: Call, event_id: str) -> Event:
        self._call_count += 1
        event = self._event("agent.tool_call", event_id)
        event.item_id = cut_text(f"{TOOL_PREFIX}{call.tool}", ITEM_ID_BYTES_MAX)
        event.attributes["tool"] = cut_text(call.tool, ATTRIBUTE_VALUE_BYTES_MAX)
        event.attributes["position"] = str(self._call_count)
        if domain := self._attributes.get("domain"):
            event.topics.append(cut_text(domain, TOPIC_BYTES_MAX))
        self._open[call.call_id or call.tool] = event
        return event

    def _take(self, result: Result) -> bool:
        """Write a result into the event of its call; return whether there is one."""
        event = self._open.pop(result.call_id or result.tool, None)
        if event is None:
            return False
        is_bad = result.is_error if result.is_error is not None else is_failed(result.text)
        event.attributes["outcome"] = "error" if is_bad else "ok"
        if is_bad and (kind := error_type_of(result.text)):
            event.attributes["error_type"] = cut_text(kind, ATTRIBUTE_VALUE_BYTES_MAX)
        return True

    def _outcome(self) -> Iterator[Row]:
        """Yield how the conversation ended, where the record says so."""
        record = self._conversation.record
        try:
            reward = record_fields.reward_of(record)
        except FieldError as exc:
            yield Row(self._conversation.number, None, _raw(record), exc.message)
            return
        accepted = record_fields.is_accepted(record)
        if reward is None and accepted is None:
            return
        digest = self._conversation.digests[-1] if self._conversation.digests else ""
        self._times.message(None)
        event = self._event("agent.outcome", _id(self._identity, digest, f"outcome {reward} {accepted}"))
        if reward is not None:
            event.value = reward
        if accepted is not None:
            event.feedback = Feedback.FEEDBACK_ACCEPT if accepted else Feedback.FEEDBACK_REJECT
        yield Row(self._conversation.number, event, _raw(record))

    def _event(self, kind: str, event_id: str) -> Event:
        return Event(
            event_id=event_id,
            user_id=self._conversation.user,
            time=self._times.next(),
            type=kind,
            session_id=self._session,
            attributes=self._attributes,
        )

    def _refused(self, message: Message, refusal: str) -> Row:
        return Row(self._conversation.number, None, _raw(message.raw), refusal)


def _id(identity: str, digest: str, what: object) -> str:
    return f"turn-{hashlib.sha256(f'{identity} {digest} {what}'.encode()).hexdigest()[:24]}"


def _raw(value: Any) -> str:
    return json.dumps(value)
