"""What a small language model makes of a text: which folder its user works in next, and how likely the next file is."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from evaluations.bootstrap import draw, mean_interval
from evaluations.contexts import FOREWORD
from evaluations.foretelling import Interval, User, interval_text, named

CHOICES = 5
_ASK_FOLDER = "\n\nThe next folder this person works in:"
_ASK_FILE = "\n\nThe next file this person works on:"


class Task(NamedTuple):
    """A user at a cut, and what they did next.

    Attributes:
        contexts: The text that each method puts in front.
        file: The path of the first file after the cut.
        folders: Its folder first, then others of the namespace.
    """

    contexts: Mapping[str, str]
    file: str
    folders: Sequence[str]


class Asked(NamedTuple):
    """A question, and the answers it may have, each with a space in front."""

    question: str
    answers: Sequence[str]


class Reader(Protocol):
    """Tells how likely answers are behind a text."""

    def log_likelihoods(self, context: str, asked: Sequence[Asked]) -> list[list[float]]:
        """Return the log-likelihood of each answer to each question behind a context."""
        ...


@dataclass(frozen=True)
class ModelRow:
    """One context's measures, each with its 95 % interval; differences are `foreword` minus it, paired by user."""

    method: str
    folder_accuracy: Interval
    file_log_likelihood: Interval
    accuracy_difference: Interval | None
    log_likelihood_difference: Interval | None

    def to_dict(self) -> dict[str, object]:
        """Return the row as the JSON output names it."""
        row: dict[str, object] = {"method": self.method}
        row |= named("folder_accuracy", self.folder_accuracy)
        row |= named("file_log_likelihood", self.file_log_likelihood)
        if self.accuracy_difference is not None and self.log_likelihood_difference is not None:
            row |= named("folder_accuracy_difference", self.accuracy_difference)
            row |= named("file_log_likelihood_difference", self.log_likelihood_difference)
        return row

    def line(self) -> str:
        """Return the row as a line for a terminal."""
        gap = (
            interval_text(self.log_likelihood_difference, "+")
            if self.log_likelihood_difference is not None
            else ""
        )
        accuracy, likelihood = interval_text(self.folder_accuracy), interval_text(self.file_log_likelihood)
        return f"{self.method:<17} {accuracy:<22} {likelihood:<29} {gap}".rstrip()


def folder_of(path: str) -> str:
    """Return the folder of a path; empty when it has none."""
    return path.rpartition("/")[0]


def folders_for(path: str, met: Counter[str], seed: str) -> list[str] | None:
    """Return the folder of a path and four others, drawn by how often they were met; None when there are not four."""
    own = folder_of(path)
    others = sorted(folder for folder in met if folder and folder != own)
    if not own or len(others) < CHOICES - 1:
        return None
    rng, drawn = random.Random(seed), [own]
    while len(drawn) < CHOICES:
        folder = rng.choices(others, weights=[met[folder] for folder in others])[0]
        if folder not in drawn:
            drawn.append(folder)
    return drawn


def ask(
    reader: Reader,
    tasks: Mapping[User, Task],
    *,
    seed: int,
    bootstrap: int,
    on_progress: Callable[[int, int], object],
) -> list[ModelRow]:
    """Return what each context is worth to a reader: the product's row first.

    The folder chosen is the one whose name is the likeliest behind the context and the question, by all its tokens.
    """
    accuracy: dict[str, dict[User, list[float]]] = {}
    likelihood: dict[str, dict[User, list[float]]] = {}
    for done, (user, task) in enumerate(tasks.items(), 1):
        for method, context in task.contexts.items():
            chosen, file = _read(reader, context, task)
            accuracy.setdefault(method, {})[user] = [float(chosen == 0)]
            likelihood.setdefault(method, {})[user] = [file]
        on_progress(done, len(tasks))
    resamples = draw(len(tasks), bootstrap, seed)

    def compared(values: Mapping[str, dict[User, list[float]]], method: str) -> Interval | None:
        if method == FOREWORD:
            return None
        gaps = {user: [values[FOREWORD][user][0] - points[0]] for user, points in values[method].items()}
        return mean_interval(gaps, resamples)

    return [
        ModelRow(
            method,
            mean_interval(accuracy[method], resamples),
            mean_interval(likelihood[method], resamples),
            compared(accuracy, method),
            compared(likelihood, method),
        )
        for method in accuracy
    ]


def _read(reader: Reader, context: str, task: Task) -> tuple[int, float]:
    """Return the place of the folder that is likeliest behind a context, and the log-likelihood of the next file."""
    asked = [
        Asked(_ASK_FOLDER, [f" {folder}" for folder in task.folders]),
        Asked(_ASK_FILE, [f" {task.file}"]),
    ]
    folders, (file,) = reader.log_likelihoods(context, asked)
    return max(range(len(folders)), key=folders.__getitem__), file


def lines(rows: Sequence[ModelRow], users: int) -> Iterator[str]:
    """Yield the rows as a table for a terminal."""
    yield f"a small model reads them: {users} users, 200 tokens; one folder of {CHOICES}, by chance {1 / CHOICES:.3f}"
    yield f"{'context':<17} {'next folder':<22} {'log-likelihood of next file':<29} foreword - context"
    yield from (row.line() for row in rows)
