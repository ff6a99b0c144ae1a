"""Vectors of signed bytes: made, and compared in plain Python, so that a client needs no library for it."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from foreword.errors import FieldError
from foreword.v1.profile_pb2 import Embedding

_BYTE_MAX = 127
# Enough for any model in use; a profile has 20 KB for everything.
DIMENSIONS_MAX = 1024


def quantized(vector: Sequence[float], model: str) -> Embedding:
    """Return a vector with each number rounded to one of 255 steps, the largest being 127.

    Costs a quarter of 32-bit floats, and moves a cosine of two such vectors by less than 0.01.

    Raises:
        FieldError: It has no numbers, more than 1,024, or one that is not finite.
    """
    if not 0 < len(vector) <= DIMENSIONS_MAX:
        raise FieldError("vector", f"{len(vector)} numbers", f"1 to {DIMENSIONS_MAX}")
    largest = max(map(abs, vector))
    if not math.isfinite(math.fsum(map(abs, vector))):
        raise FieldError("vector", "a number that is not finite", "finite numbers")
    scale = largest / _BYTE_MAX
    steps = array("b", (round(number / scale) if scale else 0 for number in vector))
    return Embedding(model=model, dimensions=len(vector), values=steps.tobytes(), scale=scale)


def similarity(one: Embedding, other: Embedding) -> float:
    """Return the cosine of two vectors, -1 to 1; 0 where one is all zeros.

    Raises:
        FieldError: They are of different models, or one is not whole.
    """
    if (one.model, one.dimensions) != (other.model, other.dimensions):
        raise FieldError(
            "embedding.model",
            f"{other.model!r} of {other.dimensions}",
            f"{one.model!r} of {one.dimensions}, like the one it is compared with",
        )
    mine, theirs = _steps(one), _steps(other)
    product = sum(a * b for a, b in zip(mine, theirs, strict=True))
    lengths = math.sqrt(sum(a * a for a in mine) * sum(b * b for b in theirs))
    return product / lengths if lengths else 0.0


def _steps(embedding: Embedding) -> array[int]:
    if len(embedding.values) != embedding.dimensions:
        raise FieldError(
            "embedding.values", f"{len(embedding.values)} bytes", f"{embedding.dimensions}, one a dimension"
        )
    return array("b", embedding.values)
