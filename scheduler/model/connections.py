"""The providers that can be asked, and what is wrong with those that cannot."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, TypeAlias

from foreword.config import Agent
from foreword.config_segments import ProviderName
from foreword.errors import ForewordError
from foreword.followed_config import FollowedConfig
from foreword.llm import Model
from foreword.llm.gate import Gate
from scheduler.health import COMPONENT, Health
from scheduler.model.choice import providers_in_use

Connect: TypeAlias = Callable[[Agent, Mapping[str, str], ProviderName | None], Model | None]

# What a connection is made from; a change of anything else leaves it alone.
_MADE_FROM = ("base_url", "api_key_file", "timeout_seconds", "calls_max", "effort")


def connect_from_config(
    agent: Agent, environ: Mapping[str, str], provider: ProviderName | None
) -> Model | None:
    """Connect as `foreword.llm.connect` does, which is imported only now: who asks no model pays for none."""
    from foreword.llm.connect import connect

    return connect(agent, environ, provider)


class Connection:
    """A provider that can be asked.

    Attributes:
        model: Asks it.
        gate: Says how many calls may begin.
    """

    def __init__(self, model: Model, gate: Gate) -> None:
        self.model = model
        self.gate = gate
        self._open_count = 0
        self._is_retired = False
        self._closing: asyncio.Task[None] | None = None

    @property
    def open_count(self) -> int:
        """Calls under way."""
        return self._open_count

    def began(self) -> None:
        """Count a call that begins; `ended` follows."""
        self._open_count += 1

    def ended(self) -> None:
        """Count a call that has ended."""
        self._open_count -= 1
        self._close_when_unused()

    def retire(self) -> None:
        """Close it once the calls under way have ended: another one has taken its place."""
        self._is_retired = True
        self._close_when_unused()

    def _close_when_unused(self) -> None:
        if self._is_retired and not self._open_count and self._closing is None:
            self._closing = asyncio.ensure_future(self.model.close())


class Connections:
    """Connects to the providers that some segment asks, and follows the configuration.

    Attributes:
        connected: Those that can be asked, each with whether it has batches; one object for good.
        models: Their models, likewise.
        not_asked: Why the others that some segment is to ask cannot be.

    Args:
        live: The configuration in force.
        health: Where a missing key is stated.
        environ: Where keys may be.
        connect: Makes a model; another one in tests.
    """

    def __init__(
        self,
        live: FollowedConfig,
        health: Health,
        *,
        environ: Mapping[str, str] = os.environ,
        connect: Connect = connect_from_config,
    ) -> None:
        self.connected: dict[str, bool] = {}
        self.models: dict[str, Model] = {}
        self.not_asked: dict[str, str] = {}
        self._live = live
        self._health = health
        self._environ = environ
        self._connect = connect
        self._random = Random()
        self._open: dict[str, tuple[tuple[Any, ...], Connection]] = {}

    def get(self, provider: str) -> Connection | None:
        """Return a provider that can be asked, or None."""
        found = self._open.get(provider)
        return None if found is None else found[1]

    def all(self) -> Mapping[str, Connection]:
        """Return all that can be asked, by name."""
        return {provider: connection for provider, (_, connection) in self._open.items()}

    def follow(self) -> None:
        """Connect to what the configuration in force asks, and let go of the rest.

        What cannot be connected is stated once while it lasts, and tried again by the next call: a key may come as a
        file, without a change of the configuration.
        """
        agent = self._live.current.agent
        wanted = providers_in_use(self._live.current)
        signature = tuple(getattr(agent, key) for key in _MADE_FROM)
        for provider in [name for name, (made_from, _) in self._open.items() if made_from != signature]:
            self._drop(provider)
        for provider in set(self._open) - wanted:
            self._drop(provider)
        for provider in sorted(set(self.not_asked) - wanted):
            self._end(provider)
        for provider in sorted(wanted - set(self._open)):
            self._make(provider, agent, signature)

    async def close(self) -> None:
        """Let go of all now."""
        connections = [connection for _, connection in self._open.values()]
        self._open.clear()
        self.connected.clear()
        self.models.clear()
        for connection in connections:
            await connection.model.close()

    def _make(self, provider: str, agent: Agent, signature: tuple[Any, ...]) -> None:
        try:
            model = self._connect(agent, self._environ, provider)  # type: ignore[arg-type]
        except ForewordError as exc:
            self._state(provider, str(exc))
            return
        if model is None:
            variable = "OPENAI_API_KEY" if provider == "openai-chat" else "ANTHROPIC_API_KEY"
            self._state(provider, f"there is no key; set {variable} or agent.api_key_file")
            return
        self._end(provider)
        self._open[provider] = (signature, Connection(model, Gate(agent.calls_max, self._random)))
        self.connected[provider], self.models[provider] = model.batches is not None, model

    def _drop(self, provider: str) -> None:
        _, connection = self._open.pop(provider)
        del self.connected[provider], self.models[provider]
        connection.retire()

    def _state(self, provider: str, why: str) -> None:
        self.not_asked[provider] = why
        message = f"{provider} is not asked, code alone (extractive) writes profiles: {why}"
        self._health.problems.note(COMPONENT, f"provider {provider}", message)

    def _end(self, provider: str) -> None:
        self.not_asked.pop(provider, None)
        self._health.problems.end(COMPONENT, f"provider {provider}")
