"""OpenAI Agents SDK: hooks that give the agents of a run the foreword of their user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foreword.client import DEFAULT_TARGET
from foreword.integrations.framework import framework
from foreword.integrations.personalization import Personalization, personalization_of
from foreword.integrations.user import user_of

with framework("openai-agents"):
    from agents import Agent, RunConfig, RunContextWrapper, RunHooks, Tool, TResponseInputItem
    from agents.run import CallModelData, ModelInputData
    from agents.tool_context import ToolContext


class ForewordHooks(RunHooks[Any]):
    """Puts the user's foreword behind the instructions, and records requests and calls of tools.

    The user is the `user_id`, with `namespace` and `session_id` where there are any, of the run's context:
    `Runner.run(agent, …, context=…, hooks=foreword, run_config=foreword.run_config())`. A context without a user leaves
    the run as it is. All agents of the run are told, after a handoff too. The foreword goes into the instructions and
    not among the items, since a server that keeps the conversation would keep one for each turn.

    Args:
        foreword: Where the sidecar serves, or a Personalization with more options.
    """

    def __init__(self, foreword: Personalization | str = DEFAULT_TARGET) -> None:
        self._personalization = personalization_of(foreword)

    def run_config(self, **options: Any) -> RunConfig:
        """Return a RunConfig with `model_input` as its `call_model_input_filter`, and options of your own."""
        return RunConfig(call_model_input_filter=self.model_input, **options)

    async def model_input(self, data: CallModelData[Any]) -> ModelInputData:
        """Add the foreword to what a model is given: RunConfig's `call_model_input_filter`."""
        given = data.model_data
        block = await self._personalization.block_async(user_of(data.context))
        if not block:
            return given
        instructions = "\n\n".join(part for part in (given.instructions, block) if part)
        return ModelInputData(input=given.input, instructions=instructions)

    async def on_llm_start(
        self,
        context: RunContextWrapper[Any],
        agent: Agent[Any],
        system_prompt: str | None,
        input_items: list[TResponseInputItem],
    ) -> None:
        """Record what the user asks for: the last item of a run's first call, where later ones have a tool's answer.

        Not in `model_input`, which an agent that is called as a tool inherits: what it is asked, a model said.
        """
        if input_items and _role(input_items[-1]) == "user" and not isinstance(context, ToolContext):
            answers = (_text(item) for item in reversed(input_items) if _role(item) == "assistant")
            if asked := _text(input_items[-1]):
                self._personalization.request(user_of(context.context), asked, next(answers, ""))

    async def on_tool_end(
        self, context: RunContextWrapper[Any], agent: Agent[Any], tool: Tool, result: object
    ) -> None:
        """Record that a tool was used. The SDK does not say whether it failed: a failure is an answer in words."""
        self._personalization.tool_call(user_of(context.context), tool.name, has_outcome=False)


def _role(item: object) -> object:
    return item.get("role") if isinstance(item, Mapping) else None


def _text(item: object) -> str:
    content = item.get("content") if isinstance(item, Mapping) else None
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(
        part["text"] for part in parts if isinstance(part, Mapping) and isinstance(part.get("text"), str)
    )
