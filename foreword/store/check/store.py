"""The fsck of a store: every row of every database, in a process that a damaged file may crash."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foreword.errors import StoreMissingError
from foreword.store.check.fault import Fault
from foreword.store.check.manifest import manifest_faults
from foreword.store.snapshot import present


def check_store(directory: Path, archive_directory: Path | None = None) -> Iterator[Fault]:
    """Yield what is wrong with a store or a backup; nothing when it is sound.

    Daemons may be writing meanwhile: each environment is seen as it was at one moment. Nothing is changed.

    Args:
        directory: The store's folder, or the backup's.
        archive_directory: Folder of the archive, looked through where the extra `archive` is installed; None: not.

    Raises:
        StoreMissingError: No store is there.
        StoreVersionError: It is a backup that a newer Foreword made.
    """
    if not present(directory):
        raise StoreMissingError(
            f"no store at {directory}", hint="start the daemons once, or check store.directory"
        )
    yield from manifest_faults(directory)
    command = [sys.executable, "-m", "foreword.store.check.process", str(directory)]
    if archive_directory is not None:
        command.append(str(archive_directory))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        try:
            yield from _faults(process)
        finally:
            process.kill()


def _faults(process: subprocess.Popen[str]) -> Iterator[Fault]:
    name = ""
    for line in process.stdout or ():
        value: Any = json.loads(line)
        if isinstance(value, str):
            name = value
        else:
            yield Fault(*value)
    code = process.wait()
    if code:
        ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        yield Fault(name, "", f"it is too damaged to be read: {ended} ended the check")
