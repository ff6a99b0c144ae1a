"""Every fault the model server can put in, each named once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

FaultKind: TypeAlias = Literal["call", "answer", "create", "row", "results"]
"""What a fault is put to. call: any request below /v1. answer: what the model says, in a call or in a row of a batch.
create: the creation of a batch. row: a row of a batch. results: one reading of a batch's results."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        name: In scripts, in `x-fault`, and in `GET /count`.
        kind: What it is put to.
        meaning: What is seen of it.
        wait_seconds: What its time is when none is given; None when it has no time.
    """

    name: str
    kind: FaultKind
    meaning: str
    wait_seconds: float | None = None


_TABLE = (
    Fault("none", "call", "Nothing: a stretch of healthy calls between faults."),
    Fault("rate-limited", "call", "429, to be tried again after `wait_seconds`.", 60.0),
    Fault("overloaded", "call", "529."),
    Fault("server-error", "call", "500."),
    Fault("unavailable", "call", "503."),
    Fault("slow", "call", "The answer comes `wait_seconds` later.", 30.0),
    Fault("dropped-before-headers", "call", "The connection breaks when the answer is made; it is counted."),
    Fault("dropped-mid-body", "call", "The connection breaks in the middle of the answer; it is counted."),
    Fault("truncated-body", "call", "The body ends in the middle of its JSON, and HTTP calls it whole."),
    Fault("cut-answer", "answer", "The model's JSON stops in the middle, and the model calls it finished."),
    Fault("wrong-schema", "answer", "Valid JSON of another shape."),
    Fault("refusal", "answer", "The model refuses: no text, stop reason `refusal`."),
    Fault("max-tokens", "answer", "The model is cut off: half of its text, stop reason `max_tokens`."),
    Fault("invented-events", "answer", "Operations cite events that are not in the prompt."),
    Fault("invented-beliefs", "answer", "Operations name beliefs that are not in the prompt."),
    Fault("injected-text", "answer", "Statements hold instructions to a model, a URL and an e-mail address."),
    Fault("emptied", "answer", "Every belief and goal is closed, and nothing put in their place."),
    Fault("wrong-language", "answer", "Statements in a language the user does not use."),
    Fault(
        "huge-answer",
        "answer",
        "Statements of tens of thousands of characters, as many as `max_tokens` lets by.",
    ),
    Fault("batch-create-lost", "create", "The batch is taken, and its creation answered with 500."),
    Fault(
        "batch-unknown-at-first",
        "create",
        "The batch answers 404 for `wait_seconds` after its creation.",
        5.0,
    ),
    Fault("row-expired", "row", "The row expires, unanswered."),
    Fault("row-canceled", "row", "The row is canceled, unanswered."),
    Fault("row-errored", "row", "The row ends in an error of the provider's."),
    Fault("row-duplicated", "row", "The row stands in the results twice."),
    Fault("row-missing", "row", "The row is answered and counted, and is not in the results."),
    Fault("results-dropped", "results", "The connection breaks half-way through the rows."),
)

FAULTS = {fault.name: fault for fault in _TABLE}
