"""What an agent's tools did is recorded as it happened, whoever runs the loop; nobody's run is left alone."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest
from integrations.beside import TEXT, Daemon

from foreword.integrations import Personalization, User, block_of

STATIC = "You help the customers of a shop."
ASKED = "How do I export invoices?"
BLOCK = block_of(TEXT)


def needs(package: str) -> pytest.MarkDecorator:
    """Skip a test by the name of the framework that is missing, before a sidecar is started for it."""
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed")


@pytest.fixture
def personalization(daemon: Daemon) -> Iterator[Personalization]:
    """Return one beside a sidecar that knows `example-ada`."""
    made = Personalization(daemon.target)
    yield made
    made.close()


def recorded(daemon: Daemon, personalization: Personalization) -> list[tuple[str, str, str]]:
    """Return type, text or tool, and outcome of what was recorded, in order."""
    assert personalization.flush(30)
    events = daemon.events("example-ada")
    return [
        (event.type, event.text or event.attributes["tool"], event.attributes["outcome"] or "-")
        for event in events
    ]


EXPECTED = [
    ("agent.request", ASKED, "-"),
    ("agent.tool_call", "export", "ok"),
    ("agent.tool_call", "broken", "error"),
]


def export() -> str:
    """Export the invoices."""
    return "done"


def broken() -> str:
    """Fail."""
    raise TimeoutError("too late")


@pytest.mark.parametrize("is_async", [False, True])
@needs("langchain")
def test_langchain(daemon: Daemon, personalization: Personalization, is_async: bool) -> None:
    """A tool that raises ends the run as it would, and is recorded as failed; sync and async alike."""
    from langchain.agents import create_agent
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    from foreword.integrations.langchain import ForewordMiddleware

    class Model(GenericFakeChatModel):
        prompts: list[Any] = []  # noqa: RUF012 - pydantic copies it

        def bind_tools(self, *_: Any, **__: Any) -> Any:
            return self

        def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
            self.prompts.append(messages)
            return super()._generate(messages, *args, **kwargs)

    def call(name: str) -> AIMessage:
        return AIMessage("", tool_calls=[{"name": name, "args": {}, "id": name}])

    def run(context: Any) -> Model:
        model = Model(messages=iter([call("export"), call("broken")]))
        agent: Any = create_agent(
            model,
            [export, broken],
            system_prompt=STATIC,
            middleware=[ForewordMiddleware(personalization, cache_control={"type": "ephemeral"})],
            context_schema=SimpleNamespace,
        )
        asked = {"messages": [{"role": "user", "content": ASKED}]}
        with pytest.raises(TimeoutError):
            asyncio.run(agent.ainvoke(asked, context=context)) if is_async else agent.invoke(
                asked, context=context
            )
        return model

    told = run(SimpleNamespace(user_id="example-ada"))
    marked = {"type": "text", "text": BLOCK, "cache_control": {"type": "ephemeral"}}
    assert told.prompts[0][0].content == [{"type": "text", "text": STATIC}, marked]
    assert told.prompts[1][0] == told.prompts[0][0]
    assert recorded(daemon, personalization) == EXPECTED
    assert run(None).prompts[0][0].content == STATIC
    assert recorded(daemon, personalization) == EXPECTED


@needs("langchain")
def test_langchain_retry(daemon: Daemon, personalization: Personalization) -> None:
    """A call of the model that a middleware makes anew is told the foreword again, and its question is recorded once;
    the next run with the same words is another.
    """
    from langchain.agents import create_agent
    from langchain.agents.middleware import ModelRetryMiddleware
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel

    from foreword.integrations.langchain import ForewordMiddleware

    prompts: list[Any] = []

    class Failing(GenericFakeChatModel):
        def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
            prompts.append(messages)
            if len(prompts) == 1:
                raise TimeoutError("too late")
            return super()._generate(messages, *args, **kwargs)

    agent: Any = create_agent(
        Failing(messages=iter(["Yes.", "No."])),
        system_prompt=STATIC,
        middleware=[ModelRetryMiddleware(initial_delay=0.0), ForewordMiddleware(personalization)],
        context_schema=SimpleNamespace,
    )
    asked = {"messages": [{"role": "user", "content": ASKED}]}
    agent.invoke(asked, context=SimpleNamespace(user_id="example-ada"))
    assert [prompt[0].content[-1]["text"] for prompt in prompts] == [BLOCK, BLOCK]
    assert recorded(daemon, personalization) == EXPECTED[:1]
    agent.invoke(asked, context=SimpleNamespace(user_id="example-ada"))
    assert recorded(daemon, personalization) == EXPECTED[:1] * 2


@pytest.mark.parametrize("thread", [1, uuid.UUID(int=1)])
@needs("langchain")
def test_langchain_thread(daemon: Daemon, personalization: Personalization, thread: object) -> None:
    """A thread is what an application calls it: a number or a UUID names the conversation by its text."""
    from langchain.agents import create_agent
    from langchain_core.language_models.fake_chat_models import FakeListChatModel
    from langgraph.checkpoint.memory import InMemorySaver

    from foreword.integrations.langchain import ForewordMiddleware

    agent: Any = create_agent(
        FakeListChatModel(responses=["Yes."]),
        middleware=[ForewordMiddleware(personalization)],
        checkpointer=InMemorySaver(),
    )
    asked = {"messages": [{"role": "user", "content": ASKED}]}
    agent.invoke(asked, {"configurable": {"thread_id": thread}}, context=User("example-ada"))
    assert personalization.flush(30)
    assert [event.session_id for event in daemon.events("example-ada")] == [str(thread)]


@needs("agents")
def test_openai_agents(daemon: Daemon, personalization: Personalization) -> None:
    """The SDK hands a tool's failure to the model as words, so that no outcome is recorded; what an agent called as a
    tool is asked is no request.
    """
    from agents import Agent, Runner, function_tool
    from agents.testing import ScriptedModel, assistant_message, function_call

    from foreword.integrations.openai_agents import ForewordHooks

    hooks = ForewordHooks(personalization)

    def run(context: Any) -> ScriptedModel:
        inner = Agent[Any](name="nested", model=ScriptedModel([[assistant_message("Yes.")]]))
        calls = [
            [function_call("export", {}, call_id="1")],
            [function_call("broken", {}, call_id="2")],
            [function_call("ask_nested", {"input": "said by a model"}, call_id="3")],
        ]
        model = ScriptedModel([*calls, [assistant_message("Done.")]])
        tools = [function_tool(export), function_tool(broken), inner.as_tool("ask_nested", "Asks another.")]
        agent = Agent[Any](name="a", instructions=STATIC, model=model, tools=tools)
        config = hooks.run_config(tracing_disabled=True)
        Runner.run_sync(agent, ASKED, context=context, hooks=hooks, run_config=config)
        return model

    told = run({"user_id": "example-ada"})
    assert [call.system_instructions for call in told.calls] == [f"{STATIC}\n\n{BLOCK}"] * 4
    expected = [EXPECTED[0], *(("agent.tool_call", tool, "-") for tool in ("export", "broken", "ask_nested"))]
    assert recorded(daemon, personalization) == expected
    assert run(None).calls[0].system_instructions == STATIC
    assert recorded(daemon, personalization) == expected


@needs("pydantic_ai")
def test_pydantic_ai(daemon: Daemon, personalization: Personalization) -> None:
    """A tool that raises ends the run as it would, and is recorded as failed."""
    from pydantic_ai import Agent
    from pydantic_ai.messages import ModelResponse, ToolCallPart
    from pydantic_ai.models.function import AgentInfo, FunctionModel

    from foreword.integrations.pydantic_ai import ForewordCapability

    def run(deps: Any) -> list[str]:
        told: list[str] = []

        def answer(messages: Any, info: AgentInfo) -> ModelResponse:
            told.append(info.instructions or "")
            return ModelResponse([ToolCallPart("export" if len(messages) == 1 else "broken", {})])

        agent: Any = Agent(
            FunctionModel(answer),
            instructions=STATIC,
            tools=[export, broken],
            capabilities=[ForewordCapability(personalization)],
        )
        with pytest.raises(TimeoutError):
            agent.run_sync(ASKED, deps=deps)
        return told

    assert run(SimpleNamespace(user_id="example-ada")) == [f"{STATIC}\n\n{BLOCK}"] * 2
    assert recorded(daemon, personalization) == EXPECTED
    assert run(None) == [STATIC] * 2
    assert recorded(daemon, personalization) == EXPECTED


@needs("claude_agent_sdk")
def test_claude_agent_sdk(daemon: Daemon, personalization: Personalization) -> None:
    """A session is told once, and anew after a compaction; its tools and their failures are recorded."""
    from foreword.integrations.claude_agent_sdk import ForewordHooks

    hooks = ForewordHooks(personalization).hooks(User("example-ada"))

    def fire(event: Any, **given: Any) -> Any:
        (hook,) = hooks[event][0].hooks
        sent: Any = {"hook_event_name": event, "session_id": "monday", **given}
        return asyncio.run(hook(sent, None, {"signal": None}))  # type: ignore[arg-type]

    told = fire("UserPromptSubmit", prompt=ASKED)
    assert told["hookSpecificOutput"] == {"hookEventName": "UserPromptSubmit", "additionalContext": BLOCK}
    assert fire("PostToolUse", tool_name="export") == {}
    assert fire("PostToolUseFailure", tool_name="broken", error="no") == {}
    assert recorded(daemon, personalization) == EXPECTED
    assert fire("Stop", last_assistant_message="A long answer.") == {}
    assert fire("UserPromptSubmit", prompt="Shorter, please") == {}
    assert fire("PreCompact") == {}
    assert fire("UserPromptSubmit", prompt="And now?") == told
    corrected = ("agent.follow_up", "Shorter, please", "-")
    assert recorded(daemon, personalization)[3:] == [corrected, ("agent.request", "And now?", "-")]


@needs("claude_agent_sdk")
def test_claude_agent_sdk_sessions(personalization: Personalization) -> None:
    """Users whose application calls their sessions alike are each told, and anew after a compaction."""
    from foreword.integrations.claude_agent_sdk import ForewordHooks

    made = ForewordHooks(personalization)

    def fire(user_id: str, event: Any, session_id: str) -> Any:
        (hook,) = made.hooks(User(user_id, session_id="monday"))[event][0].hooks
        sent: Any = {"hook_event_name": event, "session_id": session_id, "prompt": ASKED}
        return asyncio.run(hook(sent, None, {"signal": None}))  # type: ignore[arg-type]

    def told(user_id: str, session_id: str) -> bool:
        return bool(fire(user_id, "UserPromptSubmit", session_id))

    assert told("example-ada", "one")
    assert not told("example-ada", "one")
    assert not told("stranger", "two")
    assert told("example-ada", "three")
    fire("example-ada", "PreCompact", "one")
    assert told("example-ada", "one")


@needs("llama_index")
def test_llama_index(daemon: Daemon, personalization: Personalization) -> None:
    """The foreword stands before any memory's history and never in it; tools that an agent puts there are recorded."""
    from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
    from llama_index.core.memory import ChatMemoryBuffer

    from foreword.integrations.llama_index import ForewordMemory

    buffer = ChatMemoryBuffer.from_defaults(token_limit=3000)
    memory = ForewordMemory.of(User("example-ada"), buffer, personalization)
    memory.put(ChatMessage(role="user", content=ASKED))
    memory.put_messages([ChatMessage(role="assistant", blocks=[ToolCallBlock(tool_name="export")])])
    asyncio.run(memory.aput(ChatMessage(role="assistant", content="A long answer.")))
    asyncio.run(memory.aput(ChatMessage(role="user", content="Shorter, please")))
    for history in (memory.get(), asyncio.run(memory.aget())):
        assert [message.content for message in history[:2]] == [BLOCK, ASKED]
    assert memory.get_all() == buffer.get_all()
    assert len(memory.get_all()) == 4
    corrected = ("agent.follow_up", "Shorter, please", "-")
    expected = [EXPECTED[0], ("agent.tool_call", "export", "-"), corrected]
    assert recorded(daemon, personalization) == expected
    # Of a history that is kept elsewhere, as an application does that answers requests.
    remade = ForewordMemory.of(User("example-ada"), buffer, personalization)
    remade.put(ChatMessage(role="assistant", content="Short."))
    for put in (
        lambda made: made.put(ChatMessage(role="user", content="More detail, please")),
        lambda made: asyncio.run(made.aput(ChatMessage(role="user", content="More detail, please"))),
        lambda made: asyncio.run(
            made.aput_messages([ChatMessage(role="user", content="More detail, please")])
        ),
    ):
        put(ForewordMemory.of(User("example-ada"), buffer, personalization))
    remade.reset()
    remade.put(ChatMessage(role="user", content="More detail, please"))
    details = [(kind, "More detail, please", "-") for kind in ("agent.follow_up", "agent.request")]
    assert recorded(daemon, personalization) == [*expected, *[details[0]] * 3, details[1]]


@needs("agent_framework")
def test_agent_framework(daemon: Daemon, personalization: Personalization) -> None:
    """Calls and failures of tools are read from the response; the next turn knows the answer that it corrects."""
    from agent_framework import Agent, BaseChatClient, ChatResponse, Content, FunctionInvocationLayer, Message

    from foreword.integrations.agent_framework import ForewordContextProvider

    class Client(FunctionInvocationLayer, BaseChatClient):  # type: ignore[misc]
        def __init__(self, *answers: list[Any]) -> None:
            super().__init__()
            self.answers = list(answers)
            self.told: list[Any] = []

        def _inner_get_response(self, *, messages: Any, options: Any, **_: Any) -> Any:
            self.told.append(options.get("instructions"))
            return self._answer()

        async def _answer(self) -> ChatResponse:
            return ChatResponse(messages=[Message(role="assistant", contents=self.answers.pop(0))])

    def call(name: str) -> list[Any]:
        return [Content.from_function_call(call_id=name, name=name, arguments={})]

    client = Client(call("export"), call("broken"), ["A long answer."], ["Short."], ["Yes."])
    agent: Any = Agent(
        client, STATIC, tools=[export, broken], context_providers=[ForewordContextProvider(personalization)]
    )

    async def talk() -> None:
        session = agent.create_session()
        session.state["user_id"] = "example-ada"
        await agent.run(ASKED, session=session)
        await agent.run("Shorter, please", session=session)
        await agent.run(ASKED)

    asyncio.run(talk())
    assert client.told == [f"{STATIC}\n{BLOCK}"] * 4 + [STATIC]
    assert recorded(daemon, personalization) == [*EXPECTED, ("agent.follow_up", "Shorter, please", "-")]


@needs("litellm")
def test_litellm(daemon: Daemon, personalization: Personalization, monkeypatch: pytest.MonkeyPatch) -> None:
    """The results of tools that come with a request are recorded once, on both wires; what failed where the wire says
    so, and nothing of a request that makes no sense.
    """
    # Else an import of LiteLLM asks another machine for prices.
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    from litellm.caching.dual_cache import DualCache
    from litellm.proxy._types import UserAPIKeyAuth

    from foreword.integrations.litellm import ForewordProxyHook

    hook, key = ForewordProxyHook(personalization), UserAPIKeyAuth(end_user_id="example-ada")

    def ask(call_type: Any, *messages: Any) -> None:
        asyncio.run(hook.async_pre_call_hook(key, DualCache(), {"messages": list(messages)}, call_type))

    asked = {"role": "user", "content": ASKED}
    calls = [{"id": "1", "type": "function", "function": {"name": "export", "arguments": "{}"}}]
    called = {"role": "assistant", "content": None, "tool_calls": calls}
    result = {"role": "tool", "tool_call_id": "1", "content": "done"}
    ask("acompletion", asked)
    ask("acompletion", asked, called, result)
    ask(
        "acompletion",
        asked,
        called,
        result,
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "Next"},
    )
    uses = [{"type": "tool_use", "id": name, "name": name, "input": {}} for name in ("export", "broken")]
    results = [
        {"type": "tool_result", "tool_use_id": "export", "content": "done"},
        {"type": "tool_result", "tool_use_id": "broken", "content": "no", "is_error": True},
    ]
    ask(
        "anthropic_messages",
        asked,
        {"role": "assistant", "content": uses},
        {"role": "user", "content": results},
    )
    for wrong in (None, 7, {}, [None, {"function": 7}, {"id": {}, "function": {"name": []}}]):
        ask("acompletion", asked, called | {"tool_calls": wrong}, result | {"tool_call_id": wrong})
    expected = [
        EXPECTED[0],
        ("agent.tool_call", "export", "-"),
        ("agent.request", "Next", "-"),
        *EXPECTED[1:],
    ]
    assert recorded(daemon, personalization) == expected
