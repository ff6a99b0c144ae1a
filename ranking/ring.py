"""The last actions of a user, the newest last, as columns."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

from foreword.errors import StoreCorruptError

RECENT_MAX = 16
"""Last actions of a user; the ten newest are looked at, and a few more where some turn out to be unknown."""
REFUSED_MAX = 8
"""Refusals among them: who turns down many would otherwise have nothing in the ring that they liked."""
TAKEN_MIN = 0.5
"""The reward from which on an action counts as taken."""

_SECONDS_MAX = 0xFFFF_FFFF


@dataclass(frozen=True)
class Ring:
    """The last actions; each column has as many values as there are actions, at most 16.

    Attributes:
        rows: Their rows in the model.
        seconds: When they came, in seconds since 1970.
        rewards: What came of them, 0 to 1.
    """

    rows: tuple[int, ...] = ()
    seconds: tuple[int, ...] = ()
    rewards: tuple[float, ...] = ()

    def followed(self, row: int, now_ms: int, reward: float) -> Ring:
        """Return the ring with one more action at its end; where it was full another is left out.

        One that was refused when there are more than 8 of them, else the oldest that was taken.
        """
        rows, rewards = (*self.rows, row), (*self.rewards, reward)
        seconds = (*self.seconds, min(max(now_ms // 1000, 0), _SECONDS_MAX))
        if len(rows) <= RECENT_MAX:
            return Ring(rows, seconds, rewards)
        refused = [place for place, one in enumerate(rewards) if one < TAKEN_MIN]
        if len(refused) > REFUSED_MAX:
            out = refused[0]
        else:
            out = next(place for place, one in enumerate(rewards) if one >= TAKEN_MIN)
        older, newer = slice(out), slice(out + 1, None)
        return Ring(
            rows[older] + rows[newer], seconds[older] + seconds[newer], rewards[older] + rewards[newer]
        )

    def taken(self, count: int) -> list[int]:
        """Return the rows of the last actions that were taken, the newest first: what was refused leads nowhere."""
        met = zip(reversed(self.rows), reversed(self.rewards), strict=True)
        return [row for row, reward in met if reward >= TAKEN_MIN][:count]

    def to_bytes(self) -> bytes:
        """Return the ring as it is stored: for each action row, seconds and reward, four bytes each."""
        met = zip(self.rows, self.seconds, self.rewards, strict=True)
        return _struct(len(self.rows)).pack(*(number for one in met for number in one))

    @classmethod
    def from_bytes(cls, data: bytes, start: int) -> Ring:
        """Return the ring that is stored from a place on to the end.

        Raises:
            StoreCorruptError: It is cut short, or too long.
        """
        count, rest = divmod(len(data) - start, ACTION_BYTES)
        if rest or not 0 <= count <= RECENT_MAX:
            raise StoreCorruptError(f"A user's last actions have {len(data) - start} bytes")
        numbers = _struct(count).unpack_from(data, start)
        return cls(numbers[::3], numbers[1::3], numbers[2::3])


ACTION_BYTES = struct.calcsize("<IIf")
EMPTY = Ring()


@lru_cache(maxsize=RECENT_MAX + 1)
def _struct(count: int) -> struct.Struct:
    return struct.Struct("<" + count * "IIf")
