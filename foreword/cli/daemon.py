"""What is set up before either daemon runs."""

from __future__ import annotations

import click

from foreword.cli import lifeline, logs
from foreword.cli.replay import make_replay, replay_option
from foreword.cli.settings import Decorated, Settings, shared_options
from foreword.clock import Clock


def daemon_options(command: Decorated) -> Decorated:
    """Add what both daemons take: the shared options, --as-of, and the two pipes of a supervisor."""
    lifeline_option = click.option("--lifeline", "lifeline_fd", type=int, hidden=True)
    ready_option = click.option("--ready", "ready_fd", type=int, hidden=True)
    return replay_option(lifeline_option(ready_option(shared_options(command))))


def prepare(
    settings: Settings, as_of_ms: int | None, as_of_pair: tuple[int, int] | None, lifeline_fd: int | None
) -> Clock:
    """Set up logging and the tie to a supervisor, as the options say; return the clock to go by."""
    logs.configure(as_json=settings.as_json, verbose=settings.verbose)
    if lifeline_fd is not None:
        lifeline.follow(lifeline_fd)
    return make_replay(as_of_ms, as_of_pair).clock()
