"""What is set up before either daemon runs."""

from __future__ import annotations

from foreword.cli import lifeline, logs
from foreword.cli.replay import make_replay
from foreword.cli.settings import Settings
from foreword.clock import Clock


def prepare(
    settings: Settings, as_of_ms: int | None, as_of_pair: tuple[int, int] | None, lifeline_fd: int | None
) -> Clock:
    """Set up logging and the tie to a supervisor, as the options say; return the clock to go by."""
    logs.configure(as_json=settings.as_json, verbose=settings.verbose)
    if lifeline_fd is not None:
        lifeline.follow(lifeline_fd)
    return make_replay(as_of_ms, as_of_pair).clock()
