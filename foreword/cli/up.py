"""`foreword up`: both daemons, one command."""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from pathlib import Path

import click

from foreword.cli import lifeline
from foreword.cli.output import print_json_line
from foreword.cli.replay import Replay, make_replay, replay_option
from foreword.cli.settings import Settings, shared_options
from foreword.cli.supervisor import Daemon, Supervisor
from foreword.errors import StoreLockedError, StoreNotWritableError
from foreword.store.lock import hold_activity, hold_profiles

_DAEMONS = ("sidecar", "scheduler")
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
    _refuse_second(settings.config.store.directory.absolute())
    asyncio.run(_run(settings, make_replay(as_of_ms, as_of_pair)))


def _refuse_second(directory: Path) -> None:
    """Raise, before anything is started, when daemons run on the store: they would only be told so themselves.

    What else keeps a daemon from its store is said by that daemon, and so is a lock that is taken meanwhile.
    """
    try:
        for hold in (hold_activity, hold_profiles):
            hold(directory).release()
    except StoreLockedError as exc:
        hint = "see how it does with `foreword status`; stop it first, or name another store with --config"
        raise StoreLockedError(exc.message, hint=hint) from exc
    except StoreNotWritableError:
        # A store that can only be read is served all the same.
        return


async def _run(settings: Settings, replay: Replay) -> None:
    scheduler, sidecar = settings.config.scheduler, settings.config.sidecar
    announcement = _Announcement(as_json=settings.as_json)
    daemons = [
        Daemon(name, _command(name, settings, replay), partial(announcement.ready, name)) for name in _DAEMONS
    ]
    supervisor = Supervisor(
        daemons,
        _json_line if settings.as_json else _text_line,
        max(scheduler.drain_seconds, sidecar.drain_seconds) + _STOP_MARGIN_SECONDS,
    )
    await supervisor.run()


def _command(name: str, settings: Settings, replay: Replay) -> list[str]:
    config = ["--config", str(Path(settings.config_file).absolute())] if settings.config_file else []
    flags = [flag for flag, given in (("--json", settings.as_json), ("--verbose", settings.verbose)) if given]
    ties = ["--lifeline", "{lifeline}", "--ready", "{ready}"]
    return [sys.executable, "-m", "foreword", name, *config, *flags, *replay.arguments(), *ties]


class _Announcement:
    """Says once that both daemons work, where the sidecar serves, and how to call it."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._waiting = set(_DAEMONS)
        self._addresses: list[str] = []

    def ready(self, name: str, addresses: list[str]) -> None:
        """Note that a daemon works; one that was started again says so again."""
        if name not in self._waiting:
            return
        self._waiting.remove(name)
        self._addresses += addresses
        if not self._waiting:
            self._say()

    def _say(self) -> None:
        if self._as_json:
            print_json_line({"event": "ready", "addresses": self._addresses})
            return
        click.echo(f"Foreword is ready at {' and '.join(self._addresses)}")
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
