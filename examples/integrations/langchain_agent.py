"""LangChain: an agent that knows its user.

Needs `foreword up`, and ANTHROPIC_API_KEY: your own, or any word and `foreword dev model-server` as the model, with
ANTHROPIC_BASE_URL=http://127.0.0.1:7465.
"""

from dataclasses import dataclass

from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langgraph.checkpoint.memory import InMemorySaver

from foreword.integrations.langchain import ForewordMiddleware


@dataclass
class Context:
    """What the application knows of a run: the user who is logged in."""

    user_id: str


agent = create_agent(
    ChatAnthropic(model="claude-haiku-4-5", max_tokens=500),
    system_prompt="You help the customers of a shop. Answer in one sentence.",
    middleware=[ForewordMiddleware("127.0.0.1:7464")],
    context_schema=Context,
    checkpointer=InMemorySaver(),
)
for question in ("How do I export invoices?", "And as a spreadsheet?"):
    answer = agent.invoke(
        {"messages": [{"role": "user", "content": question}]},
        {"configurable": {"thread_id": "monday"}},
        context=Context(user_id="example-ada"),
    )
    print(answer["messages"][-1].text)
