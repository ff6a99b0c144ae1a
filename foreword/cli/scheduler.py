"""`foreword scheduler`: the refreshing daemon."""

from __future__ import annotations

import click

from foreword.cli.daemon import daemon_options, prepare
from foreword.cli.readiness import teller
from foreword.cli.settings import Settings


@click.command("scheduler")
@daemon_options
@click.pass_obj
def command(
    settings: Settings,
    *,
    as_of_ms: int | None,
    as_of_pair: tuple[int, int] | None,
    lifeline_fd: int | None,
    ready_fd: int | None,
) -> int:
    """Run the refreshing daemon in the foreground.

    The scheduler writes profiles and forewords when they are due. It works while no sidecar runs. SIGTERM and
    Ctrl-C let refreshes under way finish; the rest stays due.
    """
    from scheduler.daemon import run

    clock = prepare(settings, as_of_ms, as_of_pair, lifeline_fd)
    return run(settings.config, clock, config_file=settings.config_source, ready=teller(ready_fd))
