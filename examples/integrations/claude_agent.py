"""Claude Agent SDK: an agent that knows its user.

Needs `foreword up`, and ANTHROPIC_API_KEY: your own, or any word and `foreword dev model-server` as the model, with
ANTHROPIC_BASE_URL=http://127.0.0.1:7465.
"""

import asyncio

from claude_agent_sdk import AssistantMessage, ClaudeAgentOptions, ClaudeSDKClient, TextBlock

from foreword.integrations import User
from foreword.integrations.claude_agent_sdk import ForewordHooks

foreword = ForewordHooks("127.0.0.1:7464")


async def main() -> None:
    """Hold a conversation with the user who is logged in."""
    options = ClaudeAgentOptions(
        model="claude-haiku-4-5",
        system_prompt="You help the customers of a shop. Answer in one sentence.",
        tools=[],
        setting_sources=[],
        hooks=foreword.hooks(User("example-ada")),
    )
    async with ClaudeSDKClient(options) as client:
        for question in ("How do I export invoices?", "And as a spreadsheet?"):
            await client.query(question)
            async for message in client.receive_response():
                if isinstance(message, AssistantMessage):
                    print(*(part.text for part in message.content if isinstance(part, TextBlock)))


asyncio.run(main())
