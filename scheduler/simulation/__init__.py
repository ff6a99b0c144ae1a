"""What a configuration would do to real activity: the scheduler's own rules, on a clock that jumps."""

from scheduler.simulation.figures import Figures, SegmentFigures
from scheduler.simulation.trace import Moment, trace
from scheduler.simulation.world import CallPrice, simulate

__all__ = ["CallPrice", "Figures", "Moment", "SegmentFigures", "simulate", "trace"]
