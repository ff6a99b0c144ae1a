"""A user's block of parameters for ranking as an export shows it; docs/store-format.md has the layout."""

from __future__ import annotations

import math
import struct

from foreword.v1.ranking_pb2 import RankingBlock

# Format, dimensions, actions in the ring, nothing; model version, observations, time of the last change.
_HEADER = struct.Struct("<BBBxIIq")
_FORMAT = 1


def exported(block: bytes) -> RankingBlock:
    """Return what a block says; of one in a format that this version does not know, nothing.

    Read without numpy, which whoever exports need not have.
    """
    if len(block) < _HEADER.size or block[0] != _FORMAT:
        return RankingBlock()
    _, size, _, version, observations, updated_ms = _HEADER.unpack_from(block)
    mean = struct.unpack_from(f"<{size}f", block, _HEADER.size)
    upper = struct.unpack_from(f"<{size * (size + 1) // 2}f", block, _HEADER.size + 4 * size)
    # Row by row the upper triangle, each row one shorter: the diagonal stands at the beginning of each.
    diagonal = [upper[row * size - row * (row - 1) // 2] for row in range(size)]
    found = RankingBlock(
        model_version=version,
        observation_count=observations,
        mean=mean,
        deviation=[math.sqrt(max(variance, 0.0)) for variance in diagonal],
    )
    found.updated_at.FromMilliseconds(updated_ms)
    return found
