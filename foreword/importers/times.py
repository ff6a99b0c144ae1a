"""When messages were that do not say so themselves."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

_MESSAGE_MS = 1000
# The last of a Timestamp; the store says that an event is ahead of its time.
_LAST_MS = 253_402_300_799_999


class Times:
    """Gives each event of a file a time, so that what followed in the file follows in time.

    A message has its own time, else a second after the one before it. A conversation begins at its record's time, else
    a second after the conversation before it, the first at the start given.

    Args:
        start_ms: When the first conversation without a time began, in milliseconds since 1970.

    Attributes:
        start_ms: The same.
        untimed: How many messages had neither a time of their own nor one of their record.
    """

    def __init__(self, start_ms: int) -> None:
        self.start_ms = start_ms
        self.untimed = 0
        self._next_start_ms = start_ms
        self._is_timed = True
        self._now_ms: int | None = None
        self._last_ms: int | None = None

    def begin(self, time: Timestamp | None) -> None:
        """Begin a conversation, at a time if it states one."""
        self._is_timed = time is not None
        self._now_ms = time.ToMilliseconds() - _MESSAGE_MS if time is not None else None
        self._last_ms = None

    def message(self, time: Timestamp | None) -> None:
        """Begin a message, at a time if it states one."""
        if time is not None:
            self._now_ms, self._is_timed = time.ToMilliseconds(), True
            return
        self.untimed += not self._is_timed
        if self._now_ms is not None:
            self._now_ms += _MESSAGE_MS
        else:
            self._now_ms = self._next_start_ms
        if not self._is_timed:
            self._next_start_ms = self._now_ms + _MESSAGE_MS

    def next(self) -> Timestamp:
        """Return the time of the message's next event: later than all of its conversation before, by a millisecond."""
        assert self._now_ms is not None
        later_ms = self._last_ms + 1 if self._last_ms is not None else self._now_ms
        self._last_ms = max(self._now_ms, later_ms)
        time = Timestamp()
        time.FromMilliseconds(min(self._last_ms, _LAST_MS))
        return time
