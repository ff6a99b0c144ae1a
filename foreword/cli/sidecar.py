"""`foreword sidecar`: the serving daemon."""

from __future__ import annotations

import click

from foreword.cli.daemon import daemon_options, prepare
from foreword.cli.readiness import teller
from foreword.cli.settings import Settings


@click.command("sidecar")
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
    """Run the serving daemon in the foreground.

    The sidecar takes events and serves profiles and forewords. It works while no scheduler runs. SIGTERM and
    Ctrl-C let running calls finish first.
    """
    from sidecar.server import run

    clock = prepare(settings, as_of_ms, as_of_pair, lifeline_fd)
    return run(settings.config, clock, config_file=settings.config_source, ready=teller(ready_fd))
