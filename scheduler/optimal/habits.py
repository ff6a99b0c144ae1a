"""A user's habits: opens, events and material changes, in counts that fade, so that new habits are followed."""

from __future__ import annotations

import math

from foreword.clock import DAY_MS
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.refresh_pb2 import Habits
from scheduler.optimal.rates import PopulationSums, Priors

# What is left of the counts at each further open and refresh: twenty opens and ten refreshes are remembered. On the git
# histories 0.9 to 1 differ by less than a hundredth of fresh opens (evaluations/README.md).
_KEPT_PER_OPEN = 0.95
_KEPT_PER_REFRESH = 0.9
# Who has not come for so long has left, as far as anybody can tell: twice the longest window that is counted by days.
_LEFT_AFTER_DAYS = 112


def count_events(habits: Habits, activity: UserActivity, idle_ms: int) -> None:
    """Count what came since it was last counted: an open for each day with events, or for a session later that day.

    Sessions that were never looked at one by one, as an import brings them, count once a day.

    Args:
        habits: The user's; changed in place.
        activity: The user's events until now.
        idle_ms: Quiet time after which events are of another session.
    """
    events = max(0, activity.event_count - habits.opened_event_count)
    newest_ms = activity.last_seen_ms
    opened_day = habits.opened_ms // DAY_MS if habits.open_count else -1
    days = [
        entry.day for entry in activity.days if entry.day > opened_day and entry.day <= newest_ms // DAY_MS
    ]
    if newest_ms - habits.opened_ms > idle_ms:
        since_ms = habits.opened_ms or days[0] * DAY_MS if days else newest_ms
        _open(habits, max(1, len(days)), (newest_ms - since_ms) / DAY_MS)
    habits.open_events += events
    habits.opened_ms = max(habits.opened_ms, newest_ms)
    habits.opened_event_count = activity.event_count


def count_read(habits: Habits, read_ms: int, idle_ms: int) -> None:
    """Count a read as an open, unless it belongs to one that is counted."""
    if read_ms - habits.opened_ms > idle_ms:
        _open(habits, 1, (read_ms - habits.opened_ms) / DAY_MS if habits.opened_ms else 0.0)
    habits.opened_ms = max(habits.opened_ms, read_ms)


def count_refresh(habits: Habits, event_count: int, has_changed: bool, priors: Priors) -> None:
    """Count a refresh that took in events, by whether it changed the profile materially.

    Only whether is seen, not how many times: one that did stands for the expected number of changes given that there
    was one, by what is known of the user so far (the expectation step that Cho & Garcia-Molina, "Estimating frequency
    of change", ACM TOIT 3, 2003, replace by a correction).
    """
    if event_count <= 0:
        return
    expected = changes_per_event(habits, priors) * event_count
    found = expected / -math.expm1(-expected) if has_changed else 0.0
    habits.changes = habits.changes * _KEPT_PER_REFRESH + found
    habits.change_events = habits.change_events * _KEPT_PER_REFRESH + event_count


def changes_per_event(habits: Habits, priors: Priors) -> float:
    """Return how many material changes an event of the user brings."""
    return priors.changes_per_event.mean(habits.changes, habits.change_events)


def opens_per_event(habits: Habits, priors: Priors) -> float:
    """Return how many opens come with an event of the user, before or after it."""
    return priors.opens_per_event.mean(habits.opens, habits.open_events)


def opens_per_day(habits: Habits, priors: Priors, now_ms: int) -> float:
    """Return how often the user is expected to come; the longer ago the last time, the less."""
    return priors.opens_per_day.mean(habits.opens, habits.open_days + _days_since(habits, now_ms))


def add_habits(sums: PopulationSums, habits: Habits, now_ms: int) -> None:
    """Add a user to what the priors are fitted from."""
    if not habits.open_count:
        return
    days_since = _days_since(habits, now_ms)
    sums.opens_per_day.add(habits.opens, habits.open_days + days_since)
    sums.opens_per_event.add(habits.opens, habits.open_events)
    sums.changes_per_event.add(habits.changes, habits.change_events)
    sums.returns.add(habits.open_count, days_since > _LEFT_AFTER_DAYS)


def _days_since(habits: Habits, now_ms: int) -> float:
    return max(0, now_ms - habits.opened_ms) / DAY_MS


def _open(habits: Habits, opens: int, days: float) -> None:
    """Count opens that came in so many days; the first ever begins the count and says nothing of a rate."""
    kept = _KEPT_PER_OPEN**opens
    counted = opens if habits.open_count else opens - 1
    habits.opens = habits.opens * kept + counted
    habits.open_days = habits.open_days * kept + max(0.0, days)
    habits.open_events *= kept
    habits.open_count += opens
