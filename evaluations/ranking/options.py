"""What an evaluation is told beside its file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluations.rival_process import ENVIRONMENT
from foreword.errors import FieldError

Progress = Callable[[str, int, int, str], object]
"""Takes what is worked on, how much of it is done, how much there is, and the unit."""


@dataclass(frozen=True)
class Options:
    """How to evaluate.

    Attributes:
        methods: Which; empty for all.
        seed: Of every draw: rounds, items not taken, what learners start from, resamples.
        resamples: How many, for the intervals.
        rivals: The virtual environment that has Vowpal Wabbit and River; they are left out where there is none.
        on_progress: Told how far each method is.
    """

    methods: Sequence[str] = ()
    seed: int = 0
    resamples: int = 1000
    rivals: Path = ENVIRONMENT
    on_progress: Progress = lambda _label, _done, _total, _unit: None

    def chosen(self, known: Sequence[str]) -> list[str]:
        """Return the methods to run, in the order in which they are known.

        Raises:
            FieldError: One is not known.
        """
        for method in self.methods:
            if method not in known:
                raise FieldError("--methods", repr(method), ", ".join(known))
        return [method for method in known if not self.methods or method in self.methods]
