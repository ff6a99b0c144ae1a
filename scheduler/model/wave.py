"""One wave: the questions that become one batch, as many as its limits let in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from foreword.config import Agent
from foreword.keys import UserKey
from foreword.llm import ModelRequest
from foreword.v1.model_work_pb2 import ModelItem, ModelMode, ModelState, ModelWait
from scheduler.model.choice import Choice
from scheduler.model.question import Question

# The API takes 256 MB. What is sent is in memory three times over, as text, as JSON and on its way, and an event loop
# that writes JSON turns for nobody else: an eighth of the API's limit is 2,000 questions of 16 KB.
WAVE_BYTES_MAX = 32 << 20


class Draft(NamedTuple):
    """A question before it is sent."""

    question: Question
    request: ModelRequest
    state: ModelState
    """The user's when the question was made; one whose state is another by now is not asked about."""


class WaveLimits(NamedTuple):
    """What one wave may hold."""

    users_max: int
    cost_pico_usd_max: int
    """What all of its questions may cost at most."""
    bytes_max: int = WAVE_BYTES_MAX


@dataclass
class Wave:
    """Questions to one model, in the order in which their users came due.

    Attributes:
        limits: What it may hold.
        drafts: What it holds.
        size_bytes: What that is when it is sent.
        reserved_pico_usd: What it can cost at most.
    """

    limits: WaveLimits
    drafts: list[Draft] = field(default_factory=list)
    size_bytes: int = 0
    reserved_pico_usd: int = 0
    _common_bytes: dict[tuple[str, str], int] = field(default_factory=dict, repr=False)

    @property
    def is_full(self) -> bool:
        """Whether not even a small question would fit."""
        return len(self.drafts) >= self.limits.users_max

    def add(self, draft: Draft) -> bool:
        """Take a question in; return False, and change nothing, when it does not fit."""
        size_bytes = self.size_bytes + self._bytes(draft.request)
        reserved = self.reserved_pico_usd + draft.question.call.cost_pico_usd
        # The first is taken whatever its size: left out, it would never be asked about.
        is_too_large = size_bytes > self.limits.bytes_max and bool(self.drafts)
        if self.is_full or is_too_large or reserved > self.limits.cost_pico_usd_max:
            return False
        self.drafts.append(draft)
        self.size_bytes, self.reserved_pico_usd = size_bytes, reserved
        return True

    def _bytes(self, request: ModelRequest) -> int:
        """Return how long a question is in JSON. All of a namespace have the same front."""
        front = (request.instructions, request.shared)
        if front not in self._common_bytes:
            self._common_bytes[front] = len(json.dumps([*front, dict(request.schema)]))
        return self._common_bytes[front] + len(json.dumps(request.prompt))


def ready(
    due: Iterable[tuple[int, UserKey]], choices: Mapping[UserKey, Choice], now_ms: int, agent: Agent
) -> Mapping[Choice, Sequence[UserKey]]:
    """Return the models whose next wave should go out now, each with its users, longest due first.

    One should when there are enough users for it, or when the first of them has waited long enough for others.

    Args:
        due: Pairs of due time in ms and user key, longest due first.
        choices: Who is asked about each user; a user without is left out.
        now_ms: The time.
        agent: How many users, and how long.
    """
    waiting: dict[Choice, list[UserKey]] = {}
    since_ms: dict[Choice, int] = {}
    for due_ms, user in due:
        if (choice := choices.get(user)) is not None:
            waiting.setdefault(choice, []).append(user)
            since_ms.setdefault(choice, due_ms)
    wait_ms = agent.batch_wait_seconds * 1000
    return {
        choice: users[: agent.batch_users_max]
        for choice, users in waiting.items()
        if len(users) >= agent.batch_users_max or now_ms - since_ms[choice] >= wait_ms
    }


def returned(former: ModelState, item: ModelItem, wait: ModelWait, until_ms: int, now_ms: int) -> ModelState:
    """Return the state of a user whose batch the provider does not have: queued again, for nothing was asked.

    Nor is it a failure of the user's: who fails too often is left alone, and a provider that is down for a day would
    leave everybody alone. News that was noted meanwhile does not wait.

    Args:
        former: The state before.
        item: The question that was not asked.
        wait: Why it waits; unspecified when it does not.
        until_ms: Until when.
        now_ms: The time.
    """
    state = ModelState()
    state.CopyFrom(former)
    state.batch = state.batch_item = 0
    if state.mode == ModelMode.MODEL_MODE_MESSAGES:
        state.due_ms, state.wait = now_ms, ModelWait.MODEL_WAIT_UNSPECIFIED
        return state
    if not state.mode:
        state.mode, state.reason = ModelMode.MODEL_MODE_BATCH, item.reason
    state.due_ms, state.wait = until_ms, wait
    return state
