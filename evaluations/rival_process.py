"""Another program, run for real in an environment of its own: asked line by line, and answering so."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from foreword.errors import ForewordError

ENVIRONMENT = Path(".venv-rivals")
"""Where `make rivals` puts them."""


def is_installed(environment: Path, *packages: str) -> bool:
    """Return whether there is such an environment, and packages are in it."""
    folders = list(environment.glob("lib/python3*/site-packages"))
    return python_of(environment).is_file() and all(
        any((folder / package).exists() for folder in folders) for package in packages
    )


def python_of(environment: Path) -> Path:
    """Return the interpreter of an environment."""
    return environment / "bin" / "python"


def answers_of(
    rival: str,
    command: Sequence[str],
    asked: Iterable[Any],
    on_answer: Callable[[int], object] = lambda _done: None,
) -> list[Any]:
    """Return what a program answers: a line of JSON for each that it is asked.

    Args:
        rival: What people call it.
        command: What to run.
        asked: What it is asked; held in a file, so that neither waits for the other.
        on_answer: Told how many answers there are.

    Raises:
        ForewordError: It does not run, or answers too little; with the last that it said.
    """
    answers: list[str] = []
    # It fails without a library rather than bring one by itself, which GPTCache would.
    environ = os.environ | {"PIP_NO_INDEX": "1", "HF_HUB_OFFLINE": "1"}
    count = 0
    with tempfile.TemporaryFile("w+") as lines, tempfile.TemporaryFile("w+") as said:
        for each in asked:
            lines.write(json.dumps(each) + "\n")
            count += 1
        lines.seek(0)
        with subprocess.Popen(
            command, stdin=lines, stdout=subprocess.PIPE, stderr=said, env=environ, text=True
        ) as process:
            for line in process.stdout or ():
                answers.append(line)
                on_answer(len(answers))
        if process.returncode or len(answers) != count:
            said.seek(0)
            last = said.read().strip().rpartition("\n")[2]
            raise ForewordError(f"{rival} does not run: {last or 'it ended early'}", hint="make rivals")
    try:
        return [json.loads(answer) for answer in answers]
    except ValueError as exc:
        raise ForewordError(f"{rival} answers what is no JSON", hint="make rivals") from exc
