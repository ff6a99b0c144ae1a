"""Claude Agent SDK: hooks that give a session the foreword of its user."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from foreword.client import DEFAULT_TARGET
from foreword.integrations.framework import framework
from foreword.integrations.personalization import Personalization, personalization_of
from foreword.integrations.user import User, required

with framework("claude-agent-sdk"):
    from claude_agent_sdk import HookContext, HookInput, HookJSONOutput, HookMatcher
    from claude_agent_sdk.types import HookEvent

# More than one process runs at a time; a session that is forgotten is told its foreword once more.
_SESSIONS_MAX = 1000


class ForewordHooks:
    """Gives the user's foreword with a session's first prompt, and records requests and calls of tools.

    The application names the user where it makes the options of a session:
    `ClaudeAgentOptions(…, hooks=foreword.hooks(User("ada")))`. The foreword goes with the first turn and stays there,
    so that no later turn changes the prefix; after a compaction, which drops it, it is given again.

    Args:
        foreword: Where the sidecar serves, or a Personalization with more options.
    """

    def __init__(self, foreword: Personalization | str = DEFAULT_TARGET) -> None:
        self._personalization = personalization_of(foreword)
        self._told: OrderedDict[str, None] = OrderedDict()
        self._answered: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def hooks(self, user: User) -> dict[HookEvent, list[HookMatcher]]:
        """Return the hooks of one user's sessions; add your own to the lists.

        Raises:
            FieldError: `user` is none.
        """
        user = required(user)

        async def prompted(given: HookInput, _: str | None, __: HookContext) -> HookJSONOutput:
            return await self._prompted(_of_session(user, given), given)

        async def used(given: HookInput, _: str | None, __: HookContext) -> HookJSONOutput:
            self._used(_of_session(user, given), given)
            return {}

        async def answered(given: HookInput, _: str | None, __: HookContext) -> HookJSONOutput:
            self._keep(self._answered, given["session_id"], str(given.get("last_assistant_message") or ""))
            return {}

        async def compacted(given: HookInput, _: str | None, __: HookContext) -> HookJSONOutput:
            self._forget(given["session_id"])
            return {}

        return {
            "UserPromptSubmit": [HookMatcher(hooks=[prompted])],
            "PostToolUse": [HookMatcher(hooks=[used])],
            "PostToolUseFailure": [HookMatcher(hooks=[used])],
            "Stop": [HookMatcher(hooks=[answered])],
            "PreCompact": [HookMatcher(hooks=[compacted])],
        }

    async def _prompted(self, user: User, given: Any) -> HookJSONOutput:
        # By the SDK's own name of the session: what the application calls it, two users may have alike.
        session_id = given["session_id"]
        self._personalization.request(user, given["prompt"], self._answered.get(session_id, ""))
        if not self._keep(self._told, session_id, None):
            return {}
        block = await self._personalization.block_async(user)
        if not block:
            self._forget(session_id)
            return {}
        return {"hookSpecificOutput": {"hookEventName": "UserPromptSubmit", "additionalContext": block}}

    def _used(self, user: User, given: Any) -> None:
        failure = "ToolError" if given["hook_event_name"] == "PostToolUseFailure" else None
        self._personalization.tool_call(user, given["tool_name"], failure)

    def _keep(self, sessions: OrderedDict[str, Any], session_id: str, value: Any) -> bool:
        """Keep a value of a session, and of the newest only; return whether it had none."""
        with self._lock:
            is_new = session_id not in sessions
            sessions[session_id] = value
            sessions.move_to_end(session_id)
            if len(sessions) > _SESSIONS_MAX:
                sessions.popitem(last=False)
            return is_new

    def _forget(self, session_id: str) -> None:
        with self._lock:
            self._told.pop(session_id, None)


def _of_session(user: User, given: HookInput) -> User:
    return user if user.session_id else user._replace(session_id=given["session_id"])
