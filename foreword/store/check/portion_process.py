"""The process that looks through a portion: `python -m foreword.store.check.portion_process PATH DATABASE AFTER ROWS`.

Prints one JSON object a line: `at`, the place that comes next; `fault`; and, at the end, `progress`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from foreword.store.check.fault import Fault
from foreword.store.check.portion import Position, inspect_portion

# Whoever has something to do goes first.
_NICE = 19


def main(path: Path, position: Position, rows_max: int) -> None:
    """Look through a portion and print what is found."""
    os.nice(_NICE)
    for said in inspect_portion(path, position, rows_max):
        kind = "fault" if isinstance(said, Fault) else "at" if isinstance(said, Position) else "progress"
        # Flushed at once: a crash must not take what was found with it.
        print(json.dumps({kind: said}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Position(sys.argv[2], sys.argv[3]), int(sys.argv[4]))
