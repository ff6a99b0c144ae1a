"""What the user turned to and from."""

from __future__ import annotations

from collections.abc import Iterator, Set

from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings
from scheduler.agent.labels import join
from scheduler.agent.saying.areas import JOINTS, areas, keys, names_of
from scheduler.agent.saying.saying import Saying

# A turn shows in three recent events and twice the remembered share.
_RISING_FACTOR = 2.0
_RISING_SHARE_MIN = 0.1
_RISING_EVENTS_MIN = 3
_FALLING_FACTOR = 0.4
_FALLING_SHARE_MIN = 0.12
_FALLING_WINDOW_EVENTS_MIN = 8


def turns(findings: Findings, _: profile_pb2.SelfModel, claimed: Set[str]) -> Iterator[Saying]:
    """Say what the user turned to and from, where the window differs from the memory."""
    joint = JOINTS[findings.kind]
    unclaimed = [item for item in areas(findings) if item.key not in claimed]
    rising = [
        item
        for item in unclaimed
        if item.window_share >= max(_RISING_SHARE_MIN, _RISING_FACTOR * item.memory_share)
        and findings.window.recent.get(item.key, 0) >= _RISING_EVENTS_MIN
    ]
    falling = [
        item
        for item in unclaimed
        if findings.window.count >= _FALLING_WINDOW_EVENTS_MIN
        and item.memory_share >= _FALLING_SHARE_MIN
        and item.window_share <= _FALLING_FACTOR * item.memory_share
    ]
    new, old = names_of(findings, rising, 2), names_of(findings, falling, 2)
    if new:
        yield Saying("turn", f"Recently also {joint}{join(new)}.", keys(rising[:2]))
    if old:
        yield Saying("turn", f"Earlier more {joint}{join(old)}.", keys(falling[:2]))
