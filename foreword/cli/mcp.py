"""`foreword mcp`: an MCP server for one user, for the agents that work for them."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click

from foreword.cli.output import note, print_json_line
from foreword.cli.settings import Settings, user_options
from foreword.cli.termination import exit_on_sigterm
from foreword.errors import FieldError, MissingExtraError
from foreword.server_token import ServerToken

logger = logging.getLogger("foreword.mcp")

_TOKEN_VARIABLE = "FOREWORD_MCP_TOKEN"


@click.command("mcp")
@click.option(
    "--user", default="", envvar="FOREWORD_MCP_USER", metavar="USER", help="The user of this server."
)
@click.option(
    "--session",
    default="",
    envvar="FOREWORD_MCP_SESSION",
    metavar="ID",
    help="The running session, whose newest events the foreword names.",
)
@click.option(
    "--http",
    "listen",
    metavar="HOST:PORT",
    help="Serve streamable HTTP there, at /mcp, instead of stdin and stdout; port 0 takes a free one.",
)
@click.option(
    "--http-token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --http: ask clients for the token in this file, as it is by then; "
    f"default: {_TOKEN_VARIABLE}, or none on loopback.",
)
@click.option(
    "--user-header",
    default="",
    metavar="NAME",
    help="With --http, behind a proxy that sets it: the user of each request, instead of --user.",
)
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="With --http: a further name by which clients reach this server.",
)
@click.option(
    "--sessions-max",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    metavar="COUNT",
    help="With --http: sessions at once.",
)
@click.option("--read-only", is_flag=True, help="Offer only tools that change nothing.")
@user_options
@click.pass_obj
def command(
    settings: Settings,
    *,
    user: str,
    session: str,
    listen: str | None,
    http_token_file: Path | None,
    user_header: str,
    allowed_hosts: tuple[str, ...],
    sessions_max: int,
    read_only: bool,
) -> None:
    """Serve one user's foreword to agents by the Model Context Protocol.

    Agents read the foreword and the profile, record what the user did, correct and forget, ask for answers and rank.
    Whose they are is said here, never by a model. Ends when stdin does, or on SIGTERM and Ctrl-C.
    """
    exit_on_sigterm()
    if bool(user) == bool(user_header):
        raise click.UsageError("name the user with --user, or the header that names them with --user-header")
    if listen is None and (user_header or http_token_file or allowed_hosts):
        raise click.UsageError("--user-header, --http-token-file and --allowed-host are of --http")
    try:
        from foreword.mcp import ForewordServer, HttpOptions, Whose, serve_http
        from foreword.mcp.sidecar import Sidecar
    except ModuleNotFoundError as exc:
        if exc.name and exc.name.partition(".")[0] in {"mcp", "mcp_types"}:
            raise MissingExtraError("The MCP server", "mcp") from exc
        raise
    fixed = Whose(user, settings.namespace, session).checked() if user else None
    server = ForewordServer(Sidecar(settings.sidecar_address, **settings.proof), fixed, read_only=read_only)
    if listen is None:
        server.run("stdio")
        return
    host, port = _place(listen)
    options = HttpOptions(
        host=host,
        port=port,
        token=_token(http_token_file),
        user_header=user_header,
        namespace=settings.namespace,
        allowed_hosts=allowed_hosts,
        sessions_max=sessions_max,
    )

    def ready(url: str) -> None:
        if settings.as_json:
            print_json_line({"event": "ready", "url": url})
        else:
            note(f"The MCP server is ready at {url}")

    serve_http(server, options, ready)


def _place(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise FieldError("--http", repr(text), "HOST:PORT or [IPV6]:PORT, such as 127.0.0.1:7466")
    return host.strip("[]"), int(port)


def _token(file: Path | None) -> ServerToken | None:
    if file is not None:
        return ServerToken(file, "--http-token-file", logger)
    given = os.environ.get(_TOKEN_VARIABLE, "")
    return ServerToken(given, _TOKEN_VARIABLE, logger) if given else None
