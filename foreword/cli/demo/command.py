"""`foreword demo`: forewords written from real activity, from nothing, in under a minute."""

from __future__ import annotations

import signal
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from types import FrameType

import click

from foreword.cli.demo.calling import how_to_call
from foreword.cli.demo.daemons import DemoDaemons
from foreword.cli.demo.data import DemoData
from foreword.cli.demo.model_process import ModelProcess
from foreword.cli.demo.movielens import DataUnavailableError, load_movielens
from foreword.cli.demo.repository import has_own_checkout, load_repository, own_checkout
from foreword.cli.demo.screen import Screen
from foreword.cli.demo.story import Story
from foreword.cli.output import print_json
from foreword.cli.settings import Settings, shared_options


@click.command("demo")
@click.option(
    "--git",
    "repository",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="PATH",
    help="Show the authors of this git repository instead of MovieLens' viewers.",
)
@click.option(
    "--model",
    "with_model",
    is_flag=True,
    help="Ask a language model too, a stand-in on this machine (extra model-server), and show what it adds.",
)
@click.option("--keep", is_flag=True, help="Leave both daemons running, and say how to call and stop them.")
@shared_options
@click.pass_obj
def command(settings: Settings, repository: Path | None, with_model: bool, keep: bool) -> None:
    """Show forewords written from real activity and served over gRPC.

    Starts both daemons on a temporary store, records what real people did (MovieLens 100K, downloaded with pip for
    this run only; or the authors of a git repository), and shows what is served. Leaves nothing behind.
    """
    if with_model and keep:
        raise click.UsageError("--model ends with its model server, so there is nothing to keep; choose one")
    interruption = Interruption()
    # Ended by SIGTERM, the daemons and the temporary store must go as on Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interruption.notice)
    screen = Screen(silent=settings.as_json, proceed=interruption.check)
    with screen.step("data", "Real people's activity"):
        data = _load(repository, screen, with_model=with_model)
    with ExitStack() as ending:
        model = ModelProcess() if with_model else None
        if model is not None:
            ending.callback(model.stop)
        daemons = DemoDaemons(data.as_of_ms, keep=keep, model_url="" if model is None else model.url)
        ending.callback(daemons.stop)
        story = Story(data, daemons, screen, model)
        with closing(story):
            shown = story.tell()
        if keep:
            ending.pop_all()
    user = shown[0].user_id if shown else data.users[0]
    if settings.as_json:
        kept = {"pid": daemons.process.pid, "folder": str(daemons.folder), "address": daemons.address}
        print_json(story.result | ({"kept": kept} if keep else {}))
    elif keep:
        click.echo(how_to_call(daemons, user))
    else:
        total = sum(screen.seconds.values())
        screen.say(f"\nDone in {total:.0f} s; both daemons are stopped and the store is removed.")
        screen.say(
            "Leave it running: --keep (make demo KEEP=1). A repository's authors: --git PATH (make demo GIT=path)."
        )
        if not with_model:
            screen.say("What a language model adds: --model (make demo MODEL=1).")


def _load(repository: Path | None, screen: Screen, *, with_model: bool) -> DemoData:
    if repository is None and with_model and has_own_checkout():
        # A model reads what people write; of MovieLens there are titles, and nobody works on those.
        repository = own_checkout()
    if repository is not None:
        return _described(load_repository(repository), screen)
    try:
        with tempfile.TemporaryDirectory(prefix="foreword-wheel-") as folder:
            return _described(load_movielens(Path(folder)), screen)
    except DataUnavailableError as exc:
        screen.detail(f"MovieLens cannot be had here: {exc.message}.")
        screen.detail("So this checkout's own authors stand in for its viewers.")
        return _described(load_repository(own_checkout()), screen)


def _described(data: DemoData, screen: Screen) -> DemoData:
    screen.detail(f"{data.title}: {data.size}")
    screen.detail(data.terms)
    return data


class Interruption:
    """A request to end, which is not lost where Python drops an exception: in a callback, or while an object goes."""

    def __init__(self) -> None:
        self._is_noticed = False

    def notice(self, _number: int, _frame: FrameType | None) -> None:
        """Take the signal: end at once, or at the next step."""
        self._is_noticed = True
        raise KeyboardInterrupt

    def check(self) -> None:
        """Go on unless the signal came.

        Raises:
            KeyboardInterrupt: It did.
        """
        if self._is_noticed:
            raise KeyboardInterrupt
