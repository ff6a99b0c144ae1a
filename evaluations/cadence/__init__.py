"""Cadences at equal cost, on real activity: how often an open finds a fresh profile."""

from evaluations.cadence.evaluation import evaluate_cadence

__all__ = ["evaluate_cadence"]
