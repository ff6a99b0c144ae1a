"""Choosing within a budget whom to refresh when: `policy = "optimal"`. Pure: no store, no clock."""

from scheduler.optimal.census import Census, InForce
from scheduler.optimal.distance import Outline, distance, outline
from scheduler.optimal.habits import count_events, count_read, count_refresh
from scheduler.optimal.rates import Beta, Gamma, Priors
from scheduler.optimal.threshold import Cells
from scheduler.optimal.worth import due_ms, worth

__all__ = [
    "Beta",
    "Cells",
    "Census",
    "Gamma",
    "InForce",
    "Outline",
    "Priors",
    "count_events",
    "count_read",
    "count_refresh",
    "distance",
    "due_ms",
    "outline",
    "worth",
]
