"""Cadences at equal cost: uniform, the segments, the optimal policy, on the same sessions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from evaluations.bootstrap import draw, mean_interval
from evaluations.cadence.optimal import OptimalLife, Spending, per_day
from evaluations.cadence.report import Report, Row
from evaluations.cadence.schedules import Schedule, after_each_session, uniform
from evaluations.cadence.score import Opened, opens
from evaluations.cadence.segments import by_segments
from evaluations.cadence.traces import Traced, trace
from evaluations.sources import Source
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.errors import FieldError

SEGMENTS = "segments"
# Halvings until two cadences cost the same: to a fortieth of a refresh in ten thousand, and steps of whole refreshes
# are coarser.
_HALVINGS = 14
_YEAR_DAYS = 365


@dataclass(frozen=True)
class _Measured:
    """A cadence lived through."""

    name: str
    refreshes: int
    found: dict[str, list[Opened]]


def evaluate_cadence(
    sources: Sequence[Source],
    *,
    config: Config | None = None,
    material: float | None = None,
    shares: Sequence[float] = (1.0, 0.5),
    seed: int = 0,
    bootstrap: int = 1000,
    on_progress: Callable[[str], object] = lambda _step: None,
) -> Report:
    """Measure how often an open finds a profile that lacks no material change, at equal numbers of refreshes.

    A session's start is an open; it counts where the events before it are enough for a profile. Whether a stored
    profile lacks something is told by its distance to the one that the product's own refresh writes from all events
    until then.

    Args:
        sources: Where events come from, each a namespace; all together are one store with one budget.
        config: The product's configuration; the defaults without it.
        material: Distance from which on a change is material; the configuration's without it.
        shares: What the cadences may cost, as shares of what the segments do.
        seed: Of the resampling.
        bootstrap: How many resamples.
        on_progress: Told what is done next.

    Raises:
        FieldError: A source cannot be read, or nobody came twice.
    """
    config = config or Config()
    material = config.scheduler.material_distance if material is None else material
    users: list[Traced] = []
    for source in sources:
        on_progress(f"profiles of {source.name}")
        users += trace(source.read(), source.name, config, material)
    came_again = sum(any(True for _ in user.counted_opens()) for user in users)
    if not came_again:
        raise FieldError("events", "no user with a second session", "longer histories")
    on_progress("segments")
    segments = by_segments(users, config)
    cost = _count(segments)
    resamples = draw(len(users), bootstrap, seed)
    rows = []
    for share in shares:
        measured = list(_at_cost(users, config, segments, round(cost * share), on_progress))
        if share == 1:
            measured.insert(0, _measure(SEGMENTS, users, segments))
        rows += [_row(share, each, measured, users, resamples) for each in measured]
    idle_ms = int(config.session.idle_timeout_seconds * 1000)
    each = _measure("after each session", users, after_each_session(users, idle_ms))
    rows.append(_row(each.refreshes / cost, each, [each], users, resamples))
    points = sum(map(len, each.found.values()))
    return Report(rows, came_again, points, _days(users), material)


def _at_cost(
    users: Sequence[Traced],
    config: Config,
    segments: Schedule,
    refreshes: int,
    on_progress: Callable[[str], object],
) -> Iterator[_Measured]:
    """Yield the cadences that can be set to a cost."""
    first_day, last_day = _span(users)
    share = refreshes / max(1, _count(segments))
    budgets = [share * budget for budget in per_day(segments.values(), first_day, last_day, over=_YEAR_DAYS)]

    def at_threshold(threshold: float, *, keeps_promises: bool) -> Schedule:
        return OptimalLife(users, config, Spending(threshold=threshold), keeps_promises=keeps_promises).run()

    def nightly(factor: float, *, keeps_promises: bool) -> Schedule:
        spending = Spending(None, [budget / factor for budget in budgets], first_day)
        return OptimalLife(users, config, spending, keeps_promises=keeps_promises).run()

    on_progress(f"uniform at {share:.0%}")
    yield _measure("uniform", users, _set(lambda days: uniform(users, days * DAY_MS), refreshes, 0.05, 500))
    on_progress(f"optimal at {share:.0%}")
    yield _measure(
        "optimal", users, _set(lambda at: at_threshold(at, keeps_promises=False), refreshes, 0.02, 20)
    )
    on_progress(f"optimal with promises at {share:.0%}")
    yield _measure(
        "optimal, promises kept",
        users,
        _set(lambda at: at_threshold(at, keeps_promises=True), refreshes, 0.02, 20),
    )
    for keeps_promises, name in ((False, "optimal, budget a day"), (True, "optimal, both")):
        on_progress(f"{name} at {share:.0%}")
        found = _set(partial(nightly, keeps_promises=keeps_promises), refreshes, 0.5, 2, halvings=5)
        yield _measure(name, users, found)


def _set(
    schedule: Callable[[float], Schedule], refreshes: int, low: float, high: float, halvings: int = _HALVINGS
) -> Schedule:
    """Return the dearest schedule found that costs no more, of those that cost less as a number grows; by bisection."""
    best = schedule(high)
    for _ in range(halvings):
        middle = math.sqrt(low * high)
        tried = schedule(middle)
        if _count(tried) > refreshes:
            low = middle
        else:
            high, best = middle, tried
            if _count(best) >= refreshes * 0.998:
                break
    return best


def _measure(name: str, users: Sequence[Traced], schedule: Schedule) -> _Measured:
    return _Measured(
        name, _count(schedule), {user.key: list(opens(user, schedule[user.key])) for user in users}
    )


def _row(
    share: float,
    each: _Measured,
    measured: Sequence[_Measured],
    users: Sequence[Traced],
    resamples: Sequence[Sequence[int]],
) -> Row:
    reference = next((other for other in measured if other.name == SEGMENTS), None)
    fresh = {key: [float(one.is_fresh) for one in found] for key, found in each.found.items()}
    lead = None
    if reference is not None and reference is not each:
        lead = mean_interval(
            {
                key: [
                    float(own.is_fresh) - float(other.is_fresh)
                    for own, other in zip(found, reference.found[key], strict=True)
                ]
                for key, found in each.found.items()
            },
            resamples,
        )
    ages = {key: [one.age_days for one in found] for key, found in each.found.items()}
    ordered = sorted(age for found in ages.values() for age in found)
    return Row(
        method=each.name,
        share=share,
        refreshes_per_day=each.refreshes / _days(users),
        fresh_at_open=mean_interval(fresh, resamples),
        lead=lead,
        mean_age_days=mean_interval(ages, resamples),
        age_days_p50=ordered[len(ordered) // 2],
        age_days_p95=ordered[int(len(ordered) * 0.95)],
    )


def _count(schedule: Schedule) -> int:
    return sum(map(len, schedule.values()))


def _span(users: Sequence[Traced]) -> tuple[int, int]:
    days = [row.end_ms // DAY_MS for user in users for row in user.sessions]
    return min(days), max(days)


def _days(users: Sequence[Traced]) -> int:
    first, last = _span(users)
    return last - first + 1
