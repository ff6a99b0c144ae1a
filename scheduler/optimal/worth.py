"""What a refresh of a user is worth now, and when that makes them due."""

from __future__ import annotations

import math

from foreword.v1.refresh_pb2 import Habits
from scheduler.optimal.habits import changes_per_event, opens_per_day, opens_per_event
from scheduler.optimal.rates import Priors
from scheduler.optimal.threshold import Cells, gained_share


def worth(habits: Habits, news: int, *, is_computed: bool, priors: Priors) -> float:
    """Return how many opens a refresh is expected to make fresh, by the formula in `threshold`.

    (μ/λ)(1 − e^(−λτ)(1 + λτ)) times the probability that the user comes again at all. λτ is told by the events since
    the last refresh, since nothing else changes a profile: without news it is 0, however many days have gone by.

    Args:
        habits: The user's.
        news: Events since the last refresh.
        is_computed: Whether there is a profile; without one any news changes everything.
        priors: Of the population.
    """
    if news <= 0:
        return 0.0
    changes = changes_per_event(habits, priors) * news if is_computed else math.inf
    return value(habits, priors) * gained_share(changes)


def value(habits: Habits, priors: Priors) -> float:
    """Return the most that one refresh can be worth: the opens until the profile changes again, if there are any."""
    per_change = opens_per_event(habits, priors) / changes_per_event(habits, priors)
    return priors.returns.share(habits.open_count) * per_change


def due_ms(
    habits: Habits,
    news: int,
    *,
    is_computed: bool,
    priors: Priors,
    threshold: float,
    now_ms: int,
    promised_ms: int = 0,
) -> int:
    """Return when a user whose session is over is due, in ms since 1970; 0 when only events, reads or operators decide.

    Args:
        habits: The user's.
        news: Events since the last refresh.
        is_computed: Whether there is a profile.
        priors: Of the population.
        threshold: From which worth on users are refreshed.
        now_ms: The time.
        promised_ms: When the profile's age breaks the service level of the user's segment; 0 when it has none. Nobody
            waits longer, whatever a refresh is worth.
    """
    if news > 0 and worth(habits, news, is_computed=is_computed, priors=priors) >= threshold:
        return now_ms
    return max(promised_ms, now_ms) if promised_ms else 0


def add_user(
    cells: Cells, habits: Habits, priors: Priors, now_ms: int, *, wait_days: float = math.inf
) -> None:
    """Add a user to the population that the threshold is found for.

    Args:
        cells: The population.
        habits: The user's.
        priors: Of the population.
        now_ms: The time.
        wait_days: The longest wait that the user's segment promises; inf when it does not.
    """
    per_open = changes_per_event(habits, priors) / opens_per_event(habits, priors)
    per_day = opens_per_day(habits, priors, now_ms) * per_open
    cells.add(value(habits, priors), per_day, step=per_open, wait_days=wait_days)


def newcomer_value(priors: Priors) -> float:
    """Return what the first refresh of a user is worth who came once, with nothing known of them but that."""
    return value(Habits(open_count=1), priors)
