"""What a user's activity uses is said once."""

from __future__ import annotations

from one_refresh import event, run


def calls(topic: str) -> str:
    events = [
        event(number, 1, [topic], type="agent.tool_call", attributes={"tool": "search_flights"})
        for number in range(6)
    ]
    return run(events).foreword.text


def test_tools_are_said() -> None:
    """The tool that an agent uses most stands in the text."""
    assert 'The agent mostly uses "search_flights".' in calls("holidays")


def test_a_tool_that_was_said_as_a_topic_is_not_said_again() -> None:
    """Where the application names its topics after tools, one line says it."""
    assert "mostly uses" not in calls("search flights")
