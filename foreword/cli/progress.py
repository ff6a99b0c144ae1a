"""How far long work is: a bar on a terminal, elsewhere a line a minute."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TextIO

import click

from foreword.cli.output import bytes_text

# A log that is read afterwards should say that work went on, not be made of it.
_LINE_SECONDS = 60.0

Show = Callable[[str, int, int, str], None]
"""Takes what is worked on, how much of it is done, how much there is (0 when unknown), and the unit."""


def in_unit(show: Show, unit: str) -> Callable[[str, int, int], None]:
    """Return what shows work whose amounts are all of one unit."""
    return lambda name, done, total: show(name, done, total, unit)


@contextmanager
def progress(
    *, as_json: bool, stream: TextIO | None = None, now: Callable[[], float] = time.monotonic
) -> Iterator[Show]:
    """Yield what shows how far work is, on stderr.

    Args:
        as_json: Lines are JSON objects, for machines that read stderr; there is no bar.
        stream: Where to, instead of stderr.
        now: Tells seconds.
    """
    stream = stream or sys.stderr
    with ExitStack() as stack:
        if stream.isatty() and not as_json:
            yield _Bars(stack, stream).show
        else:
            yield _Lines(stream, now, as_json=as_json).show


class _Bars:
    """click's bar, a new one for each piece of work."""

    def __init__(self, stack: ExitStack, stream: TextIO) -> None:
        self._stack = stack
        self._stream = stream
        self._label: str | None = None
        self._bar: Any = None

    def show(self, label: str, done: int, total: int, _unit: str) -> None:
        if label != self._label:
            self._stack.close()
            self._label = label
            bar = click.progressbar(length=total or 1, label=label, file=self._stream)
            self._bar = self._stack.enter_context(bar)
        # The total may only be known once work has begun, and grow with it.
        self._bar.length = max(total, done) or 1
        self._bar.update(done - self._bar.pos)


class _Lines:
    """A line once a minute, the first one after a minute."""

    def __init__(self, stream: TextIO, now: Callable[[], float], *, as_json: bool) -> None:
        self._stream = stream
        self._now = now
        self._as_json = as_json
        self._due = now() + _LINE_SECONDS

    def show(self, label: str, done: int, total: int, unit: str) -> None:
        if self._now() < self._due:
            return
        self._due = self._now() + _LINE_SECONDS
        if self._as_json:
            fields = {"label": label, "done": done, "total": total or None, "unit": unit}
            line = json.dumps({"progress": fields}, ensure_ascii=False)
        else:
            line = f"{label}: {_amount(done, total, unit)}"
        click.echo(line, file=self._stream)


def _amount(done: int, total: int, unit: str) -> str:
    said = bytes_text if unit == "bytes" else "{:,}".format
    named = "" if unit == "bytes" else f" {unit}"
    return f"{said(done)} of {said(total)}{named} ({done / total:.0%})" if total else f"{said(done)}{named}"
