"""Each framework's example, run as a user would run it: real package, real sidecar, a model's provider over HTTP."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from integrations.beside import EXAMPLES, TEXT, Daemon, run_example
from integrations.prompts import flat, parts_of

from foreword.integrations import block_of

if TYPE_CHECKING:
    from model_servers import RunningModelServer

STATIC = "You help the customers of a shop. Answer in one sentence."
QUESTIONS = ["How do I export invoices?", "And as a spreadsheet?"]
BLOCK = block_of(TEXT)
# The example, the framework it needs, and whether the foreword stands with the system prompt or in the first turn.
FRAMEWORKS = [
    pytest.param(
        name,
        where,
        marks=pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed"),
    )
    for name, package, where in [
        ("langchain_agent", "langchain", "system"),
        ("pydantic_agent", "pydantic_ai", "system"),
        ("openai_agent", "agents", "system"),
        ("microsoft_agent", "agent_framework", "system"),
        ("llama_index_agent", "llama_index", "system"),
        ("claude_agent", "claude_agent_sdk", "user"),
    ]
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "where"), FRAMEWORKS)
def test_example(name: str, where: str, daemon: Daemon, model_server: RunningModelServer) -> None:
    """The model is told the foreword once, behind the static prompt and before the conversation; a second turn adds to
    the first and changes no byte of it; what the user asked is in the store; with the sidecar killed the same example
    answers the same in about the same time, and is told nothing.
    """
    example = EXAMPLES / f"integrations/{name}.py"
    up = run_example(example, daemon.port, model_server)
    # The Claude Agent SDK asks for a title beside.
    first, second = (body for body in up.requests if STATIC in flat(body))
    for body in (first, second):
        prompt = flat(body)
        assert prompt.count(BLOCK) == 1
        assert prompt.index(STATIC) < prompt.index(BLOCK)
        (role,) = [role for role, text in parts_of(body) if BLOCK in text]
        assert role == where
        if where == "system":
            assert prompt.index(BLOCK) < prompt.index(QUESTIONS[0])
    assert flat(second).startswith(flat(first))
    assert QUESTIONS[1] in flat(second)
    recorded = daemon.events("example-ada")
    assert [event.text for event in recorded if event.type == "agent.request"] == QUESTIONS
    assert len({event.session_id for event in recorded}) == 1

    daemon.kill()
    down = run_example(example, daemon.port, model_server)
    assert down.output == up.output
    assert [BLOCK in flat(body) for body in down.requests] == [False] * len(down.requests)
    # A third of a second of looking for it, and as much at the end, beside what a busy machine adds.
    assert down.seconds < up.seconds * 1.5 + 3
