"""What is asked of a model: the same for every provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Repair:
    """A former answer that cannot be used, and what is wrong with it.

    Attributes:
        answer: The former answer, as it came.
        errors: One sentence a line, each naming the field at fault.
    """

    answer: str
    errors: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One question to a model.

    The parts stand in the order in which they change, so that a provider caches as much of the front as it can.

    Attributes:
        model: The model's name, as the provider knows it.
        instructions: The same for every user and refresh of one prompt version.
        shared: The same for every user of a namespace for hours; may be empty.
        prompt: What is asked of one user. Data in it is delimited.
        schema: JSON schema that the answer follows.
        output_tokens_max: Where the model is cut off.
        repair: Set when a former answer to the same question is to be mended.
    """

    model: str
    instructions: str
    shared: str
    prompt: str
    schema: Mapping[str, Any]
    output_tokens_max: int
    repair: Repair | None = None
