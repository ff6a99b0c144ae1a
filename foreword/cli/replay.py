"""`--as-of`: daemons that go by another time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from foreword.clock import Clock, ReplayClock, SystemClock, parse_time_ms
from foreword.errors import FieldError

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class TimeType(click.ParamType[int]):
    """An RFC 3339 time, as milliseconds since 1970."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the time in ms."""
        try:
            time_ms = parse_time_ms(str(value), "--as-of")
        except FieldError as exc:
            self.fail(f"found {exc.found}; allowed: {exc.allowed}", param, ctx)
        if time_ms < 0:
            # The store's keys hold times from 1970 on; the daemons would fail at every write.
            self.fail(f"found {value!r}; allowed: a time from 1970 on", param, ctx)
        return time_ms


@dataclass(frozen=True)
class Replay:
    """A time to go by, tied to the machine's clock, so that processes given the same pair agree.

    Attributes:
        as_of_ms: The time at the start; None goes by the machine's clock.
        started_ms: The machine's time at the start.
    """

    as_of_ms: int | None
    started_ms: int

    def clock(self) -> Clock:
        """Return the clock of a daemon."""
        return SystemClock() if self.as_of_ms is None else ReplayClock(self.as_of_ms, self.started_ms)

    def arguments(self) -> list[str]:
        """Return the options that give another daemon the same clock."""
        if self.as_of_ms is None:
            return []
        return ["--as-of-ms", str(self.as_of_ms), str(self.started_ms)]


def replay_option(command: Decorated) -> Decorated:
    """Add --as-of; the command gets `replay`."""
    hidden = click.option("--as-of-ms", "as_of_pair", type=(int, int), hidden=True)
    shown = click.option(
        "--as-of",
        "as_of_ms",
        type=TimeType(),
        metavar="TIME",
        help="Go by this time (RFC 3339) and on from there, to replay the past; default: the machine's clock.",
    )
    return hidden(shown(command))


def make_replay(as_of_ms: int | None, as_of_pair: tuple[int, int] | None) -> Replay:
    """Return the replay that the two options ask for."""
    if as_of_pair is not None:
        return Replay(*as_of_pair)
    return Replay(as_of_ms, time.time_ns() // 1_000_000)
