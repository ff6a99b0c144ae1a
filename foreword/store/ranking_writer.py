"""Writing what ranking keeps of users: a block of parameters each, and a log of the orders that were offered."""

from __future__ import annotations

import logging

from foreword import keys
from foreword.keys import UserKey
from foreword.store import databases as db
from foreword.store.decision_key import decision_time_ms, user_digest
from foreword.store.reader import prefixed
from foreword.store.seal import SEAL_BYTES, sealed, unsealed
from foreword.store.transaction import Transaction
from foreword.store.v1.ranking_pb2 import LoggedDecision
from foreword.v1.ranking_pb2 import RankingDecision

_log = logging.getLogger("foreword.store")


class RankingTransaction(Transaction):
    """The part of a write transaction over activity.lmdb that is about ranking; `ActivityTransaction.ranking`."""

    def block(self, user: UserKey) -> bytes | None:
        """Return a user's block; None when there is none, or a damaged one, which the log has named."""
        return block_of(user, self._get(db.RANKING_BLOCKS, user))

    def put_block(self, user: UserKey, block: bytes) -> None:
        """Write a user's block over the former one; no other user's row is touched."""
        self._put(db.RANKING_BLOCKS, user, sealed(db.RANKING_BLOCKS, user, block))

    def drop_block(self, user: UserKey) -> bool:
        """Remove a user's block, to be made anew from the events; return whether there was one."""
        return self._delete(db.RANKING_BLOCKS, user)

    def decision(self, key: bytes) -> RankingDecision | None:
        """Return a logged decision; None when there is none, or a damaged one."""
        return decision_of(key, self._get(db.RANKING_DECISIONS, key))

    def put_decision(self, key: bytes, decision: RankingDecision | LoggedDecision) -> None:
        """Log a decision."""
        row = sealed(db.RANKING_DECISIONS, key, decision.SerializeToString())
        self._put(db.RANKING_DECISIONS, key, row)

    def drop_decisions(self, after: bytes, before_ms: int, limit: int) -> bytes:
        """Remove the decisions older than a time among the next `limit`; return the last key looked at, or nothing.

        Args:
            after: The last key of the former call; empty begins anew.
            before_ms: Decisions from this time on stay.
            limit: How many are looked at.
        """
        cursor = self._txn.cursor(db=self._db[db.RANKING_DECISIONS])
        seen: list[bytes] = []
        if cursor.set_range(after + b"\0"):
            for key in cursor.iternext(keys=True, values=False):
                seen.append(bytes(key))
                if len(seen) >= limit:
                    break
        for key in seen:
            if decision_time_ms(key) < before_ms:
                self._delete(db.RANKING_DECISIONS, key)
        return seen[-1] if len(seen) == limit else b""

    def erase(self, user: UserKey) -> dict[bytes, int]:
        """Remove all that is kept of a user; return how many rows went, by database."""
        rows = prefixed(self._txn.cursor(db=self._db[db.RANKING_DECISIONS]), user_digest(user))
        # A damaged row cannot say whose it is, and goes: nobody could use it.
        theirs = [bytes(key) for key, row in rows if _is_of(user, bytes(key), row)]
        return {
            db.RANKING_BLOCKS: int(self.drop_block(user)),
            db.RANKING_DECISIONS: sum(self._delete(db.RANKING_DECISIONS, key) for key in theirs),
        }


def block_of(user: UserKey, row: bytes | None) -> bytes | None:
    """Return the block in a row; None when there is none or its checksum fails."""
    return _whole(db.RANKING_BLOCKS, user, row)


def decision_of(key: bytes, row: bytes | None) -> RankingDecision | None:
    """Return the decision in a row; None when there is none or its checksum fails."""
    whole = _whole(db.RANKING_DECISIONS, key, row)
    return None if whole is None else RankingDecision.FromString(whole)


def _whole(database: bytes, key: bytes, row: bytes | None) -> bytes | None:
    if row is None:
        return None
    whole = unsealed(database, key, row)
    # Rows of this database always had a seal: one without was cut.
    if whole is None or len(whole) != len(row) - SEAL_BYTES:
        _log.error("a row of activity.%s under %s is damaged and left out", database.decode(), key.hex())
        return None
    return whole


def _is_of(user: UserKey, key: bytes, row: bytes) -> bool:
    decision = decision_of(key, row)
    return decision is None or keys.user_key(decision.user_id, decision.namespace) == user
