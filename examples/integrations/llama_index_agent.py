"""LlamaIndex: an agent that knows its user.

Needs `foreword up`, and OPENAI_API_KEY: your own, or any word and `foreword dev model-server` as the model, with
OPENAI_BASE_URL=http://127.0.0.1:7465/v1.
"""

import asyncio
import os

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.memory import Memory
from llama_index.llms.litellm import LiteLLM

from foreword.integrations import Personalization, User
from foreword.integrations.llama_index import ForewordMemory

# One for the process; a memory for each conversation.
foreword = Personalization("127.0.0.1:7464")
agent = FunctionAgent(
    llm=LiteLLM("openai/gpt-4.1-mini", api_base=os.environ.get("OPENAI_BASE_URL")),
    system_prompt="You help the customers of a shop. Answer in one sentence.",
    streaming=False,
)


async def main() -> None:
    """Hold a conversation with the user who is logged in."""
    user = User("example-ada", session_id="monday")
    memory = ForewordMemory.of(user, Memory.from_defaults(session_id="monday"), foreword)
    for question in ("How do I export invoices?", "And as a spreadsheet?"):
        print(await agent.run(question, memory=memory))


asyncio.run(main())
