"""`foreword scheduler`: the refreshing daemon."""

from __future__ import annotations

import click

from foreword.cli.daemon import prepare
from foreword.cli.replay import replay_option
from foreword.cli.settings import Settings, shared_options


@click.command("scheduler")
@replay_option
@click.option("--lifeline", "lifeline_fd", type=int, hidden=True)
@shared_options
@click.pass_obj
def command(
    settings: Settings, as_of_ms: int | None, as_of_pair: tuple[int, int] | None, lifeline_fd: int | None
) -> int:
    """Run the refreshing daemon in the foreground.

    The scheduler writes profiles and forewords when they are due. It works while no sidecar runs. SIGTERM and
    Ctrl-C let refreshes under way finish; the rest stays due.
    """
    from scheduler.daemon import run

    clock = prepare(settings, as_of_ms, as_of_pair, lifeline_fd)
    return run(settings.config, clock, config_file=settings.config_source)
