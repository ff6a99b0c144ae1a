"""An answer, before it is sent in whichever form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from foreword.model_server.question import Question
from foreword.model_server.usage import Tier, Usage
from foreword.tokens import count_tokens

StopReason: TypeAlias = Literal["end_turn", "max_tokens", "refusal"]
_FINISH_REASONS = {"end_turn": "stop", "max_tokens": "length", "refusal": "content_filter"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        id: Of the message.
        model: Who answers: as it was asked.
        text: What it says; empty for a refusal.
        stop_reason: Why it stopped.
        usage: What it costs.
        tier: At which price.
    """

    id: str
    model: str
    text: str
    stop_reason: StopReason
    usage: Usage
    tier: Tier

    def as_message(self) -> dict[str, Any]:
        """Return it as the Messages API has it."""
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [{"type": "text", "text": self.text}] if self.text else [],
            "stop_reason": self.stop_reason,
            "stop_sequence": None,
            "stop_details": _REFUSED if self.stop_reason == "refusal" else None,
            "usage": self.usage.in_message(self.tier),
        }

    def as_completion(self, created_seconds: int) -> dict[str, Any]:
        """Return it as chat completions have it."""
        is_refused = self.stop_reason == "refusal"
        message = {
            "role": "assistant",
            "content": None if is_refused else self.text,
            "refusal": "I cannot help with that." if is_refused else None,
        }
        choice = {
            "index": 0,
            "message": message,
            "finish_reason": _FINISH_REASONS[self.stop_reason],
            "logprobs": None,
        }
        return {
            "id": self.id.replace("msg_", "chatcmpl-"),
            "object": "chat.completion",
            "created": created_seconds,
            "model": self.model,
            "choices": [choice],
            "usage": self.usage.in_completion(),
        }


_REFUSED = {"type": "refusal", "category": None, "explanation": None}


def write_answer(
    question: Question, text: str, stop_reason: StopReason, *, answer_id: str, read: Usage, tier: Tier
) -> Answer:
    """Return the answer that says `text`, cut off where the question wants it, with what it costs."""
    # A refusal and an empty answer have their end to write.
    output_tokens = max(1, count_tokens(text))
    if output_tokens > question.output_tokens_max:
        text, stop_reason = _cut(text, question.output_tokens_max), "max_tokens"
        output_tokens = question.output_tokens_max
    usage = replace(read, output_tokens=output_tokens)
    return Answer(answer_id, question.model, text, stop_reason, usage, tier)


def _cut(text: str, tokens_max: int) -> str:
    """Return the longest start of a text within so many tokens."""
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if count_tokens(text[:middle]) <= tokens_max:
            fits = middle
        else:
            too_long = middle
    return text[:fits]
