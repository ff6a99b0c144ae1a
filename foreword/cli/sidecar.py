"""`foreword sidecar`: the serving daemon."""

from __future__ import annotations

import os

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
    # gRPC reads this once, when it is imported. The sidecar forks only to start other programs, and gRPC would write a
    # line of its own to the log whenever it does.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    from sidecar.server import run

    clock = prepare(settings, as_of_ms, as_of_pair, lifeline_fd)
    return run(settings.config, clock, config_file=settings.config_source, ready=teller(ready_fd))
