"""Microsoft Agent Framework: a context provider that gives an agent the foreword of its user."""

from __future__ import annotations

from typing import Any

from foreword.client import DEFAULT_TARGET
from foreword.integrations.framework import framework
from foreword.integrations.personalization import Personalization, personalization_of
from foreword.integrations.user import User, user_of

with framework("agent-framework"):
    from agent_framework import AgentSession, ContextProvider, SessionContext, SupportsAgentRun

_ANSWERED = "answered"


class ForewordContextProvider(ContextProvider):
    """Puts the user's foreword behind the instructions, and records requests and calls of tools.

    The user is the `user_id`, with `namespace` where there are tenants, in the session's `state`, which the application
    sets: `Agent(…, context_providers=[ForewordContextProvider()])`, then `session = agent.create_session()` and
    `session.state["user_id"] = "ada"`. For an agent of one user, `user` names it. The conversation is the session's id.
    A session without a user leaves the agent as it is.

    Args:
        foreword: Where the sidecar serves, or a Personalization with more options.
        user: The user of sessions that name none.
        source_id: The provider's name within the agent.
    """

    def __init__(
        self,
        foreword: Personalization | str = DEFAULT_TARGET,
        *,
        user: User | None = None,
        source_id: str = "foreword",
    ) -> None:
        super().__init__(source_id)
        self._personalization = personalization_of(foreword)
        self._user = user

    async def before_run(
        self,
        *,
        agent: SupportsAgentRun,
        session: AgentSession,
        context: SessionContext,
        state: dict[str, Any],
    ) -> None:
        """Add the foreword to the instructions, and record what the user asks for."""
        user = self._user_of(session)
        asked = [
            message.text for message in context.input_messages if message.role == "user" and message.text
        ]
        if asked:
            self._personalization.request(user, "\n".join(asked), str(state.get(_ANSWERED, "")))
        if block := await self._personalization.block_async(user):
            context.extend_instructions(self.source_id, block)

    async def after_run(
        self,
        *,
        agent: SupportsAgentRun,
        session: AgentSession,
        context: SessionContext,
        state: dict[str, Any],
    ) -> None:
        """Record which tools were used, and keep the answer for the next turn: what comes may correct it."""
        if context.response is None:
            return
        user = self._user_of(session)
        names: dict[str | None, str] = {}
        for content in (part for message in context.response.messages for part in message.contents):
            if content.type == "function_call" and content.name:
                names[content.call_id] = content.name
            elif content.type == "function_result" and content.call_id in names:
                failure = "ToolError" if content.exception else None
                self._personalization.tool_call(user, names[content.call_id], failure)
        state[_ANSWERED] = context.response.text

    def _user_of(self, session: AgentSession) -> User | None:
        named = user_of(session.state, session_id=session.session_id)
        return named or user_of(self._user, session_id=session.session_id)
