"""`foreword export`: everything kept of one user."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

import click

from foreword.cli.connection import connect_when_running
from foreword.cli.output import message_dict, note, print_json_line
from foreword.cli.settings import Settings, user_options
from foreword.errors import ForewordError
from foreword.keys import user_key
from foreword.store.user_data import export_user
from foreword.v1.user_data_service_pb2 import ExportUserResponse


@click.command("export")
@click.argument("user")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here, mode 0600; default: stdout.",
)
@user_options
@click.pass_obj
def command(settings: Settings, user: str, output: Path | None) -> None:
    """Print everything kept of USER.

    JSON lines, one record a line with the database it comes from. Read from the sidecar when one answers,
    else from the store itself.
    """
    count = 0
    with _opened(output) as file:
        for record in _records(settings, user):
            print_json_line(message_dict(record, types=settings.product_types), file)
            count += 1
    note(f"{count} records of {user!r}" if count else f"Nothing is kept of {user!r}")


def _records(settings: Settings, user: str) -> Iterator[ExportUserResponse]:
    client = connect_when_running(settings)
    if client is None:
        user_id = user_key(user, settings.namespace)
        yield from export_user(settings.directory, user_id, settings.archive_directory)
        return
    with client:
        yield from client.export(user)


def _opened(output: Path | None) -> AbstractContextManager[IO[str]]:
    if output is None:
        return nullcontext(sys.stdout)
    try:
        # Personal data: nobody else on the machine may read it.
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        # The mode above is for a new file. A device such as /dev/null keeps its own.
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, 0o600)
    except OSError as exc:
        raise ForewordError(
            f"{output} cannot be written: {exc.strerror}", hint="choose another --output"
        ) from exc
    return os.fdopen(descriptor, "w", encoding="utf-8")
