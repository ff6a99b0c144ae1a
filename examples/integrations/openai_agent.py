"""OpenAI Agents SDK: an agent that knows its user.

Needs `foreword up`, and OPENAI_API_KEY: your own, or any word and `foreword dev model-server` as the model, with
OPENAI_BASE_URL=http://127.0.0.1:7465/v1.
"""

from dataclasses import dataclass

from agents import Agent, Runner, SQLiteSession, set_default_openai_api, set_tracing_disabled

from foreword.integrations.openai_agents import ForewordHooks


@dataclass
class Context:
    """What the application knows of a run: the user who is logged in, and the conversation."""

    user_id: str
    session_id: str


# Chat completions are what local servers speak; without these two lines it is OpenAI's own, with traces sent there.
set_default_openai_api("chat_completions")
set_tracing_disabled(True)

foreword = ForewordHooks("127.0.0.1:7464")
agent = Agent[Context](
    name="Support",
    instructions="You help the customers of a shop. Answer in one sentence.",
    model="gpt-5-mini",
)
session = SQLiteSession("monday")
for question in ("How do I export invoices?", "And as a spreadsheet?"):
    result = Runner.run_sync(
        agent,
        question,
        session=session,
        context=Context("example-ada", session.session_id),
        hooks=foreword,
        run_config=foreword.run_config(),
    )
    print(result.final_output)
