"""What became of what the user was offered: suggestions, answers, products taken or turned down."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from foreword.v1 import event_pb2, profile_pb2

_ACCEPTING = frozenset({"accept", "accepted"})
_REJECTING = frozenset({"reject", "rejected"})


@dataclass(slots=True)
class Offers:
    """Counts of offers by what became of them, unfaded, with the lengths of those that say how long they were."""

    accepted: int = 0
    rejected: int = 0
    accepted_lengths: int = 0
    accepted_length_sum: float = 0.0
    rejected_lengths: int = 0
    rejected_length_sum: float = 0.0

    def add(self, is_accepted: bool, length: float | None) -> None:
        """Count one."""
        if is_accepted:
            self.accepted += 1
        else:
            self.rejected += 1
        if length is not None and is_accepted:
            self.accepted_lengths += 1
            self.accepted_length_sum += length
        elif length is not None:
            self.rejected_lengths += 1
            self.rejected_length_sum += length

    def write(self, memory: profile_pb2.Memory) -> None:
        """Write the counts into the memory of a profile, if there are any."""
        if self.accepted or self.rejected:
            memory.offers.accepted_count = self.accepted
            memory.offers.rejected_count = self.rejected
            memory.offers.accepted_length_count = self.accepted_lengths
            memory.offers.accepted_length_sum = self.accepted_length_sum
            memory.offers.rejected_length_count = self.rejected_lengths
            memory.offers.rejected_length_sum = self.rejected_length_sum


def offers_of(memory: profile_pb2.Memory) -> Offers:
    """Return the counts of a memory."""
    if not memory.HasField("offers"):
        return Offers()
    row = memory.offers
    return Offers(
        row.accepted_count,
        row.rejected_count,
        row.accepted_length_count,
        row.accepted_length_sum,
        row.rejected_length_count,
        row.rejected_length_sum,
    )


# Asked for every event of every refresh, while few types are in use.
@lru_cache(maxsize=4096)
def is_accepted(event_type: str, feedback: int) -> bool | None:
    """Return whether an event accepts what was offered; None when it is about no offer."""
    verb = event_type.rpartition(".")[2].lower()
    if feedback == event_pb2.FEEDBACK_ACCEPT or (not feedback and verb in _ACCEPTING):
        return True
    if feedback == event_pb2.FEEDBACK_REJECT or (not feedback and verb in _REJECTING):
        return False
    return None
