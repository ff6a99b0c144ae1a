"""A support agent that knows its user, beside the same agent that does not.

Needs `foreword up`, and a model: ANTHROPIC_API_KEY for Anthropic's own, ANTHROPIC_BASE_URL for another that speaks the
Messages API, or neither and `foreword dev model-server`, which shows what a model is told and answers by rule.
"""

import os
import time
from typing import Any

import anthropic

from foreword.client import Foreword
from foreword.integrations import Personalization, User

TARGET = "127.0.0.1:7464"
STATIC = "You answer the customers of Larkbook, which keeps the books of small shops. Say what to press, in its order."
SHOPKEEPER = User("example-shopkeeper", session_id="monday")
QUESTIONS = ("How do I give a customer their money back?", "What does it cost me?", "Shorter, please.")

if os.environ.get("ANTHROPIC_API_KEY"):
    model = anthropic.Anthropic()
else:
    # The model server takes any key.
    model = anthropic.Anthropic(
        api_key="any", base_url=os.environ.get("ANTHROPIC_BASE_URL", "http://127.0.0.1:7465")
    )


class SupportAgent:
    """Answers one user in one conversation. Without a Personalization it is the agent you have today."""

    def __init__(self, user: User, personalization: Personalization | None = None) -> None:
        self._user, self._personalization = user, personalization
        self._turns: list[Any] = []
        self._answered = ""
        self.tokens_read = 0

    def system(self) -> list[Any]:
        """Return the system prompt: first what is the same for all, then what is the user's, each kept by the cache."""
        parts = [STATIC]
        if self._personalization is not None and (block := self._personalization.block(self._user)):
            parts.append(block)
        return [{"type": "text", "text": part, "cache_control": {"type": "ephemeral"}} for part in parts]

    def ask(self, question: str) -> str:
        """Answer a question, and record it behind the call."""
        if self._personalization is not None:
            self._personalization.request(self._user, question, self._answered)
        self._turns.append({"role": "user", "content": question})
        answer = model.messages.create(
            model="claude-haiku-4-5", max_tokens=500, system=self.system(), messages=self._turns
        )
        self.tokens_read += answer.usage.input_tokens
        self._answered = "".join(part.text for part in answer.content if part.type == "text")
        self._turns.append({"role": "assistant", "content": self._answered})
        return self._answered


def remember(client: Foreword, user: User) -> None:
    """Record what this shopkeeper did before today. Yours is recorded as it happens, by the agent and by the shop."""
    read = ["refunds", "card payments", "refunds", "vat", "refunds", "card payments"]
    client.record(
        [
            {"event_id": f"read-{number}", "user_id": user.user_id, "type": "read", "topics": [topic]}
            for number, topic in enumerate(read)
        ]
    )
    client.record(event_id="said-1", user_id=user.user_id, type="correction", text="Simple words, please.")
    client.record(event_id="end-1", user_id=user.user_id, type="session.end")
    deadline = time.monotonic() + 10
    while not client.text(user.user_id) and time.monotonic() < deadline:
        time.sleep(0.05)


remember(Foreword(TARGET), SHOPKEEPER)
knowing = SupportAgent(SHOPKEEPER, Personalization(TARGET))
plain = SupportAgent(SHOPKEEPER)
for question in QUESTIONS:
    print(
        f"\n{question}\n  without Foreword: {plain.ask(question)}\n  with Foreword:    {knowing.ask(question)}"
    )
print("\nWhat only the second was told:")
print(
    "\n".join(part["text"] for part in knowing.system()[1:]) or "nothing: no sidecar, or nothing is known yet"
)
print(f"\nTokens read in all: {plain.tokens_read} without, {knowing.tokens_read} with.")
