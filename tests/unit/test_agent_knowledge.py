"""Telling a worse revision from a better one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from foreword.v1 import profile_pb2
from scheduler.agent.knowledge import lost
from tests.one_refresh import event, run

EVENTS = [
    *(event(number, 9 - number / 10, ["tea", "black tea"]) for number in range(12)),
    event(20, 1, ["coffee"], type="mute"),
    event(21, 1, [], type="correction", text="shorter please"),
]


def good() -> profile_pb2.Profile:
    """Return a profile that knows counts, a no, a wish, and what a model proposed."""
    profile = run(EVENTS).profile
    for number in range(4):
        profile.self_model.beliefs.add(
            belief_id=f"b{number}", statement=f"Reads about {number}.", proposed_by="x"
        )
    return profile


def _without_beliefs(profile: profile_pb2.Profile) -> None:
    del profile.self_model.beliefs[:]


def _without_most_of_a_models(profile: profile_pb2.Profile) -> None:
    rows = [row for row in profile.self_model.beliefs if row.belief_id not in ("b0", "b1", "b2")]
    del profile.self_model.beliefs[:]
    profile.self_model.beliefs.extend(rows)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda profile: profile.memory.Clear(), "events counted"),
        (lambda profile: profile.memory.topics[0].ClearField("stance"), "noes"),
        (lambda profile: profile.memory.ClearField("wishes"), "wishes"),
        (lambda profile: profile.foreword.Clear(), "text"),
        (_without_beliefs, "counted"),
        (_without_most_of_a_models, "understood"),
    ],
)
def test_what_a_revision_lost_is_named(spoil: Callable[[profile_pb2.Profile], None], what: str) -> None:
    """Each part that may not shrink has its sentence."""
    after = good()
    spoil(after)
    assert any(fault.startswith(what) for fault in lost(good(), after))


def test_a_good_revision_has_lost_nothing() -> None:
    """Neither the same again nor one that knows more."""
    more = good()
    more.self_model.goals.add(goal_id="g", statement="Brewing tea", proposed_by="x")
    assert lost(good(), good()) == []
    assert lost(good(), more) == []
