"""How actions are ranked for users, and what is kept of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from foreword.config_section import Section


class Ranking(Section):
    """Which action for which user: the order, what is tried to learn from, and what is logged."""

    mode: Literal["on", "off"] = "on"
    """Whether the sidecar ranks. On by default: it costs nothing until somebody asks. Needs the extra `ranking`."""
    epsilon: Annotated[float, Field(ge=0, le=0.5)] = 0.02
    """Share of orders that are drawn with no regard to the scores, so that every action has a chance that can be
    reckoned with later. One in fifty: of ten candidates each comes first at least once in 500 decisions."""
    thompson_scale: Annotated[float, Field(ge=0, le=4)] = 1.0
    """How far doubt about a user may move an action's score (as a logit) when the order is drawn from it. 1 makes of
    an even chance at most one of three in four. 0: orders follow the expected score, but for `epsilon`."""
    half_life_days: Annotated[float, Field(gt=0, le=36_500)] = 180.0
    """After how long half of what a user's parameters say has gone back to what suits anybody. Half a year: tastes
    outlive projects, and what is repeated renews itself."""
    cohort_attribute: Annotated[str, Field(max_length=64)] = ""
    """The attribute of the context by which users without parameters of their own begin as their cohort does, such as
    `locale`. Empty: all begin alike."""
    vector_size: Annotated[int, Field(ge=0, le=1024)] = 0
    """Numbers in a vector that candidates or contexts bring themselves (of code, of images). 0: none is taken."""
    decision_days: Annotated[int, Field(ge=1, le=365)] = 7
    """How long a decision can be named in feedback and explained. A week: a delayed reward, such as a merge, has come
    by then."""
    logged_max: Annotated[int, Field(ge=1, le=500)] = 50
    """How many of an order are logged, from the top. Nobody scrolls to the fiftieth; each takes about 100 bytes."""
    replayed_max: Annotated[int, Field(ge=1, le=10_000)] = 500
    """How many of a user's newest events are looked through when their parameters are made anew for another global
    model. About 30 microseconds each, off the path of requests."""
