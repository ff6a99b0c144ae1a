"""The process in which a store is checked: `python -m foreword.store.check.process DIRECTORY [ARCHIVE]`.

Prints one JSON value a line: a string names the environment that comes next, a list is a fault.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from foreword.store.check.inspection import inspect_store


def main(directory: Path, archive_directory: Path | None = None) -> None:
    """Check a store and print what is found."""
    for fault in inspect_store(directory, begun=_print, archive_directory=archive_directory):
        _print(fault)


def _print(value: object) -> None:
    # Flushed at once: a crash must not take what was found with it.
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
