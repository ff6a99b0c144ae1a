"""Pydantic AI: a capability that gives an agent the foreword of its user."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from foreword.client import DEFAULT_TARGET
from foreword.integrations.framework import framework
from foreword.integrations.personalization import Personalization, personalization_of
from foreword.integrations.user import User, user_of

with framework("pydantic-ai"):
    from pydantic_ai import RunContext
    from pydantic_ai.capabilities import AbstractCapability, ValidatedToolArgs
    from pydantic_ai.messages import InstructionPart, ModelResponse, ToolCallPart
    from pydantic_ai.tools import ToolDefinition


class ForewordCapability(AbstractCapability[Any]):
    """Puts the user's foreword behind the instructions, and records requests and calls of tools.

    The user is the `user_id`, with `namespace` where there are tenants, of the run's `deps`:
    `Agent(…, deps_type=Deps, capabilities=[ForewordCapability()])`, then `agent.run(…, deps=Deps(user_id="ada"))`. The
    conversation is the run's `conversation_id`. Deps without a user leave the agent as it is. The foreword is a dynamic
    instruction: Pydantic AI puts it behind the static ones and sets the point for a provider's cache before it.

    Args:
        foreword: Where the sidecar serves, or a Personalization with more options.
    """

    def __init__(self, foreword: Personalization | str = DEFAULT_TARGET) -> None:
        self._personalization = personalization_of(foreword)

    def get_instructions(self) -> Callable[[RunContext[Any]], Awaitable[InstructionPart | None]]:
        """Return what gives the foreword as an instruction."""
        return self._instruction

    async def before_run(self, ctx: RunContext[Any]) -> None:
        """Record what the user asks for, behind the run."""
        prompt = ctx.prompt
        parts = [prompt] if isinstance(prompt, str) else prompt or ()
        text = "\n".join(part for part in parts if isinstance(part, str))
        if text:
            answers = (
                message.text for message in reversed(ctx.messages) if isinstance(message, ModelResponse)
            )
            self._personalization.request(_user(ctx), text, next(answers, None) or "")

    async def after_tool_execute(
        self,
        ctx: RunContext[Any],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: ValidatedToolArgs,
        result: Any,
    ) -> Any:
        """Record that a tool was used."""
        self._personalization.tool_call(_user(ctx), call.tool_name)
        return result

    async def on_tool_execute_error(
        self,
        ctx: RunContext[Any],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: ValidatedToolArgs,
        error: Exception,
    ) -> Any:
        """Record that a tool failed, and let it."""
        self._personalization.tool_call(_user(ctx), call.tool_name, type(error).__name__)
        raise error

    async def _instruction(self, ctx: RunContext[Any]) -> InstructionPart | None:
        block = await self._personalization.block_async(_user(ctx))
        return InstructionPart(block, dynamic=True) if block else None


def _user(ctx: RunContext[Any]) -> User | None:
    return user_of(ctx.deps, session_id=ctx.conversation_id or "")
