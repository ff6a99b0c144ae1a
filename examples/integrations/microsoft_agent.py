"""Agent Framework: an agent that knows its user.

Needs `foreword up`, and OPENAI_API_KEY: your own, or any word and `foreword dev model-server` as the model, with
OPENAI_BASE_URL=http://127.0.0.1:7465/v1.
"""

import asyncio

from agent_framework import Agent
from agent_framework.openai import OpenAIChatCompletionClient

from foreword.integrations.agent_framework import ForewordContextProvider

agent = Agent(
    OpenAIChatCompletionClient(model="gpt-5-mini"),
    "You help the customers of a shop. Answer in one sentence.",
    context_providers=[ForewordContextProvider("127.0.0.1:7464")],
)


async def main() -> None:
    """Hold a conversation with the user who is logged in."""
    session = agent.create_session(session_id="monday")
    session.state["user_id"] = "example-ada"
    for question in ("How do I export invoices?", "And as a spreadsheet?"):
        print(await agent.run(question, session=session))


asyncio.run(main())
