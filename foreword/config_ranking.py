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
    thompson_scale: Annotated[float, Field(ge=0, le=4)] = 0.2
    """Standard deviation that doubt about a user may add to an action's score (as a logit) when the order is drawn. A
    fifth takes an even chance to 55 %: near ties are tried, and what a user said three times is not passed over. 0:
    orders follow the expected score, but for `epsilon`."""
    worlds: Annotated[int, Field(ge=1, le=255)] = 32
    """How many draws of a user's parameters an order is chosen from. Each place's chance is known to one part in as
    many; 64 where other policies' whole orders are to be reckoned from the log, at 10 microseconds more."""
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
    logged_max: Annotated[int, Field(ge=1, le=500)] = 20
    """How many of an order are logged, from the top. Few look beyond; each takes about 80 bytes of the log."""
    replayed_max: Annotated[int, Field(ge=1, le=10_000)] = 500
    """How many of a user's newest events are looked through when their parameters are made anew for another global
    model. About 30 microseconds each, off the path of requests."""
    catch_up_seconds: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    """How often what all users said corrects the global model between two trainings. 10 is what `foreword evaluate
    ranking` measures; 25 to 200 microseconds an example, by how much is said of its moment, in a thread of its own. 0,
    never: then nothing that one user says moves what another is shown, until the next model."""
    profile_weight: Annotated[float, Field(ge=0, le=4)] = 0.0
    """How much what is learned here of a user's topics counts in the order of their profile's, beside what is counted:
    a topic that moves their yes by one logit for certain moves its place by so much. 0: not at all."""
    train: Literal["night", "off"] = "night"
    """Whether the scheduler trains a global model each night (`scheduler.night`), in a process of its own. Without the
    extra `ranking`, or with too few examples, nothing is trained and nothing is missed."""
    train_examples_min: Annotated[int, Field(ge=100, le=1_000_000)] = 500
    """Examples below which no model is trained. 500: on ratings of films a model of fewer foretells no better than the
    one that knows nothing."""
    train_examples_max: Annotated[int, Field(ge=1000, le=10_000_000)] = 200_000
    """The newest examples that a model is trained from; each takes about 1 KB of memory while it is."""
    holdout_share: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    """Share of the newest examples on which a new model must foretell as well as the one in force, or is refused."""
    models_kept: Annotated[int, Field(ge=2, le=1000)] = 7
    """Models kept for a rollback: a week of nights. The one in force and the one before it always are."""
