"""Events as what is learned from: feedback is an example, a called tool is a choice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.admission import admit
from foreword.v1.event_pb2 import Event, Feedback
from ranking.choices import choices
from ranking.example import Action, Context
from ranking.log import FEEDBACK_TYPE, counted_text, examples, feedback_event
from ranking.requests import ACTION_ATTRIBUTES_MAX, CONTEXT_ATTRIBUTES_MAX

NOW_MS = 1_760_000_000_000


def event(kind: str, second: int = 0, attributes: dict[str, str] | None = None, **more: Any) -> Event:
    made = Event(event_id=f"e{second}", user_id="ann", type=kind, attributes=attributes or {}, **more)
    made.time.FromMilliseconds(NOW_MS + 1000 * second)
    return made


# -- examples ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reward"),
    [
        (event("like", item_id="a", feedback=Feedback.FEEDBACK_LIKE), 1.0),
        (event("x", item_id="a", feedback=Feedback.FEEDBACK_ACCEPT), 1.0),
        (event("x", item_id="a", feedback=Feedback.FEEDBACK_DISLIKE), 0.0),
        (event("x", item_id="a", feedback=Feedback.FEEDBACK_REJECT), 0.0),
        (event("x", item_id="a", feedback=Feedback.FEEDBACK_CORRECTION), 0.0),
        (event(FEEDBACK_TYPE, item_id="a", value=0.25), 0.25),
        (event(FEEDBACK_TYPE, item_id="a", value=0.25, feedback=Feedback.FEEDBACK_LIKE), 0.25),
        (event("agent.suggestion", feedback=Feedback.FEEDBACK_REJECT), 0.0),
        (event("rate", item_id="a", value=0.25), None),
        (event("view", item_id="a"), None),
        (event("like", feedback=Feedback.FEEDBACK_LIKE), None),
        (event("agent.tool_call", item_id="tool:a"), None),
        (event("agent.outcome", value=1.0, feedback=Feedback.FEEDBACK_ACCEPT), None),
    ],
)
def test_what_was_said_of_an_action_is_an_example(said: Event, reward: float | None) -> None:
    """A yes is 1, a no or a correction 0, and a reward of the ranking's own is itself; all else teaches nothing."""
    found = list(examples([said]))
    assert [example.reward for example in found] == ([] if reward is None else [reward])
    assert all(example.action.id == said.item_id or said.type == "agent.suggestion" for example in found)


def test_attributes_are_the_actions_or_the_moments() -> None:
    """What begins with `action.` is the action's; what only the outcome told is neither's."""
    said = event(
        "offer",
        item_id="a",
        feedback=Feedback.FEEDBACK_ACCEPT,
        topics=["tests"],
        text="fix it",
        session_id="s",
        attributes={"action.length": "short", "domain": "code", "outcome": "ok", "error_type": "x"},
    )
    (example,) = examples([said])
    assert example.action == Action("a", ("tests",), {"length": "short"})
    assert example.context == Context(NOW_MS, {"domain": "code"}, "fix it", session_id="s")


def test_a_corrections_text_is_not_what_was_asked() -> None:
    """What shall be otherwise is no part of the moment."""
    said = feedback_event(
        Context(NOW_MS, text="fix it"), Action("a"), Feedback.FEEDBACK_CORRECTION, text="shorter"
    )
    (example,) = examples([said])
    assert (said.text, example.context.text) == ("shorter", "")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
SHORT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=14)
VALUE = st.text(st.characters(exclude_categories=["Cs"]), max_size=64)
ACTIONS = st.builds(
    Action,
    id=SHORT,
    topics=st.lists(SHORT, max_size=32).map(tuple),
    attributes=st.dictionaries(SHORT, VALUE, max_size=ACTION_ATTRIBUTES_MAX),
    text=TEXT.map(counted_text),
    vector=st.lists(st.floats(-8, 8, width=32), max_size=4).map(tuple),
)
CONTEXTS = st.builds(
    Context,
    time_ms=st.integers(0, NOW_MS),
    attributes=st.dictionaries(
        SHORT.filter(lambda key: not key.startswith("action")), VALUE, max_size=CONTEXT_ATTRIBUTES_MAX
    ),
    text=TEXT,
    session_id=SHORT,
)


@given(CONTEXTS, ACTIONS, st.sampled_from([0.0, 0.3, 1.0, None]), st.sampled_from(["", "d" * 26]))
def test_feedback_comes_back_out_of_its_event(
    context: Context, action: Action, reward: float | None, decision_id: str
) -> None:
    """An event made of a moment and an action with all that they may have is admitted, and gives both back."""
    said = feedback_event(context, action, Feedback.FEEDBACK_LIKE, reward=reward, decision_id=decision_id)
    said.user_id, said.event_id = "ann", "e"
    said.time.FromMilliseconds(context.time_ms)
    assert not admit([said], NOW_MS).refused
    (example,) = examples([Event.FromString(said.SerializeToString())])
    assert (example.user, example.context, example.action) == ("ann", context, action)
    assert example.reward == (1.0 if reward is None else reward)


# -- choices ----------------------------------------------------------------------------------------------


def called(second: int, tool: str, session: str = "s", **more: str) -> Event:
    attributes = {"tool": tool, "position": "7", "domain": "air", **more}
    return event(
        "agent.tool_call", second, attributes, item_id=f"tool:{tool}", session_id=session, topics=["air"]
    )


def test_a_called_tool_is_a_choice_in_the_moment_before_it() -> None:
    """A choice knows what was asked and how the call before went, and nothing that its own call told."""
    found = list(
        choices(
            [
                event("agent.request", 0, text="book", session_id="s"),
                called(1, "search", outcome="error", error_type="timeout"),
                called(2, "book", outcome="ok"),
                called(3, "think", outcome="ok"),
            ]
        )
    )
    assert [choice.chosen.id for choice in found] == ["tool:search", "tool:book", "tool:think"]
    assert [dict(choice.context.attributes) for choice in found] == [
        {"domain": "air", "position": "1"},
        {
            "domain": "air",
            "position": "2",
            "tool": "search",
            "previous_outcome": "error",
            "error_type": "timeout",
        },
        {"domain": "air", "position": "3", "tool": "book", "previous_outcome": "ok"},
    ]
    assert {choice.context.text for choice in found} == {"book"}
    assert (found[0].user, found[0].chosen.topics) == ("ann", ("air",))
    assert found[1].context.time_ms == NOW_MS + 2000


def test_sessions_side_by_side_know_nothing_of_each_other() -> None:
    """What was called in one session is not what came before in another."""
    found = list(choices([called(0, "a"), called(1, "b", session="t"), called(2, "c")]))
    assert [choice.context.attributes.get("tool") for choice in found] == [None, None, "a"]


def test_a_long_run_has_one_late_place() -> None:
    """Places from the tenth on are one, since nothing is learned of each; what is no call of a tool is no choice."""
    found = list(
        choices([*(called(second, "a") for second in range(12)), event("agent.tool_call"), event("view")])
    )
    assert [choice.context.attributes["position"] for choice in found] == [
        *map(str, range(1, 11)),
        "10",
        "10",
    ]


def test_no_tool_call_is_an_example() -> None:
    """A call of a tool teaches only beside others that might have been called, so that it is none itself."""
    assert list(examples([called(0, "a", outcome="error")])) == []
