"""What somebody is trying to get done, from runs of acts with a beginning and no end."""

from __future__ import annotations

from one_refresh import event, run

from foreword.v1 import event_pb2, profile_pb2


def commit(number: int, days_ago: float, text: str) -> event_pb2.Event:
    """Return a commit."""
    return event(number, days_ago, ["app"], type="commit", text=text, attributes={"repo": "shop"})


BEFORE = [commit(number, 25 - number, f"Fix {word} crash") for number, word in enumerate("abcd")]
RUN = [
    commit(10 + number, 12 - 2 * number, f"Add jobs table for {word}")
    for number, word in enumerate(["login", "payment", "search", "export", "mail"])
]


def current(profile: profile_pb2.Profile) -> list[str]:
    """Return what is pursued."""
    return [goal.statement for goal in profile.self_model.goals if not goal.HasField("valid_to")]


def test_a_subject_that_began_and_goes_on_is_a_goal() -> None:
    """Five commits on five days about what no earlier one names; the text says so, once."""
    profile = run([*BEFORE, *RUN]).profile
    assert current(profile) == ['Working on "jobs table"']
    assert profile.foreword.text.count("jobs table") == 1
    (goal,) = profile.self_model.goals
    assert (goal.day_count, goal.evidence_count) == (5, 5)
    assert goal.source == profile_pb2.BELIEF_SOURCE_BEHAVIOURAL


def test_what_was_always_there_is_none() -> None:
    """Without acts before it nothing is seen to begin, and the repository's name says nothing."""
    assert not current(run(RUN).profile)
    named = [commit(30 + n, 12 - 2 * n, f"Make the shop {word}") for n, word in enumerate("abcde")]
    assert not current(run([*BEFORE, *named]).profile)


def test_a_goal_ends_when_something_else_takes_its_place() -> None:
    """Sixteen acts without a word of it end it; it stays readable, and a refresh without news changes nothing."""
    first = run([*BEFORE, *RUN]).profile
    assert run([*BEFORE, *RUN], previous=first, new=[]).profile.self_model == first.self_model
    others = [commit(100 + n, 3 - n / 8, f"Rename {chr(97 + n)} of things") for n in range(16)]
    after = run([*BEFORE, *RUN, *others], previous=first, new=others).profile
    assert [goal.goal_id for goal in after.self_model.goals if goal.HasField("valid_to")] == [
        first.self_model.goals[0].goal_id
    ]


def test_what_is_searched_for_is_a_goal_until_it_is_bought() -> None:
    """Three searches on three days; a purchase of it ends it."""
    views = [event(number, 20, [f"shelf {number}"], type="view") for number in range(4)]
    searches = [event(10 + number, 6 - number, ["hiking boots"], type="search") for number in range(3)]
    first = run([*views, *searches]).profile
    assert current(first) == ['Looking for "hiking boots"']
    bought = [event(20, 1, ["hiking boots"], type="purchase")]
    after = run([*views, *searches, *bought], previous=first, new=bought).profile
    assert not current(after)
    assert after.self_model.goals[0].HasField("valid_to")
