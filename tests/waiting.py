"""Waiting in tests: until something holds, and not for a time. Nothing else in tests sleeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

# Far more than anything takes here: reached only when it does not come at all.
PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.005

What = str | Callable[[], object]


def until(
    condition: Callable[[], Any], what: What = "the condition", *, seconds: float = PATIENCE_SECONDS
) -> Any:
    """Return the first true value of a condition; fail when none comes.

    Args:
        condition: Looked at again and again.
        what: What was waited for, to be said in vain; a function is asked only then.
        seconds: How long.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        _check(deadline, what)
        time.sleep(_POLL_SECONDS)
    return value


async def until_async(
    condition: Callable[[], Any], what: What = "the condition", *, seconds: float = PATIENCE_SECONDS
) -> Any:
    """Do as `until` does while the event loop turns."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        _check(deadline, what)
        await asyncio.sleep(_POLL_SECONDS)
    return value


def let_pass(seconds: float) -> None:
    """Let time pass where no particular moment is the point, or where what must not happen had its chance."""
    time.sleep(seconds)


async def let_pass_async(seconds: float) -> None:
    """Do as `let_pass` does while the event loop turns."""
    await asyncio.sleep(seconds)


def _check(deadline: float, what: What) -> None:
    assert time.monotonic() < deadline, f"waited in vain for: {what() if callable(what) else what}"
