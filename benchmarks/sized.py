"""Benchmarks that can be run smaller than the figures that are kept."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.table import Table


def run_sized(run: Callable[..., Table], doc: str | None, **sizes: Any) -> None:
    """Run a benchmark from the command line, with an option for each size; keep its table when none is given.

    Args:
        run: Takes the sizes by name.
        doc: What it measures.
        sizes: The default of each.
    """
    parser = argparse.ArgumentParser(description=doc)
    for name, default in sizes.items():
        kind = type(default[0]) if isinstance(default, tuple) else type(default)
        shown = ", ".join(map(str, default)) if isinstance(default, tuple) else default
        several = "+" if isinstance(default, tuple) else None
        parser.add_argument(f"--{name}", type=kind, nargs=several, default=default, help=f"default: {shown}")
    given = vars(parser.parse_args())
    table = run(**given)
    if given == sizes:
        table.keep()
    print(table.markdown())


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let a SIGTERM end what was started within, as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
