"""What failed a moment ago, so that not every asker waits for it to fail again."""

from __future__ import annotations

from foreword.clock import Clock
from foreword.errors import ForewordError
from foreword.store.v1.answers_pb2 import StoredFailure
from tiering.digest import CoreId
from tiering.errors import NoAnswerError
from tiering.rows import put_row, read_row
from tiering.shelf import Shelf

# A sentence, with room for a provider's own words; what is longer is cut.
_MESSAGE_CHARACTERS_MAX = 500
_FAILURE = b"f"


class Failures:
    """Failures to write cores, known to all processes for `seconds`; 0 means not at all. All may raise CacheError.

    A clock that is set back makes a failure from further ahead than `seconds` none.
    """

    def __init__(self, shelf: Shelf, clock: Clock, seconds: float) -> None:
        self._shelf = shelf
        self._clock = clock
        self._holds_ms = int(seconds * 1000)

    def note(self, core_id: CoreId, why: ForewordError | str) -> None:
        """Leave a core alone for a while. Blocks for the write."""
        if self._holds_ms:
            row = StoredFailure(until_ms=self._clock.now_ms() + self._holds_ms)
            row.message = (why if isinstance(why, str) else why.message)[:_MESSAGE_CHARACTERS_MAX]
            if isinstance(why, NoAnswerError):
                row.private_reason = why.private_reason
            put_row(self._shelf, _FAILURE + core_id, row)

    def noted(self, core_id: CoreId) -> StoredFailure | None:
        """Return the failure for which a core is left alone now."""
        row = read_row(self._shelf, _FAILURE + core_id, StoredFailure)
        ahead_ms = row.until_ms - self._clock.now_ms() if row is not None else 0
        return row if 0 < ahead_ms <= self._holds_ms else None
