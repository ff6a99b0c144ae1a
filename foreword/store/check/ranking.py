"""Looking through what ranking keeps: blocks of parameters, and the log of decisions."""

from __future__ import annotations

from collections.abc import Iterator

from foreword import keys
from foreword.errors import FieldError
from foreword.store import databases as db
from foreword.store.check.fault import Fault, shown
from foreword.store.check.rows import user_key_fault
from foreword.store.decision_key import KEY_BYTES, decision_id, decision_time_ms, user_digest
from foreword.store.ranking_writer import block_of, decision_of
from foreword.store.snapshot import Snapshot

# What a row takes at most: 16 dimensions and 16 recent actions are some 900 bytes.
BLOCK_BYTES_MAX = 2048


def ranking_blocks(snapshot: Snapshot) -> Iterator[Fault]:
    """Yield what is wrong with users' blocks of parameters."""
    for key, row in snapshot.rows(db.RANKING_BLOCKS):
        user = keys.UserKey(key)
        fault = user_key_fault(key)
        if not fault and block_of(user, row) is None:
            fault = "the checksum fails"
        if not fault and len(row) > BLOCK_BYTES_MAX:
            fault = f"the block has {len(row)} bytes, over {BLOCK_BYTES_MAX}"
        if fault:
            yield Fault("activity.ranking_blocks", shown(key), fault)


def ranking_decisions(snapshot: Snapshot) -> Iterator[Fault]:
    """Yield what is wrong with the log of decisions."""
    for key, row in snapshot.rows(db.RANKING_DECISIONS):
        fault = _decision_fault(key, row)
        if fault:
            yield Fault("activity.ranking_decisions", key.hex(), fault)


def _decision_fault(key: bytes, row: bytes) -> str:
    if len(key) != KEY_BYTES:
        return "the key is no decision's"
    decision = decision_of(key, row)
    if decision is None:
        return "the checksum fails"
    try:
        user = keys.user_key(decision.user_id, decision.namespace)
    except FieldError as exc:
        return f"it names no user: {exc}"
    is_own = (
        key.startswith(user_digest(user))
        and decision.decision_id == decision_id(key)
        and decision.time.ToMilliseconds() == decision_time_ms(key)
    )
    return "" if is_own else f"it is the decision {decision.decision_id} of {shown(user)}, under another key"
