"""Capacity plans over made-up figures: more is never cheaper, and parts add up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.config import Config
from foreword.planning import (
    KNOWN,
    Figure,
    PlanInput,
    PlannedSegment,
    Sheet,
    Source,
    assumed,
    configured,
    make_plan,
)
from foreword.planning.inputs import ModelPrice

RULES = ("after_session", "nightly", "every", "on_open", "cron", "never")
PRICE = ModelPrice("m", input=1, cache_read=0.1, cache_write=1.25, output=5, batch_share=0.5)
# What an operator pays for: with more of anything it never becomes less.
COSTS = """visits sessions events reads peak_reads refreshes written peak_refreshes compute_seconds refresh_seconds
    review_day_seconds usd month_usd calls undone_calls revisions profiles_file_bytes activity_file_bytes disk_bytes
    backup_bytes memory_bytes writes_bytes hosts""".split()

shares = st.lists(st.floats(0.01, 1), min_size=1, max_size=4)
segments = st.tuples(
    st.floats(0, 7), st.sampled_from(RULES), st.sampled_from((0.25, 1.0, 3.0)), st.booleans()
)
figures = st.fixed_dictionaries(
    {
        "days": st.floats(1, 1000),
        "sessions_per_day": st.floats(0, 50),
        "events_per_session": st.floats(0, 100),
        "reads_per_session": st.floats(0, 100),
        "session_seconds": st.floats(0, 5000),
        "peak_factor": st.floats(1, 20),
        "input_tokens": st.floats(0, 20_000),
        "output_tokens": st.floats(0, 5000),
    }
)


@st.composite
def inputs(draw: st.DrawFn) -> tuple[list[PlannedSegment], dict[str, float]]:
    parts = draw(shares)
    made = []
    for number, part in enumerate(parts):
        days, rule, interval, asks = draw(segments)
        made.append(
            PlannedSegment(
                f"s{number}",
                Figure(part / sum(parts), Source.GIVEN),
                Figure(days, Source.GIVEN),
                rule,  # type: ignore[arg-type]
                interval_days=interval,
                price=PRICE if asks else None,
            )
        )
    return made, draw(figures)


def plan(users: float, made: list[PlannedSegment], values: dict[str, float]) -> Sheet:
    known = {name: assumed(name) for name in KNOWN}
    known |= {name: Figure(value, Source.GIVEN) for name, value in values.items()}
    given_users = Figure(users, Source.GIVEN)
    return make_plan(PlanInput(given_users, known, configured(Config()), tuple(made))).sheet


def assert_no_less(less: Sheet, more: Sheet) -> None:
    for name in COSTS:
        if name in less:
            assert more[name] >= less[name] * (1 - 1e-9), name


@given(inputs(), st.floats(1, 1e8), st.floats(1, 100))
def test_more_users_never_cost_less(
    made: tuple[list[PlannedSegment], dict[str, float]], users: float, times: float
) -> None:
    """With the same habits, more users take no less of anything that is paid for."""
    assert_no_less(plan(users, *made), plan(users * times, *made))


@given(
    inputs(),
    st.sampled_from(
        (
            "days",
            "sessions_per_day",
            "events_per_session",
            "reads_per_session",
            "peak_factor",
            "session_seconds",
        )
    ),
    st.floats(1, 3),
)
def test_more_of_any_use_never_costs_less(
    made: tuple[list[PlannedSegment], dict[str, float]], name: str, times: float
) -> None:
    """More days, sessions, events or reads take no less either."""
    parts, values = made
    assert_no_less(plan(1e5, parts, values), plan(1e5, parts, values | {name: values[name] * times}))


@given(inputs(), st.floats(1, 1e9))
def test_parts_add_up_and_every_value_is_a_number(
    made: tuple[list[PlannedSegment], dict[str, float]], users: float
) -> None:
    """Segments add up to all users, no refresh finds more than it looks at, and nothing is endless or below zero."""
    sheet = plan(users, *made)
    names = [each.name for each in made[0]]
    assert sum(sheet[f"{name}.users"] for name in names) == pytest.approx(users)
    for name in names:
        assert sheet[f"{name}.written"] <= sheet[f"{name}.refreshes"] * (1 + 1e-9)
        assert sheet[f"{name}.visits"] <= sheet[f"{name}.users"] * (1 + 1e-9)
    assert all(math.isfinite(row.value) and row.value >= 0 for row in sheet)
