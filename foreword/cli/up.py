"""`foreword up`: both daemons, one command."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path

import click

from foreword.cli import lifeline
from foreword.cli.output import print_json_line
from foreword.cli.probe import is_serving
from foreword.cli.replay import Replay, make_replay, replay_option
from foreword.cli.settings import Settings, shared_options
from foreword.cli.supervisor import Daemon, Supervisor

_PROBE_SECONDS = 0.1
# What is left of a daemon's own drain limit when it must also write logs and close its store.
_STOP_MARGIN_SECONDS = 10.0


@click.command("up")
@replay_option
@click.option("--lifeline", "lifeline_fd", type=int, hidden=True)
@shared_options
@click.pass_obj
def command(
    settings: Settings, as_of_ms: int | None, as_of_pair: tuple[int, int] | None, lifeline_fd: int | None
) -> None:
    """Run both daemons in the foreground and keep them running.

    A daemon that dies is started again, later each time; both end together on SIGTERM or Ctrl-C, and when this
    process is killed.
    """
    if lifeline_fd is not None:
        lifeline.follow(lifeline_fd)
    asyncio.run(_run(settings, make_replay(as_of_ms, as_of_pair)))


async def _run(settings: Settings, replay: Replay) -> None:
    scheduler, sidecar = settings.config.scheduler, settings.config.sidecar
    daemons = [Daemon(name, _command(name, settings, replay)) for name in ("sidecar", "scheduler")]
    supervisor = Supervisor(
        daemons,
        _json_line if settings.as_json else _text_line,
        max(scheduler.drain_seconds, sidecar.drain_seconds) + _STOP_MARGIN_SECONDS,
    )
    announcing = asyncio.create_task(_announce(settings))
    try:
        await supervisor.run()
    finally:
        announcing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await announcing


def _command(name: str, settings: Settings, replay: Replay) -> list[str]:
    config = ["--config", str(Path(settings.config_file).absolute())] if settings.config_file else []
    flags = [flag for flag, given in (("--json", settings.as_json), ("--verbose", settings.verbose)) if given]
    lifeline_option = ["--lifeline", "{lifeline}"]
    return [sys.executable, "-m", "foreword", name, *config, *flags, *replay.arguments(), *lifeline_option]


async def _announce(settings: Settings) -> None:
    """Say once that the sidecar answers, where, and how to call it."""
    # A process next door sets no event of ours.
    while not await asyncio.to_thread(is_serving, settings.sidecar_address):  # noqa: ASYNC110
        await asyncio.sleep(_PROBE_SECONDS)
    addresses = list(settings.config.listen_addresses())
    if settings.as_json:
        print_json_line({"event": "ready", "addresses": addresses})
        return
    click.echo(f"Foreword is ready at {' and '.join(addresses)}")
    click.echo(
        "  foreword import events FILE   foreword text USER   foreword status   (Ctrl-C stops both daemons)"
    )


def _text_line(daemon: str, line: str) -> None:
    mark = click.style(f"{daemon or 'up':<9} |", dim=True)
    click.echo(f"{mark} {line}", err=True)


def _json_line(daemon: str, line: str) -> None:
    """Forward a daemon's own JSON with its name added; anything else becomes a message."""
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    fields = said if isinstance(said, dict) else {"message": line}
    click.echo(json.dumps({"daemon": daemon or "up", **fields}, ensure_ascii=False), err=True)
