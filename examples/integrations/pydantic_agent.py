"""Pydantic AI: an agent that knows its user.

Needs `foreword up`, and ANTHROPIC_API_KEY: your own, or any word and `foreword dev model-server` as the model, with
ANTHROPIC_BASE_URL=http://127.0.0.1:7465.
"""

from dataclasses import dataclass

from pydantic_ai import Agent
from pydantic_ai.capabilities import Caching

from foreword.integrations.pydantic_ai import ForewordCapability


@dataclass
class Deps:
    """What the application knows of a run: the user who is logged in."""

    user_id: str


agent = Agent(
    "anthropic:claude-haiku-4-5",
    deps_type=Deps,
    instructions="You help the customers of a shop. Answer in one sentence.",
    capabilities=[Caching(), ForewordCapability("127.0.0.1:7464")],
)
history = None
for question in ("How do I export invoices?", "And as a spreadsheet?"):
    result = agent.run_sync(question, deps=Deps("example-ada"), message_history=history)
    history = result.all_messages()
    print(result.output)
