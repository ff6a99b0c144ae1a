"""Who writes a core now, among all processes that share the cache."""

from __future__ import annotations

import os
import socket
from secrets import token_hex

from foreword.clock import Clock
from foreword.store.v1.answers_pb2 import Lease
from tiering.cores import LEASE, holds_lease
from tiering.digest import CoreId
from tiering.rows import put_row, read_row
from tiering.shelf import Shelf


class Leases:
    """Leases on cores, each with a fence: a number that only grows, so that who lost a lease can store nothing.

    A lease counts by the clock of this machine, which all processes of one cache share. Set back while a lease is
    held, it holds that much longer, at most twice the longest: a lease from further ahead is no lease.

    Args:
        shelf: Where leases are.
        clock: Tells the time.
        seconds: How long a lease holds unless it is renewed.
        seconds_max: How long any lease on this shelf may hold; `seconds` where all are alike.
    """

    def __init__(
        self, shelf: Shelf, clock: Clock, seconds: float, *, seconds_max: float | None = None
    ) -> None:
        self._shelf = shelf
        self._clock = clock
        self._holds_ms = int(seconds * 1000)
        self._holds_ms_max = max(self._holds_ms, int((seconds_max or 0) * 1000))
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"

    def take(self, core_id: CoreId) -> Lease | None:
        """Return a lease on a core, or None while somebody else holds one.

        Raises:
            CacheError: The cache cannot be written.
        """
        with self._shelf.writing():
            former = read_row(self._shelf, LEASE + core_id, Lease) or Lease()
            now_ms = self._clock.now_ms()
            if self._is_in_force(former, now_ms):
                return None
            lease = Lease(fence=former.fence + 1, until_ms=now_ms + self._holds_ms, holder=self._holder)
            put_row(self._shelf, LEASE + core_id, lease)
        return lease

    def renew(self, core_id: CoreId, lease: Lease) -> bool:
        """Hold a lease for longer; return False when somebody else has taken it.

        Raises:
            CacheError: The cache cannot be written.
        """
        with self._shelf.writing():
            if not holds_lease(self._shelf, core_id, lease):
                return False
            lease.until_ms = self._clock.now_ms() + self._holds_ms
            put_row(self._shelf, LEASE + core_id, lease)
        return True

    def give_back(self, core_id: CoreId, lease: Lease) -> None:
        """End a lease, so that the next one need not wait; does nothing when somebody else has taken it.

        Raises:
            CacheError: The cache cannot be written.
        """
        with self._shelf.writing():
            if holds_lease(self._shelf, core_id, lease):
                # The fence stays: the next one must be higher.
                put_row(self._shelf, LEASE + core_id, Lease(fence=lease.fence))

    def is_held(self, core_id: CoreId) -> bool:
        """Return whether somebody writes a core now.

        Raises:
            CacheError: The cache cannot be read.
        """
        held = read_row(self._shelf, LEASE + core_id, Lease)
        return held is not None and self._is_in_force(held, self._clock.now_ms())

    def _is_in_force(self, lease: Lease, now_ms: int) -> bool:
        return now_ms < lease.until_ms <= now_ms + 2 * self._holds_ms_max
