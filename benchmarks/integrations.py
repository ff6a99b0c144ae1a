"""What an integration adds to an agent's turn: each framework with and without it, no model asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.table import Table, ratio
from foreword.client import Foreword
from foreword.errors import ForewordError
from foreword.integrations import Personalization, User

ROUNDS = 200
WARM_ROUNDS = 20
START_SECONDS = 60.0
STATIC = "You help the customers of a shop."
ASKED = "How do I export invoices?"
# A turn: takes the conversation it belongs to.
Turn = Callable[[str], Awaitable[Any]]


def run() -> Table:
    """Measure every framework that is installed; needs those of `make test-integrations`."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    table = Table(
        "integrations",
        "What an integration adds to an agent's turn",
        "make bench VENV=.venv-integrations ARGS=integrations",
        (
            "framework",
            "bare p50, ms",
            "with Foreword p50, ms",
            "adds p50, ms",
            "ratio",
            "first turn adds p50, ms",
            "first turn, store read in process, adds p50, ms",
        ),
    )
    with _sidecar() as (target, folder):
        personalization, reading = Personalization(target), Personalization(target, store=folder)
        with Foreword(target, raises=True) as client:
            is_native = client.status().front.is_native
        answerer = (
            "the sidecar, through its native front" if is_native else "the sidecar, which has no native front"
        )
        for name, turns in _frameworks():
            try:
                (bare, ours), (_, here) = turns(personalization), turns(reading)
            except ModuleNotFoundError as exc:
                table.notes.append(f"{name} is left out: {exc}")
                continue
            table.add(name, *asyncio.run(_row(bare, ours, here)))
        personalization.close()
        reading.close()
    if not table.rows:
        raise ForewordError(
            "no framework is installed", hint="make test-integrations makes .venv-integrations"
        )
    table.notes += [
        f"Medians of {ROUNDS} turns of each kind, in turns within one process, after {WARM_ROUNDS} of each. No model is"
        " asked: the framework's own stand-in answers, or for the Claude Agent SDK and LiteLLM, whose agent or proxy is"
        " another process, only the hook is called.",
        f"The first turn of a conversation reads the foreword from {answerer}, or from the store mapped into the"
        " process where `store` names it; later ones keep it. All are recorded.",
    ]
    return table


async def _row(bare: Turn, ours: Turn, here: Turn) -> tuple[str, ...]:
    times: dict[str, list[float]] = {"bare": [], "kept": [], "first": [], "here": []}
    for number in range(WARM_ROUNDS + ROUNDS):
        for kind, turn, session in (
            ("bare", bare, "kept"),
            ("kept", ours, "kept"),
            ("first", ours, f"first-{number}-{time.monotonic_ns()}"),
            ("here", here, f"here-{number}-{time.monotonic_ns()}"),
        ):
            began = time.perf_counter()
            await turn(session)
            if number >= WARM_ROUNDS:
                times[kind].append((time.perf_counter() - began) * 1000)
    p50 = {kind: statistics.median(found) for kind, found in times.items()}
    hook_only = p50["bare"] < 0.005
    return (
        "–" if hook_only else f"{p50['bare']:.2f}",
        f"{p50['kept']:.2f}",
        f"{p50['kept'] - p50['bare']:.3f}",
        "–" if hook_only else ratio(p50["kept"], p50["bare"]),
        f"{p50['first'] - p50['bare']:.3f}",
        f"{p50['here'] - p50['bare']:.3f}",
    )


def _frameworks() -> Iterator[tuple[str, Callable[[Personalization], tuple[Turn, Turn]]]]:
    yield "LangChain", _langchain
    yield "OpenAI Agents SDK", _openai_agents
    yield "Pydantic AI", _pydantic_ai
    yield "Agent Framework", _agent_framework
    yield "LlamaIndex", _llama_index
    yield "Claude Agent SDK, the hook", _claude_agent_sdk
    yield "LiteLLM's proxy, the hook", _litellm


def _context(session: str) -> SimpleNamespace:
    return SimpleNamespace(user_id="ada", session_id=session)


def _langchain(personalization: Personalization) -> tuple[Turn, Turn]:
    from langchain.agents import create_agent
    from langchain_core.language_models.fake_chat_models import FakeListChatModel

    from foreword.integrations.langchain import ForewordMiddleware

    def turn(*middleware: Any) -> Turn:
        agent: Any = create_agent(
            FakeListChatModel(responses=["Yes."]),
            system_prompt=STATIC,
            middleware=middleware,
            context_schema=SimpleNamespace,
        )
        asked = {"messages": [{"role": "user", "content": ASKED}]}
        return lambda session: agent.ainvoke(asked, context=_context(session))

    return turn(), turn(ForewordMiddleware(personalization))


def _openai_agents(personalization: Personalization) -> tuple[Turn, Turn]:
    from agents import Agent, RunConfig, Runner
    from agents.testing import ScriptedModel, assistant_message

    from foreword.integrations.openai_agents import ForewordHooks

    hooks = ForewordHooks(personalization)

    def turn(config: RunConfig, own: ForewordHooks | None) -> Turn:
        def ask(session: str) -> Awaitable[Any]:
            agent = Agent[Any](
                name="a", instructions=STATIC, model=ScriptedModel([[assistant_message("Yes.")]])
            )
            return Runner.run(agent, ASKED, context=_context(session), run_config=config, hooks=own)

        return ask

    return (
        turn(RunConfig(tracing_disabled=True), None),
        turn(hooks.run_config(tracing_disabled=True), hooks),
    )


def _pydantic_ai(personalization: Personalization) -> tuple[Turn, Turn]:
    from pydantic_ai import Agent
    from pydantic_ai.models.test import TestModel

    from foreword.integrations.pydantic_ai import ForewordCapability

    def turn(*capabilities: Any) -> Turn:
        agent: Any = Agent(
            TestModel(), instructions=STATIC, capabilities=capabilities, deps_type=SimpleNamespace
        )
        return lambda session: agent.run(ASKED, deps=_context(session))

    return turn(), turn(ForewordCapability(personalization))


def _agent_framework(personalization: Personalization) -> tuple[Turn, Turn]:
    from agent_framework import Agent, BaseChatClient, ChatResponse, Message

    from foreword.integrations.agent_framework import ForewordContextProvider

    class Answering(BaseChatClient):
        async def _answer(self) -> ChatResponse:
            return ChatResponse(messages=[Message(role="assistant", contents=["Yes."])])

        def _inner_get_response(self, **_: Any) -> Any:
            return self._answer()

    def turn(*providers: Any) -> Turn:
        agent: Any = Agent(Answering(), STATIC, context_providers=providers)

        def ask(session: str) -> Awaitable[Any]:
            made = agent.create_session(session_id=session)
            made.state["user_id"] = "ada"
            answer: Awaitable[Any] = agent.run(ASKED, session=made)
            return answer

        return ask

    return turn(), turn(ForewordContextProvider(personalization))


def _llama_index(personalization: Personalization) -> tuple[Turn, Turn]:
    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.chat_engine import SimpleChatEngine
    from llama_index.core.llms.mock import MockLLM
    from llama_index.core.memory import ChatMemoryBuffer

    from foreword.integrations.llama_index import ForewordMemory

    static = [ChatMessage(role="system", content=STATIC)]

    def turn(wrap: Callable[[Any, str], Any]) -> Turn:
        def ask(session: str) -> Awaitable[Any]:
            memory = wrap(ChatMemoryBuffer.from_defaults(token_limit=3000), session)
            answer: Awaitable[Any] = SimpleChatEngine(MockLLM(), memory, static).achat(ASKED)
            return answer

        return ask

    return (
        turn(lambda memory, _: memory),
        turn(lambda memory, session: ForewordMemory.of(User("ada", None, session), memory, personalization)),
    )


def _claude_agent_sdk(personalization: Personalization) -> tuple[Turn, Turn]:
    from foreword.integrations.claude_agent_sdk import ForewordHooks

    hooks = ForewordHooks(personalization).hooks(User("ada"))
    (prompted,) = hooks["UserPromptSubmit"][0].hooks
    given = {"hook_event_name": "UserPromptSubmit", "prompt": ASKED}

    def ask(session: str) -> Awaitable[Any]:
        sent: Any = {**given, "session_id": session}
        return prompted(sent, None, {"signal": None})

    return _nothing, ask


def _litellm(personalization: Personalization) -> tuple[Turn, Turn]:
    from litellm.caching.dual_cache import DualCache
    from litellm.proxy._types import UserAPIKeyAuth

    from foreword.integrations.litellm import ForewordProxyHook

    hook, key, cache = ForewordProxyHook(personalization), UserAPIKeyAuth(end_user_id="ada"), DualCache()
    messages = [{"role": "system", "content": STATIC}, {"role": "user", "content": ASKED}]

    def ask(session: str) -> Awaitable[Any]:
        data = {"messages": messages, "litellm_session_id": session}
        return hook.async_pre_call_hook(key, cache, data, "acompletion")

    return _nothing, ask


async def _nothing(_: str) -> None:
    return None


@contextlib.contextmanager
def _sidecar() -> Iterator[tuple[str, Path]]:
    """Run a sidecar that knows a user, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="fw-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        target = f"127.0.0.1:{probe.getsockname()[1]}"
        probe.close()
        _write_foreword(Path(folder))
        settings = {"FOREWORD_STORE__DIRECTORY": folder, "FOREWORD_SIDECAR__LISTEN": f'["{target}"]'}
        sidecar = subprocess.Popen([sys.executable, "-m", "foreword", "sidecar"], env=os.environ | settings)
        try:
            with Foreword(target) as client:
                deadline = time.monotonic() + START_SECONDS
                while not client.text("ada"):
                    if time.monotonic() > deadline or sidecar.poll() is not None:
                        raise ForewordError("the sidecar did not start")
                    time.sleep(0.05)
            yield target, Path(folder)
        finally:
            sidecar.terminate()
            sidecar.wait(30)


def _write_foreword(folder: Path) -> None:
    from foreword import keys
    from foreword.store import ProfileWriter
    from foreword.v1.profile_pb2 import Foreword as Text
    from foreword.v1.profile_pb2 import ForewordCut, Profile

    text = "About this user\nKeeps a shop; wants short answers."
    foreword = Text(
        text=text, token_count=12, tokenizer="t", cuts=[ForewordCut(byte_end=len(text), token_count=12)]
    )
    writer = ProfileWriter(folder, map_size_bytes=1 << 28)
    now_ms = int(time.time() * 1000)
    with writer.begin() as transaction:
        transaction.put_profile(
            keys.user_key("ada"),
            Profile(user_id="ada", segment="SEGMENT_NEW", foreword=foreword),
            foreword,
            computed_at_ms=now_ms,
            stale_after_ms=now_ms + 86_400_000,
            expired_after_ms=now_ms + 2 * 86_400_000,
            refresh_on_open=False,
        )
    writer.close()
