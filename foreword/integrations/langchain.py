"""LangChain and LangGraph: a middleware that gives an agent the foreword of its user."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

from foreword.client import DEFAULT_TARGET
from foreword.integrations.framework import framework
from foreword.integrations.personalization import Personalization, personalization_of
from foreword.integrations.user import User, user_of

with framework("langchain"):
    from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
    from langchain.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
    from langchain.tools.tool_node import ToolCallRequest
    from langchain_core.messages import BaseMessage
    from langgraph.types import Command


class ForewordMiddleware(AgentMiddleware[AgentState[Any], Any]):
    """Puts the user's foreword behind the system prompt, and records requests and calls of tools.

    The user is the `user_id`, with `namespace` where there are tenants, of the run's context:
    `create_agent(…, middleware=[ForewordMiddleware()], context_schema=Context)`, then
    `agent.invoke(…, context=Context(user_id="ada"))`. The conversation is the thread of the checkpointer. A context
    without a user leaves the agent as it is. Placed behind AnthropicPromptCachingMiddleware it is called within it, so
    that the static prompt is what that marks.

    Args:
        foreword: Where the sidecar serves, or a Personalization with more options.
        cache_control: Marks the foreword as a point of its own for a provider's cache, such as `{"type": "ephemeral"}`;
            None leaves that to what is marked behind it, as a rule the last message.
    """

    def __init__(
        self,
        foreword: Personalization | str = DEFAULT_TARGET,
        *,
        cache_control: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._personalization = personalization_of(foreword)
        self._cache_control = cache_control
        # By identity: an application may use an id again, and a message is gone with its run.
        self._recorded: WeakValueDictionary[int, HumanMessage] = WeakValueDictionary()

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Call the model with the foreword, and record what the user asks for."""
        user = self._asked(request)
        return handler(self._with(request, self._personalization.block(user)))

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """Do the same without holding up the event loop."""
        user = self._asked(request)
        return await handler(self._with(request, await self._personalization.block_async(user)))

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        """Record the call of a tool, and whether it failed."""
        try:
            result = handler(request)
        except Exception as exc:
            self._called(request, type(exc).__name__)
            raise
        self._called(request, _error_type(result))
        return result

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]],
    ) -> ToolMessage | Command[Any]:
        """Record the call of a tool, and whether it failed."""
        try:
            result = await handler(request)
        except Exception as exc:
            self._called(request, type(exc).__name__)
            raise
        self._called(request, _error_type(result))
        return result

    def _asked(self, request: ModelRequest[Any]) -> User | None:
        """Record the message that a run begins with, once, and return whose it is.

        Not in `before_agent`: it would be a node of its own in the graph, which costs each turn as much again. A call
        of the model that is made anew, by a middleware around this one, comes by with the same message.
        """
        user, messages = _user(request.runtime), request.state["messages"]
        last = messages[-1] if messages else None
        if isinstance(last, HumanMessage) and self._recorded.get(id(last)) is not last:
            self._recorded[id(last)] = last
            if last.text:
                self._personalization.request(user, last.text, _answered(messages))
        return user

    def _called(self, request: ToolCallRequest, error_type: str | None) -> None:
        self._personalization.tool_call(_user(request.runtime), request.tool_call["name"], error_type)

    def _with(self, request: ModelRequest[Any], block: str) -> ModelRequest[Any]:
        if not block:
            return request
        part: dict[str, Any] = {"type": "text", "text": block}
        if self._cache_control is not None:
            part["cache_control"] = dict(self._cache_control)
        static = [] if request.system_message is None else request.system_message.content
        parts = [{"type": "text", "text": static}] if isinstance(static, str) else list(static)
        return request.override(system_message=SystemMessage(content=[*parts, part]))


def _user(runtime: Any) -> User | None:
    info = getattr(runtime, "execution_info", None)
    return user_of(getattr(runtime, "context", None), session_id=getattr(info, "thread_id", None))


def _answered(messages: Sequence[BaseMessage]) -> str:
    answers = (message.text for message in reversed(messages) if isinstance(message, AIMessage))
    return next(answers, "")


def _error_type(result: ToolMessage | Command[Any]) -> str | None:
    return "ToolError" if isinstance(result, ToolMessage) and result.status == "error" else None
