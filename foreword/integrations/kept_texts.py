"""Texts that were read of late: kept, so that a prompt keeps its bytes, and not read again while reading costs time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

from foreword.integrations.user import User

# As long as providers keep a prompt from its last use: a text that changed sooner would cost the cache of all that
# stands behind it.
KEEP_SECONDS = 300.0
# A conversation goes on with the text it had while no sidecar answers, so that its prefix does not change twice. What
# was said of somebody an hour ago is no longer said.
KEEP_WITHOUT_SIDECAR_SECONDS = 3600.0
# Some 10 MB at a kilobyte a text; more conversations at once than one process of an agent holds.
TEXTS_MAX = 10_000
# A read that failed after half a second is followed by five seconds without one: a Foreword that does not answer
# costs a tenth of the time at most.
PAUSE_FACTOR = 10.0
# What fails sooner costs nothing worth a pause: a sidecar that is known to be gone, or one that refuses this user only.
CHEAP_SECONDS = 0.01


class _Kept(NamedTuple):
    text: str
    read_at: float


class KeptTexts:
    """The newest texts by user and conversation. Times are seconds of a monotonic clock, given by the caller."""

    def __init__(self) -> None:
        self._texts: OrderedDict[User, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._paused_until = 0.0

    def find(self, user: User, now: float) -> str | None:
        """Return the text to use without reading; None when it is to be read."""
        with self._lock:
            kept = self._texts.get(user)
            if kept is not None and now - kept.read_at < KEEP_SECONDS:
                self._texts.move_to_end(user)
                return kept.text
            return self._old(kept, now) if now < self._paused_until else None

    def put(self, user: User, text: str, now: float) -> str:
        """Keep a text that was read and return it. No text is not kept: it costs no cache, and one may come."""
        with self._lock:
            self._texts.pop(user, None)
            if text:
                self._texts[user] = _Kept(text, now)
            if len(self._texts) > TEXTS_MAX:
                self._texts.popitem(last=False)
        return text

    def failed(self, user: User, began: float, now: float) -> str:
        """Note that a read failed, and what time it cost; return the text to use instead."""
        with self._lock:
            if (cost := now - began) > CHEAP_SECONDS:
                self._paused_until = max(self._paused_until, now + cost * PAUSE_FACTOR)
            return self._old(self._texts.get(user), now)

    def _old(self, kept: _Kept | None, now: float) -> str:
        return kept.text if kept is not None and now - kept.read_at < KEEP_WITHOUT_SIDECAR_SECONDS else ""
