"""Texts as dense vectors: of a language model's tokens where the extra is installed, else of hashed words."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Any, Protocol, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from foreword.errors import FieldError, MissingExtraError

Vector: TypeAlias = NDArray[np.float32]

_WORD = re.compile(r"\w+")
# As many numbers as wordllama's, so that a model costs the same with either.
_HASHED_SIZE = 256
# A longer text says little more about what it is, and 2,000 characters cost a third of a millisecond.
_TEXT_CHARS_MAX = 2_000


class Encoder(Protocol):
    """Makes vectors of texts.

    Attributes:
        name: Stands in the model: vectors of another encoder are not comparable.
        size: Numbers in a vector.
    """

    name: str
    size: int

    def encode(self, text: str) -> Vector:
        """Return the vector of a text, of length 1; zeros for an empty one."""


class HashedEncoder:
    """Words, their pairs and their beginnings, each added with a sign at a place its hash says; needs nothing
    installed."""

    name = f"hashed-{_HASHED_SIZE}"
    size = _HASHED_SIZE

    def encode(self, text: str) -> Vector:
        """Return the vector of a text, of length 1; zeros for one without words."""
        words = _WORD.findall(text[:_TEXT_CHARS_MAX].lower())
        parts = [
            *words,
            *(word[:4] + "*" for word in words),
            *map(" ".join, pairwise(words)),
        ]
        found = np.zeros(self.size, np.float32)
        for part in parts:
            number = crc32(part.encode())
            found[number % self.size] += 1.0 if number & 0x8000_0000 else -1.0
        return _unit(found)


class WordLlamaEncoder:
    """Averaged token vectors of a language model, some 70 microseconds a text.

    Raises:
        MissingExtraError: The extra `embeddings` is not installed.
    """

    name = "wordllama-256"
    size = 256

    def __init__(self) -> None:
        from foreword.embedding import load_embedder

        self._embedder: Any = load_embedder("wordllama")

    def encode(self, text: str) -> Vector:
        """Return the vector of a text, of length 1; zeros for an empty one."""
        steps = self._embedder.embed(text[:_TEXT_CHARS_MAX])
        return _unit(np.frombuffer(steps.values, np.int8).astype(np.float32))


@lru_cache(maxsize=2)
def load_encoder(name: str) -> Encoder:
    """Return an encoder by the name that stands in a model.

    Raises:
        FieldError: There is none of this name.
        MissingExtraError: It needs the extra `embeddings`, which is not installed.
    """
    if name == HashedEncoder.name:
        return HashedEncoder()
    if name == WordLlamaEncoder.name:
        return WordLlamaEncoder()
    raise FieldError("encoder", repr(name), f"{HashedEncoder.name}, {WordLlamaEncoder.name}")


def best_encoder() -> Encoder:
    """Return the best encoder that is installed."""
    try:
        return load_encoder(WordLlamaEncoder.name)
    except MissingExtraError:
        return load_encoder(HashedEncoder.name)


def _unit(vector: Vector) -> Vector:
    length = float(np.sqrt(vector @ vector))
    return vector / np.float32(length) if length else vector
