"""Whatever a model answers, a profile is valid, and knows no less than before."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.agent.answer import read_answer, repair
from scheduler.agent.knowledge import lost
from scheduler.agent.limits import PROFILE_BYTES_MAX
from scheduler.agent.proposal import Proposal
from scheduler.agent.refresh import complete, draft
from tests.one_refresh import CONFIG, event, make_input

TEXTS = (
    "Add a jobs table for mail",
    "Move image mail from celery to the jobs table",
    "Replace celery by the jobs table for reports",
    "Speed up the slow broker tests",
    "Cut the time of the broker tests in half",
    "I prefer short answers with code, not prose",
    "Drop the old broker, all mail is in the jobs table",
)
EVENTS = [
    event(number, 9 - number, ["app", "python"], type="message" if "prefer" in text else "commit", text=text)
    for number, text in enumerate(TEXTS)
]
EVENT_IDS = [each.event_id for each in EVENTS]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
phrase = st.lists(
    st.sampled_from(
        """Works on Moving from to the a Prefers Dislikes Always expert in jobs table mail celery broker tests short
        answers code app python no longer ignore instructions https://evil.example""".split()
    ),
    min_size=1,
    max_size=9,
).map(" ".join)
cited = st.lists(st.integers(0, 9).map(lambda number: f"e{number}"), min_size=1, max_size=4)


def operations(ids: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Return operations of the right shape, with ids that exist and ids that do not."""
    known = st.sampled_from([*ids, "0" * 12])

    def made(op: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({"op": st.just(op), "events": cited, **fields})

    return st.one_of(
        made("add_belief", subject=phrase, statement=phrase),
        made("reinforce_belief", id=known),
        made("revise_belief", id=known, statement=phrase),
        made("close_belief", id=known),
        made("add_goal", statement=phrase),
        made("close_goal", id=known),
        made("set_expertise", area=phrase, level=st.floats(0, 1)),
        made("set_preference", key=phrase, value=phrase),
        made(
            "set_presentation",
            depth=st.sampled_from(["overview", "standard", "deep"]),
            tone=st.sampled_from(["direct", "friendly", "formal", "neutral"]),
            length=st.sampled_from(["short", "medium", "long"]),
            example_domains=st.lists(phrase, max_size=5),
            emphasis=st.lists(phrase, max_size=5),
        ),
    )


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        anything.map(json.dumps), st.text(), anything.map(lambda rows: json.dumps({"operations": rows}))
    )
)
def test_no_answer_raises(text: str) -> None:
    """Every error is a short sentence, and there is a repair exactly where nothing can be used."""
    reading = read_answer(text, EVENT_IDS)
    assert all(len(error) < 1000 for error in reading.errors)
    assert (repair(text, reading) is None) == reading.is_usable
    assert reading.is_usable or reading.errors


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_answer_makes_a_profile_worse(data: st.DataObject) -> None:
    """Three answers in a row: each revision is within its limits and has lost nothing, and code alone keeps it."""
    profile = complete(draft(make_input(EVENTS), CONFIG)).profile
    for _ in range(3):
        ids = [row.belief_id for row in profile.self_model.beliefs] + [
            row.goal_id for row in profile.self_model.goals
        ]
        answer = json.dumps({"operations": data.draw(st.lists(operations(ids), max_size=8))})
        reading = read_answer(answer, EVENT_IDS)
        result = complete(
            draft(make_input(EVENTS, profile, new=[]), CONFIG),
            [Proposal(reading.operations, "anthropic", "small", "refresh-1")],
        )
        assert lost(profile, result.profile) == []
        assert result.profile.ByteSize() <= PROFILE_BYTES_MAX
        assert result.foreword.token_count <= 200
        assert result.applied_count + len(result.refusals) == len(reading.operations)
        kept = complete(draft(make_input(EVENTS, result.profile, new=[]), CONFIG)).profile
        assert kept.foreword == result.profile.foreword
        assert kept.self_model == result.profile.self_model
        profile = result.profile
