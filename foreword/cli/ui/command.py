"""`foreword ui`: the page for operators."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from foreword.cli import lifeline, logs
from foreword.cli.output import note, print_json_line
from foreword.cli.readiness import teller
from foreword.cli.settings import Settings, user_options
from foreword.errors import MissingExtraError
from foreword.server_token import ServerToken

logger = logging.getLogger("foreword.ui")

DEFAULT_LISTEN = "127.0.0.1:7465"
_LIBRARIES = ("jinja2", "starlette", "uvicorn")
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("ui")
@click.option(
    "--listen",
    default=DEFAULT_LISTEN,
    show_default=True,
    metavar="HOST:PORT",
    help="Where the page is served; other addresses than loopback need --page-token-file.",
)
@click.option(
    "--host",
    "names",
    multiple=True,
    metavar="NAME",
    help="A further name of this machine that browsers may ask for, as behind a proxy; may be given again.",
)
@click.option(
    "--page-token-file",
    type=_FILE,
    metavar="FILE",
    help="Ask everybody for the token in FILE: as the password, under any name, or as a bearer.",
)
@click.option(
    "--certificate-file", type=_FILE, metavar="FILE", help="Serve with TLS: the PEM certificate chain."
)
@click.option("--key-file", type=_FILE, metavar="FILE", help="Its PEM private key.")
@click.option("--lifeline", "lifeline_fd", type=int, hidden=True)
@click.option("--ready", "ready_fd", type=int, hidden=True)
@user_options
@click.pass_obj
def command(
    settings: Settings,
    *,
    listen: str,
    names: tuple[str, ...],
    page_token_file: Path | None,
    certificate_file: Path | None,
    key_file: Path | None,
    lifeline_fd: int | None,
    ready_fd: int | None,
) -> None:
    """Serve a page that shows the store to operators, in the foreground.

    Overview, users, one user with evidence and history, answers, rankings, configuration and the cadence simulator; it
    refreshes, rolls back, pauses and erases. Without script, cookies, or anything from elsewhere. Talks to the sidecar
    like any client; works while there is none, and says so.
    """
    try:
        from foreword.cli.ui.application import make_application
        from foreword.cli.ui.serving import (
            Access,
            address_of,
            bind,
            check,
            hosts_of,
            make_server,
            parse_listen,
        )
    except ModuleNotFoundError as exc:
        if (exc.name or "").split(".")[0] not in _LIBRARIES:
            raise
        raise MissingExtraError("foreword ui", "ui") from exc
    token = None
    if page_token_file is not None:
        token = ServerToken(page_token_file, "--page-token-file", logger)
    access = Access(parse_listen(listen), names, token, certificate_file, key_file)
    check(access)
    logs.configure(as_json=settings.as_json, verbose=settings.verbose)
    # That it starts and stops is said by ourselves, once.
    logging.getLogger("uvicorn").setLevel(logging.DEBUG if settings.verbose else logging.WARNING)
    if lifeline_fd is not None:
        lifeline.follow(lifeline_fd)
    if not (access.is_loopback or access.has_tls):
        note(
            "Warning: without --certificate-file the token and all that is shown cross the network as they are"
        )
    listening = bind(access)
    port = listening.getsockname()[1]
    application = make_application(settings, hosts=hosts_of(access, port), token=access.token)
    told = teller(ready_fd)

    def ready(addresses: Sequence[str]) -> None:
        told(addresses)
        if ready_fd is None:
            _say(settings, addresses[0])

    # Ctrl-C is how it is meant to end, as it is for the daemons.
    with suppress(KeyboardInterrupt):
        make_server(application, access, address_of(access, port), ready).run(sockets=[listening])


def _say(settings: Settings, address: str) -> None:
    if settings.as_json:
        print_json_line({"event": "ready", "addresses": [address]})
    else:
        click.echo(f"The page is at {address}   (Ctrl-C stops it)")
