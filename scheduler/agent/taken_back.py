"""What a rollback took back, and that it does not return by evidence that was known then."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from foreword.errors import FieldError
from foreword.topics import topic_key
from foreword.v1 import profile_pb2
from scheduler.agent.evidence import Evidence
from scheduler.agent.operations import (
    AddBelief,
    AddGoal,
    Operation,
    ReviseBelief,
    SetExpertise,
    SetPreference,
)

# More than a self-model holds at once: of several rollbacks the newest counts most, and each mark is 8 bytes.
MARKS_MAX = 80


def marks_of(model: profile_pb2.SelfModel) -> Iterator[int]:
    """Yield a mark of everything in a self-model that holds now; knowledge that code counts follows the counts."""
    yield from (_belief(row.subject) for row in model.beliefs if not row.HasField("valid_to"))
    yield from (_goal(row.statement) for row in model.goals if not row.HasField("valid_to"))
    yield from (_preference(row.key, row.value) for row in model.preferences)
    yield from (_expertise(row.area) for row in model.expertise if row.proposed_by)


def after_rollback(
    former: Iterable[int], current: profile_pb2.SelfModel, returned: profile_pb2.SelfModel
) -> list[int]:
    """Return the marks of what a rollback takes back, with those of rollbacks before that still are taken back.

    Args:
        former: The marks until now, oldest first.
        current: The self-model in force.
        returned: The one that takes its place.
    """
    held = set(marks_of(returned))
    taken = dict.fromkeys([*former, *marks_of(current)])
    return [mark for mark in taken if mark not in held][-MARKS_MAX:]


def check_not_taken_back(
    operation: Operation,
    sources: Sequence[Evidence],
    previous: profile_pb2.Profile | None,
    proposed_by: str,
) -> None:
    """Check that an operation does not bring back what a rollback took back, unless by newer evidence.

    Raises:
        FieldError: It does.
    """
    if previous is None or not previous.rollback.taken_back:
        return
    mark = _mark(operation, previous.self_model, proposed_by)
    end_ms = previous.rollback.data_watermark.ToMilliseconds()
    if mark in previous.rollback.taken_back and max(item.time_ms for item in sources) <= end_ms:
        raise FieldError("event_ids", "none after the rollback", "one newer than what was taken back by it")


def _mark(operation: Operation, held: profile_pb2.SelfModel, proposed_by: str) -> int | None:
    match operation:
        case AddBelief(subject):
            return _belief(subject)
        case ReviseBelief(belief_id):
            return next((_belief(row.subject) for row in held.beliefs if row.belief_id == belief_id), None)
        case AddGoal(statement):
            return _goal(statement)
        case SetPreference(key, value):
            return _preference(key, value)
        case SetExpertise(area) if proposed_by:
            return _expertise(area)
    return None


def _belief(subject: str) -> int:
    return _digest("belief", topic_key(subject))


def _goal(statement: str) -> int:
    return _digest("goal", topic_key(statement))


def _preference(key: str, value: str) -> int:
    return _digest("preference", key, topic_key(value))


def _expertise(area: str) -> int:
    return _digest("expertise", topic_key(area))


def _digest(*parts: str) -> int:
    # Not Python's hash, which differs from process to process.
    return int.from_bytes(hashlib.blake2s("\0".join(parts).encode(), digest_size=8).digest(), "big")
