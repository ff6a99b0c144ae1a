"""What a plan rests on: each figure with its unit, and what is assumed of it where nobody has measured it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from foreword.errors import FieldError
from foreword.planning.sheet import Figure, Source


class Known(NamedTuple):
    """A figure that a plan needs."""

    label: str
    unit: str
    assumed: float
    note: str
    """Where what is assumed is from."""
    least: float = 0.0
    most: float = 1e15


_STATED = "stated, not measured"
_CHECK = "benchmarks/results/plan_check.md"

USE = {
    "days": Known("how long the store has been in use", "days", 365, _STATED, 1, 36_500),
    "sessions_per_day": Known(
        "sessions of a user on a day on which they come", "sessions", 2, _STATED, 0, 1e5
    ),
    "events_per_session": Known("events of a session", "events", 10, _STATED, 0, 1e6),
    "reads_per_session": Known("profiles and forewords read in a session", "reads", 10, _STATED, 0, 1e6),
    "events_per_commit": Known("events that share a commit", "events", 1, "one by one, stated", 1, 1e6),
    "session_seconds": Known("length of a session", "s", 600, _STATED, 0, 86_400),
    "peak_factor": Known("busiest hour to the mean hour", "times", 3, _STATED, 1, 1000),
    "load_max": Known("share of a process that is planned for", "of 1", 0.5, _STATED, 0.01, 1),
}

ROWS = {
    "page_bytes": Known("page of the store", "bytes", 4096, "LMDB on x86-64", 512, 65_536),
    "profile_row_bytes": Known("row of `profiles`, with its share of pages", "bytes", 10_500, _CHECK, 1),
    "foreword_row_bytes": Known("row of `forewords`", "bytes", 950, _CHECK, 1),
    "revision_row_bytes": Known("row of `revisions`", "bytes", 10_050, _CHECK, 1),
    "state_row_bytes": Known("row of `watermarks`", "bytes", 94, _CHECK, 1),
    "due_row_bytes": Known("row of `due`", "bytes", 54, _CHECK, 1),
    "ledger_row_bytes": Known("row of `ledger`", "bytes", 70, _CHECK, 1),
    "call_row_bytes": Known("row of `model_calls`", "bytes", 200, _STATED, 1),
    "model_state_row_bytes": Known("row of `model_states`", "bytes", 100, _STATED, 1),
    "event_row_bytes": Known("row of `events`", "bytes", 335, _CHECK, 1),
    "id_row_bytes": Known("row of `applied`", "bytes", 95, _CHECK, 1),
    "user_row_bytes": Known("row of `users`", "bytes", 238, _CHECK, 1),
    "profiles_free_share": Known("free pages of profiles.lmdb to used ones", "of 1", 0.05, _CHECK, 0, 100),
    "activity_free_share": Known("free pages of activity.lmdb to used ones", "of 1", 0.1, _CHECK, 0, 100),
    "branch_share": Known("pages that lead to others, of all", "of 1", 0.0065, _CHECK, 0, 1),
}

WORK = {
    "written_ms": Known(
        "a refresh that finds something new: reading and computing",
        "ms",
        8.5,
        "benchmarks/results/history.md, 300 events in the window",
    ),
    "written_p99_ms": Known("the slowest of a hundred", "ms", 17, "twice the mean, stated"),
    "unchanged_ms": Known("a refresh that finds nothing new", "ms", 0.2, _CHECK),
    "write_ms": Known(
        "writing what came of a refresh",
        "ms",
        0.2,
        "benchmarks/results/due_scale.md, 0.16 of one that finds nothing new",
    ),
    "review_ms": Known(
        "a look at a user for a changed segment", "ms", 0.035, "benchmarks/results/due_scale_10000000.md"
    ),
    "answer_ms": Known(
        "asking a model and applying its answer",
        "ms",
        4.6,
        "benchmarks/results/model_batches_100000.md, 216 users a second of processor time",
    ),
    "reads_per_second_max": Known(
        "reads a sidecar answers",
        "a second",
        1900,
        "benchmarks/results/rpc.md, GetProfile one at a time",
        1,
    ),
    "events_per_second_max": Known(
        "events a sidecar records",
        "a second",
        32_000,
        "benchmarks/results/ingest.md, batches of 1,000",
        1,
    ),
    "sidecar_bytes": Known("sidecar beyond mapped pages", "bytes", 107e6, "benchmarks/results/ingest.md"),
    "scheduler_bytes": Known("scheduler beyond mapped pages", "bytes", 64e6, "benchmarks/results/refresh.md"),
}

TOKENS = {
    "input_tokens": Known("tokens read at the full price, a question", "tokens", 0, ""),
    "cache_read_tokens": Known("tokens read from the prompt cache, a question", "tokens", 0, _STATED),
    "cache_write_tokens": Known("tokens put into the prompt cache, a question", "tokens", 0, _STATED),
    "output_tokens": Known("tokens written, a question", "tokens", 0, ""),
}

KNOWN: Mapping[str, Known] = {**USE, **ROWS, **WORK, **TOKENS}


def assumed(name: str) -> Figure:
    """Return what is assumed of a figure."""
    known = KNOWN[name]
    return Figure(known.assumed, Source.ASSUMED, known.note)


def checked(option: str, name: str, value: float) -> float:
    """Return a value for a figure.

    Raises:
        FieldError: It is out of its range.
    """
    known = KNOWN[name]
    if not known.least <= value <= known.most:
        raise FieldError(option, f"{value:g}", f"{known.least:g} to {known.most:g} {known.unit}")
    return value
