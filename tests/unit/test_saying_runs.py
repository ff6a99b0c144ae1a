"""What a foreword says of how the runs of the user's AI agent end."""

from __future__ import annotations

import pytest

from foreword.v1 import event_pb2
from tests.one_refresh import event, run


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"value": 1.0}, {"value": 0.0}),
        ({"attributes": {"outcome": "success"}}, {"attributes": {"outcome": "failure"}}),
        ({"feedback": event_pb2.FEEDBACK_LIKE}, {"feedback": event_pb2.FEEDBACK_DISLIKE}),
    ],
)
def test_how_its_runs_ended_is_said(good: dict[str, object], bad: dict[str, object]) -> None:
    """By a reward, a word for it, or what the user thought of it; of two runs nothing is said."""
    calls = [event(number, 1, ["airline"], type="agent.tool_call") for number in range(8)]
    ends = [event(50 + n, 1, type="agent.outcome", **(good if n < 2 else bad)) for n in range(6)]

    def said(ends: list[event_pb2.Event]) -> list[str]:
        return [line for line in run([*calls, *ends]).foreword.text.splitlines() if "runs" in line]

    assert said(ends) == ["2 of the agent's last 6 runs succeeded."]
    assert said(ends[2:]) == ["None of the agent's last 4 runs succeeded."]
    assert said(ends[:2]) == []
