"""Columns of numbers as Protobuf packs them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.store.v1 import ranking_pb2
from foreword.v1.ranking_service_pb2 import RankActionsResponse
from ranking.packed import packed_floats, packed_numbers


@given(
    st.lists(st.integers(0, (1 << 14) - 1), max_size=300), st.lists(st.floats(0, 1, width=32), max_size=300)
)
def test_a_client_reads_what_was_packed(numbers: list[int], floats: list[float]) -> None:
    """The public message says what went in, and has the very bytes that it would have made itself."""
    packed = ranking_pb2.RankActionsResponse(
        decision_id="d",
        order=packed_numbers(np.array(numbers, np.intp)),
        scores=packed_floats(np.array(floats)),
    )
    whole = RankActionsResponse(decision_id="d", order=numbers, scores=floats)
    assert RankActionsResponse.FromString(packed.SerializeToString()) == whole
    assert packed.SerializeToString() == whole.SerializeToString()


def test_what_takes_three_bytes_is_refused() -> None:
    """A number that two bytes do not hold is never written as another."""
    with pytest.raises(ValueError, match="16384 takes more than two bytes"):
        packed_numbers(np.array([1, 1 << 14]))
