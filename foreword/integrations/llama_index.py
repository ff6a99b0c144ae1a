"""LlamaIndex: a memory that puts the foreword of its user before another memory's history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foreword.client import DEFAULT_TARGET
from foreword.integrations.framework import framework
from foreword.integrations.personalization import Personalization, personalization_of
from foreword.integrations.user import User, required

with framework("llama-index"):
    from llama_index.core.base.llms.types import ChatMessage, MessageRole, ToolCallBlock
    from llama_index.core.bridge.pydantic import Field, PrivateAttr
    from llama_index.core.memory import Memory
    from llama_index.core.memory.types import BaseMemory


class ForewordMemory(BaseMemory):
    """Puts the user's foreword before the history of a memory, and records requests and calls of tools.

    A memory is one user's and one conversation's, so the application names both where it makes it:
    `agent.run(…, memory=ForewordMemory.of(User("ada", session_id="monday"), memory))`. Agents put their static prompt
    before what a memory gives, so the foreword stands between the two. It is never stored in the history.

    Attributes:
        memory: Keeps the history.
    """

    memory: BaseMemory = Field(default_factory=Memory.from_defaults)
    _user: User | None = PrivateAttr(default=None)
    _personalization: Personalization | None = PrivateAttr(default=None)
    # None until the history is looked at: an application may make a memory of it for each request.
    _answered: str | None = PrivateAttr(default=None)

    @classmethod
    def of(
        cls, user: User, memory: BaseMemory | None = None, foreword: Personalization | str = DEFAULT_TARGET
    ) -> ForewordMemory:
        """Return the memory of a user.

        Args:
            user: Whose, with the conversation as `session_id`.
            memory: Keeps the history; None makes LlamaIndex's own.
            foreword: Where the sidecar serves, or a Personalization, which all memories of a process should share.

        Raises:
            FieldError: `user` is none.
        """
        made = cls() if memory is None else cls(memory=memory)
        made._user, made._personalization = required(user), personalization_of(foreword)
        return made

    @classmethod
    def from_defaults(cls, **kwargs: Any) -> ForewordMemory:
        """Return one as `of` does, by keywords."""
        return cls.of(**kwargs)

    def get(self, input: str | None = None, **kwargs: Any) -> list[ChatMessage]:
        """Return the foreword and the history."""
        block = "" if self._personalization is None else self._personalization.block(self._user)
        return _with(block, self.memory.get(input=input, **kwargs))

    async def aget(self, input: str | None = None, **kwargs: Any) -> list[ChatMessage]:
        """Return the foreword and the history, without holding up the event loop."""
        block = "" if self._personalization is None else await self._personalization.block_async(self._user)
        return _with(block, await self.memory.aget(input=input, **kwargs))

    def get_all(self) -> list[ChatMessage]:
        """Return the history, without the foreword."""
        return self.memory.get_all()

    async def aget_all(self) -> list[ChatMessage]:
        """Return the history, without the foreword."""
        return await self.memory.aget_all()

    def put(self, message: ChatMessage) -> None:
        """Add to the history, and record what the user did."""
        if self._asks_first([message]):
            self._answered = _last_answer(self.memory.get_all())
        self._record([message])
        self.memory.put(message)

    async def aput(self, message: ChatMessage) -> None:
        """Add to the history, and record what the user did."""
        if self._asks_first([message]):
            self._answered = _last_answer(await self.memory.aget_all())
        self._record([message])
        await self.memory.aput(message)

    async def aput_messages(self, messages: list[ChatMessage]) -> None:
        """Add to the history, and record what the user did."""
        if self._asks_first(messages):
            self._answered = _last_answer(await self.memory.aget_all())
        self._record(messages)
        await self.memory.aput_messages(messages)

    def set(self, messages: list[ChatMessage]) -> None:
        """Replace the history; nothing is recorded, since it is old."""
        self._answered = None
        self.memory.set(messages)

    async def aset(self, messages: list[ChatMessage]) -> None:
        """Replace the history; nothing is recorded, since it is old."""
        self._answered = None
        await self.memory.aset(messages)

    def reset(self) -> None:
        """Empty the history."""
        self._answered = None
        self.memory.reset()

    async def areset(self) -> None:
        """Empty the history."""
        self._answered = None
        await self.memory.areset()

    def _asks_first(self, messages: Sequence[ChatMessage]) -> bool:
        is_told = self._personalization is not None
        return is_told and self._answered is None and any(one.role == MessageRole.USER for one in messages)

    def _record(self, messages: Sequence[ChatMessage]) -> None:
        if self._personalization is None:
            return
        for message in messages:
            if message.role == MessageRole.USER and message.content:
                self._personalization.request(self._user, message.content, self._answered or "")
            elif message.role == MessageRole.ASSISTANT:
                self._answered = message.content or self._answered
                for block in message.blocks:
                    if isinstance(block, ToolCallBlock):
                        # Whether it failed is not in what an agent puts into its memory.
                        self._personalization.tool_call(self._user, block.tool_name, has_outcome=False)


def _last_answer(history: Sequence[ChatMessage]) -> str:
    answers = (one.content for one in reversed(history) if one.role == MessageRole.ASSISTANT and one.content)
    return next(answers, None) or ""


def _with(block: str, history: list[ChatMessage]) -> list[ChatMessage]:
    return [ChatMessage(role=MessageRole.SYSTEM, content=block), *history] if block else history
