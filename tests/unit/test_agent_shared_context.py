"""What a model is told of all users of a namespace: nobody in particular, and the same for hours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from one_refresh import CONFIG, NOW_MS, event, make_input

from foreword.clock import HOUR_MS
from foreword.config import Config, Words
from scheduler.agent.name_users import user_mark
from scheduler.agent.population import PopulationDelta, PopulationView
from scheduler.agent.prompt import build_prompt
from scheduler.agent.prompt.shared_context import shared_context
from scheduler.agent.refresh import draft

RULES = Words()


def population(users: int, topics: dict[str, int]) -> PopulationView:
    """Return a namespace of so many users, of whom so many carry each topic."""
    view = PopulationView(60.0)
    for number in range(users):
        carried = frozenset(topic for topic, count in topics.items() if number < count)
        view.fold(
            PopulationDelta(
                NOW_MS,
                dict.fromkeys(carried, (1.0, 0.0, 1)),
                total_weight=1.0,
                lengths={9: 1.0},
                user_count=1,
                names=carried,
                user_mark=user_mark(f"user {number}"),
            )
        )
    return view


def rows(text: str) -> list[dict[str, Any]]:
    assert text.startswith("<shared>\n")
    assert text.endswith("</shared>\n")
    return [json.loads(line) for line in text.splitlines()[1:-1]]


def test_it_says_what_many_users_share() -> None:
    """Users, the median length and topics with their shares, all rounded, the strongest first."""
    view = population(96, {"python": 81, "celery/worker": 30, "aardvark": 30})
    assert rows(shared_context(view, RULES, NOW_MS)) == [
        {"users": 100},
        {"median_length": 512},
        {"topic": "python", "share": 0.85},
        {"topic": "aardvark", "share": 0.3},
        {"topic": "celery/worker", "share": 0.3},
    ]


def test_no_topic_of_a_few_is_named() -> None:
    """What fewer users than `users_min` have is not said, however much one does of it; nor what is sensitive."""
    view = population(40, {"python": 30, "rare": 4, "depression": 30})
    view.fold(PopulationDelta(NOW_MS, {"rare": (500.0, 0.0, 500)}, total_weight=500.0))
    assert all(
        row.get("topic") not in ("rare", "depression") for row in rows(shared_context(view, RULES, NOW_MS))
    )
    assert shared_context(population(4, {"python": 4}), RULES, NOW_MS) == ""


def test_it_stays_the_same_for_hours() -> None:
    """A user more changes nothing within six hours; after them, or with twice as many users, it is made anew."""
    view = population(40, {"python": 30})
    first = shared_context(view, RULES, NOW_MS)
    for number in range(30):
        view.fold(
            PopulationDelta(
                NOW_MS,
                {"kombu": (9.0, 0.0, 9)},
                9.0,
                user_count=1,
                names=frozenset({"kombu"}),
                user_mark=number,
            )
        )
    assert shared_context(view, RULES, NOW_MS + 6 * HOUR_MS - 1) == first
    later = shared_context(view, RULES, NOW_MS + 6 * HOUR_MS)
    assert later != first
    for number in range(80):
        view.fold(PopulationDelta(NOW_MS, {}, 1.0, user_count=1, user_mark=1000 + number))
    assert shared_context(view, RULES, NOW_MS + 6 * HOUR_MS + 1) != later


def test_a_prompt_holds_it_before_the_user() -> None:
    """It is a part of its own, so that all before the user's part is the same for all users of the namespace."""
    made = make_input(
        [event(number, number, ["celery"]) for number in range(8)], population=population(40, {"python": 30})
    )
    findings = draft(made, CONFIG).findings
    assert findings is not None
    request = build_prompt(findings, made, config=CONFIG, model="m").request
    assert rows(request.shared)[-1] == {"topic": "python", "share": 0.75}
    assert "shared" not in request.prompt


@pytest.mark.parametrize(("provider", "counted"), [("extractive", False), ("anthropic", True)])
def test_users_are_counted_where_a_model_may_be_asked(provider: str, counted: bool) -> None:
    """Which topics many users have is known as soon as a model is configured, whatever the policy of words."""
    config = Config(agent={"provider": provider})  # type: ignore[arg-type]
    delta = draft(make_input([event(number, number, ["celery"]) for number in range(8)]), config).delta
    assert ("celery" in delta.names) == counted
