"""The process in which a model is trained: `python -m ranking.training_process`, with what to do as JSON on stdin.

Prints one JSON object a line: `step`, with how far it is; and at the end `trained`, or `failed` with the sentence.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from foreword.config_ranking import Ranking as Settings
from foreword.errors import ForewordError
from foreword.store import ActivityReader
from ranking.model_folder import By, ModelFolder
from ranking.trainer import models_directory, train_store

# Whoever has something to do goes first.
_NICE = 10


def main(asked: dict[str, Any]) -> None:
    """Train from a store's events and print what becomes of it."""
    os.nice(_NICE)
    directory = Path(asked["directory"])
    try:
        with closing(ActivityReader(directory)) as reader:
            trained = train_store(
                reader,
                ModelFolder(models_directory(directory)),
                Settings.model_validate(asked["settings"]),
                now_ms=asked["now_ms"],
                by=By.TRAINER,
                on_progress=lambda step, done, total: _print(step=step, done=done, total=total),
                is_dry_run=asked.get("is_dry_run", False),
            )
    except ForewordError as exc:
        _print(failed=str(exc), hint=exc.hint)
    else:
        _print(trained=asdict(trained))


def _print(**values: object) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main(json.load(sys.stdin))
