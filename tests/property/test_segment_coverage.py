"""Whether segments leave nobody out: what is said of all users holds of each."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from foreword.segment_coverage import BOUNDS, Bounds, Shape, uncovered

GRID = (0.0, 1.0, 2.0, 3.0)
VALUES = ("", "a", "b", "other")

bounds = st.builds(Bounds, st.sampled_from([None, 0.0, 1.0, 2.0]), st.sampled_from([None, 3.0, 2.5]))
shapes = st.builds(
    Shape,
    st.dictionaries(st.sampled_from(BOUNDS), bounds, max_size=3),
    st.dictionaries(
        st.sampled_from(["plan", "cohort"]), st.frozensets(st.sampled_from(VALUES[:3]), min_size=1)
    ),
)


def users() -> list[tuple[dict[str, float], dict[str, str]]]:
    """Return a user for each corner of what the shapes can tell apart, as far as there can be one."""
    points = (0.0, 0.5, 1.0, 1.5, 2.0, 2.25, 2.5, 2.75, 3.0, 4.0)
    found = []
    for age in points:
        for active in points:
            for sessions in points[::3]:
                for last in points:
                    if last <= age:
                        numbers = dict(zip(BOUNDS, (age, active, sessions, last), strict=True))
                        found += [(numbers, {"plan": plan, "cohort": "other"}) for plan in VALUES]
    return found


USERS = users()


def holds(shape: Shape, user: tuple[dict[str, float], dict[str, str]]) -> bool:
    numbers, values = user
    within = all(
        (one.least or 0.0) <= numbers[name] < (math.inf if one.below is None else one.below)
        for name, one in shape.bounds.items()
    )
    return within and all(values[name] in wanted for name, wanted in shape.values.items())


@given(st.lists(shapes, min_size=1, max_size=5))
def test_no_hole_is_overlooked(found: list[Shape]) -> None:
    """Where no hole is reported, every user is in a segment; and where no segment is unreachable, that is known."""
    named = [(f"s{place}", shape) for place, shape in enumerate(found)]
    coverage = uncovered(named)
    if coverage.unreachable:
        name, _ = coverage.unreachable
        place = int(name[1:])
        # Whoever meets it is in an earlier one.
        assert all(
            any(holds(shape, user) for shape in found[:place]) for user in USERS if holds(found[place], user)
        )
        return
    left_out = [user for user in USERS if not any(holds(shape, user) for shape in found)]
    assert bool(coverage.hole) or not left_out


@given(st.lists(shapes, min_size=1, max_size=4))
def test_one_without_conditions_at_the_end_leaves_nobody_out(found: list[Shape]) -> None:
    """With a segment for the rest there is no hole, whatever stands before."""
    coverage = uncovered(
        [*((f"s{place}", shape) for place, shape in enumerate(found)), ("rest", Shape({}, {}))]
    )
    assert not coverage.hole
