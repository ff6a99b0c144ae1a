"""Columns of numbers as Protobuf packs them, straight from memory: in a tenth of the time that lists take."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# What one and two bytes of a varint hold.
_ONE_MAX, _TWO_MAX = 1 << 7, 1 << 14


def packed_floats(numbers: NDArray[Any]) -> bytes:
    """Return numbers as a packed `repeated float`."""
    return numbers.astype("<f4").tobytes()


def packed_numbers(numbers: NDArray[np.intp]) -> bytes:
    """Return numbers from 0 to 16,383 as a packed `repeated uint32`."""
    largest = int(np.maximum.reduce(numbers, initial=0))
    if largest < _ONE_MAX:
        return numbers.astype(np.uint8).tobytes()
    if largest >= _TWO_MAX:
        raise ValueError(f"{largest} takes more than two bytes")
    pairs = np.empty((len(numbers), 2), np.uint8)
    is_long = numbers >= _ONE_MAX
    pairs[:, 0] = numbers % _ONE_MAX + _ONE_MAX * is_long
    pairs[:, 1] = numbers // _ONE_MAX
    is_there = np.ones(pairs.shape, np.bool_)
    is_there[:, 1] = is_long
    return pairs[is_there].tobytes()
