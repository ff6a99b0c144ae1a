"""`foreword up`: both daemons, one command."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from foreword.cli import lifeline
from foreword.cli.output import print_json_line
from foreword.cli.replay import Replay, make_replay, replay_option
from foreword.cli.settings import Settings, shared_options
from foreword.cli.supervisor import Daemon, Supervisor
from foreword.cli.ui.command import DEFAULT_LISTEN
from foreword.errors import StoreLockedError, StoreNotWritableError
from foreword.store.lock import hold_activity, hold_profiles

_DAEMONS = ("sidecar", "scheduler")
_UI = "ui"
# What is left of a daemon's own drain limit when it must also write logs and close its store.
_STOP_MARGIN_SECONDS = 10.0


@click.command("up")
@replay_option
@click.option(
    "--ui",
    "ui_listen",
    is_flag=False,
    flag_value=DEFAULT_LISTEN,
    metavar="[HOST:PORT]",
    help=f"Serve the operators' page as well, in a process of its own; at {DEFAULT_LISTEN} when no address is given.",
)
@click.option("--lifeline", "lifeline_fd", type=int, hidden=True)
@shared_options
@click.pass_obj
def command(
    settings: Settings,
    *,
    as_of_ms: int | None,
    as_of_pair: tuple[int, int] | None,
    ui_listen: str | None,
    lifeline_fd: int | None,
) -> None:
    """Run both daemons in the foreground and keep them running.

    A daemon that dies is started again, later each time; both end together on SIGTERM or Ctrl-C, and when this
    process is killed.
    """
    if lifeline_fd is not None:
        lifeline.follow(lifeline_fd)
    _refuse_second(settings.config.store.directory.absolute())
    asyncio.run(_run(settings, make_replay(as_of_ms, as_of_pair), ui_listen))


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


async def _run(settings: Settings, replay: Replay, ui_listen: str | None) -> None:
    scheduler, sidecar = settings.config.scheduler, settings.config.sidecar
    announcement = _Announcement(as_json=settings.as_json, has_page=ui_listen is not None)
    daemons = [
        Daemon(name, _command(name, settings, replay.arguments()), partial(announcement.ready, name))
        for name in _DAEMONS
    ]
    if ui_listen is not None:
        command = _command(_UI, settings, ["--listen", ui_listen])
        daemons.append(Daemon(_UI, command, partial(announcement.ready, _UI), is_vital=False))
    supervisor = Supervisor(
        daemons,
        _json_line if settings.as_json else _text_line,
        max(scheduler.drain_seconds, sidecar.drain_seconds) + _STOP_MARGIN_SECONDS,
    )
    await supervisor.run()


def _command(name: str, settings: Settings, own: Sequence[str]) -> list[str]:
    config = ["--config", str(Path(settings.config_file).absolute())] if settings.config_file else []
    flags = [flag for flag, given in (("--json", settings.as_json), ("--verbose", settings.verbose)) if given]
    ties = ["--lifeline", "{lifeline}", "--ready", "{ready}"]
    return [sys.executable, "-m", "foreword", name, *config, *flags, *own, *ties]


class _Announcement:
    """Says once that both daemons work, where the sidecar serves, and how to call it; and where the page is."""

    def __init__(self, *, as_json: bool, has_page: bool = False) -> None:
        self._as_json = as_json
        self._waiting = {*_DAEMONS, *([_UI] if has_page else [])}
        self._addresses: list[str] = []
        self._page = ""

    def ready(self, name: str, addresses: list[str]) -> None:
        """Note that a daemon works; one that was started again says so again."""
        if name not in self._waiting:
            return
        self._waiting.remove(name)
        if name == _UI:
            self._page = addresses[0]
        else:
            self._addresses += addresses
        if not self._waiting:
            self._say()

    def _say(self) -> None:
        if self._as_json:
            page = {"page": self._page} if self._page else {}
            print_json_line({"event": "ready", "addresses": self._addresses, **page})
            return
        click.echo(f"Foreword is ready at {' and '.join(self._addresses)}")
        if self._page:
            click.echo(f"  The page is at {self._page}")
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
