"""What a text alone is worth: how well it names what its user does next, and whether it could be anybody's."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from evaluations.bootstrap import draw, mean_interval
from evaluations.contexts import FOREWORD
from evaluations.events import read_events
from evaluations.foretelling import User
from evaluations.foreword_report import METRICS, Report, Row, Texts
from evaluations.next_file import ModelRow, Reader, Task, ask
from evaluations.text_points import BUDGETS, METHODS, Measured, TextPoints
from foreword.config import Config
from foreword.errors import FieldError


def evaluate_forewords(
    files: Sequence[Path],
    *,
    seed: int = 0,
    bootstrap: int = 1000,
    config: Config | None = None,
    reader: Reader | None = None,
    reader_users: int = 100,
    on_progress: Callable[[str, int, int, str], object] = lambda _of, _done, _total, _unit: None,
) -> Report:
    """Measure texts against the week after them, at weekly cuts.

    A point is a user as in `evaluate_profiles`; who has no text then scores nothing there. Each file is a namespace.

    Args:
        files: Event files, JSON lines, gzip by suffix.
        seed: Of the resampling, and of whose texts stand beside a user's own.
        bootstrap: How many resamples.
        config: The product's configuration; the defaults without it.
        reader: A language model that reads the texts too.
        reader_users: How many users it is asked about at most, each once; drawn from those who go on to work on files.
        on_progress: Called with what is gone through, how far, of how many, and what they are.

    Raises:
        FieldError: A file holds no events, or no user qualifies.
    """
    measured: Measured = {}
    texts = Texts()
    tasks: dict[User, Task] = {}
    for number, file in enumerate(files):
        points = TextPoints(
            read_events(file), number, config=config or Config(), seed=seed, measured=measured, texts=texts
        )
        for week in range(points.weeks):
            points.score_week(week)
            on_progress(file.name, week + 1, points.weeks, "weeks")
        points.count_users()
        tasks |= points.tasks
    if not measured:
        raise FieldError(
            "events", "no user with 5 events in 28 days and some in the week after", "longer histories"
        )
    model_rows: list[ModelRow] = []
    asked = _drawn(tasks, reader_users, seed)
    if reader is not None:
        if not asked:
            raise FieldError("events", "no item that is a path, among five folders", "histories of files")
        model_rows = ask(
            reader,
            asked,
            seed=seed,
            bootstrap=bootstrap,
            on_progress=lambda done, total: on_progress("small model", done, total, "users"),
        )
    users = measured[FOREWORD, BUDGETS[0], METRICS[0]]
    return Report(
        [
            _row(measured, method, tokens, seed, bootstrap)
            for method in METHODS
            for tokens in reversed(BUDGETS)
        ],
        users=len(users),
        points=sum(map(len, users.values())),
        texts=texts,
        model_rows=model_rows,
        model_users=len(asked) if reader is not None else 0,
    )


def _drawn(tasks: dict[User, Task], count: int, seed: int) -> dict[User, Task]:
    users = sorted(tasks)
    random.Random(seed).shuffle(users)
    return {user: tasks[user] for user in sorted(users[:count])}


def _row(measured: Measured, method: str, tokens: int, seed: int, bootstrap: int) -> Row:
    metrics, differences = {}, {}
    for metric in METRICS:
        points = measured.get((method, tokens, metric))
        if points is None:
            continue
        resamples = draw(len(points), bootstrap, seed)
        metrics[metric] = mean_interval(points, resamples)
        if method != FOREWORD:
            ours = measured[FOREWORD, tokens, metric]
            gaps = {
                user: [own - other for own, other in zip(ours[user], points[user], strict=True)]
                for user in ours
            }
            differences[metric] = mean_interval(gaps, resamples)
    return Row(method, tokens, metrics, differences)
