"""A question to a model about one user: enough to apply its answer, however late it comes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from foreword.keys import UserKey
from foreword.v1.model_work_pb2 import ModelCall


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked.

    Attributes:
        user: User key; empty when the user is known to be erased.
        call: The row it ends with: id, provider, model, mode, segment, reason, and its greatest cost until that is
            known. Of a single call it is in `model_open`; of a batch it is not stored before its end.
        event_hashes: Of the events of the prompt, e1 first, as `event_hash` makes them.
        seen_seq: The newest event that was read for the prompt, in the order of acceptance.
        batch: The batch, by our number; 0 for a single call.
        place: The place in that batch.
    """

    user: UserKey
    call: ModelCall
    event_hashes: tuple[int, ...]
    seen_seq: int
    batch: int = 0
    place: int = 0


def event_hash(event_id: str) -> int:
    """Return what stands for an event in a question: the first 8 bytes of BLAKE2b of its id, big-endian."""
    return int.from_bytes(hashlib.blake2b(event_id.encode()).digest()[:8], "big")
