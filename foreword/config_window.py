"""The window of activity in the configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from foreword.config_section import Section


class Window(Section):
    """Which activity counts, and how much."""

    days: Annotated[int, Field(ge=1, le=365)] = 28
    """Length of the window."""
    recent_days: Annotated[int, Field(ge=1, le=365)] = 7
    """The newest part of the window."""
    middle_days: Annotated[int, Field(ge=1, le=365)] = 21
    """Where the middle part ends; older events do little more than break ties."""
    recent_weight: Annotated[float, Field(ge=0, le=1)] = 0.6
    """Share of the weight that the newest part carries at an even pace; the middle part carries the rest. Sets how
    fast events fade within the window: by default half in 6.2 days."""
    half_life_days: Annotated[float, Field(gt=0, le=3650)] = 60.0
    """Time in which an event loses half its weight in the memory that outlives the window, and in the population.
    60 predicted the next week of developers best together with the window; 30 to 90 differ by less than chance."""
    events_max: Annotated[int, Field(ge=100, le=1_000_000)] = 300
    """Newest events of the window that one refresh weighs and cites; bounds its time, whatever the history. 300
    foretell as well as 1,000 and 10,000. What is new is counted beside it, up to 100,000 events at once, as an import
    brings it."""

    @model_validator(mode="after")
    def _order(self) -> Window:
        if not self.recent_days <= self.middle_days <= self.days:
            raise ValueError(
                f"recent_days {self.recent_days}, middle_days {self.middle_days}, days {self.days} are not in order; "
                "allowed: recent_days <= middle_days <= days"
            )
        return self
