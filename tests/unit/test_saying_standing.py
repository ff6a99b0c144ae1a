"""What a user is compared with where a foreword says that they stand out."""

from __future__ import annotations

import pytest

from foreword.v1 import event_pb2
from scheduler.agent.population import PopulationDelta, PopulationView
from scheduler.agent.refresh import draft
from tests.one_refresh import CONFIG, NOW_MS, event, make_input, run


def acts(first: int, count: int, topic: str, days_ago: float) -> list[event_pb2.Event]:
    """Return commits on a topic."""
    return [event(number, days_ago, [topic], type="commit") for number in range(first, first + count)]


def test_the_users_own_earlier_acts_are_not_among_the_others() -> None:
    """A quarter of the others' acts are on docs; with the user's own earlier ones elsewhere it were an eighth."""
    others = PopulationView(CONFIG.window.half_life_days)
    others.fold(
        PopulationDelta(
            as_of_ms=NOW_MS,
            topics={"docs": (100.0, 0.0, 100)},
            total_weight=400.0,
            user_count=24,
            event_count=400,
        )
    )
    earlier, news = acts(0, 400, "kernel", 20), acts(400, 100, "docs", 1)
    before = run(earlier, population=others)
    others.fold(before.population_delta)
    now = make_input([*earlier, *news], previous=before.profile, new=news, population=others)
    findings = draft(now, CONFIG).findings
    assert findings is not None
    assert findings.others_share("docs") == pytest.approx(0.25)
    assert findings.others_share("kernel") == 0


def test_nothing_is_compared_before_others_did_anything() -> None:
    """A share of nothing is unknown, and not 0."""
    findings = draft(make_input(acts(0, 30, "docs", 1)), CONFIG).findings
    assert findings is not None
    assert findings.others_share("docs") is None
