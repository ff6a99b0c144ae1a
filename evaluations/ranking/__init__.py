"""Rankings on real data: beside rivals, predicted and then learned; and what another choice would have earned."""

from evaluations.ranking.evaluation import evaluate_decisions, evaluate_ratings, evaluate_trajectories
from evaluations.ranking.off_policy import evaluate_off_policy
from evaluations.ranking.options import Options

__all__ = [
    "Options",
    "evaluate_decisions",
    "evaluate_off_policy",
    "evaluate_ratings",
    "evaluate_trajectories",
]
