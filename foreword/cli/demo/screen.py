"""What the person at the terminal sees: numbered steps with their times."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


class Screen:
    """Prints the steps of the demo; silent when the output is for machines.

    Args:
        silent: Print nothing, only keep the times.
        proceed: Called before each step and after it; raises when the demo is to end.
    """

    def __init__(self, *, silent: bool, proceed: Callable[[], None] = lambda: None) -> None:
        self.silent = silent
        self._proceed = proceed
        self.seconds: dict[str, float] = {}
        self._number = 0

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[None]:
        """Print a step's title, run the block, and print how long it took."""
        self._proceed()
        self._number += 1
        if self._number > 1:
            self.say("")
        self.say(click.style(f"{self._number}. {title}", bold=True))
        started = time.perf_counter()
        yield
        self._proceed()
        self.seconds[name] = time.perf_counter() - started
        self.detail(click.style(f"({self.seconds[name]:.1f} s)", dim=True))

    def say(self, text: str) -> None:
        """Print a line as it is."""
        if not self.silent:
            click.echo(text)

    def detail(self, text: str) -> None:
        """Print lines under the step's title."""
        for line in text.splitlines():
            self.say(f"   {line}".rstrip())

    def quote(self, text: str) -> None:
        """Print a text as it was served."""
        for line in text.splitlines() or ["(empty)"]:
            self.detail(f"{click.style('│', fg='cyan')} {line}")
