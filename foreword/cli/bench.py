"""`foreword bench`: the project's own measurements."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

import foreword
from foreword.cli.settings import Settings, shared_options
from foreword.errors import ForewordError


@click.command("bench", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@shared_options
@click.pass_obj
def command(settings: Settings, arguments: tuple[str, ...]) -> int:
    """Measure this machine.

    Runs benchmarks/ of the checkout; ARGUMENTS go to it. The benchmarks are no part of an installation.
    """
    checkout = Path(foreword.__file__).resolve().parents[1]
    if not (checkout / "benchmarks" / "__main__.py").exists():
        raise ForewordError(
            "the benchmarks are not installed; they come with a checkout only",
            hint="clone the repository and run `make bench` there",
        )
    flags = ["--json"] if settings.as_json else []
    done = subprocess.run([sys.executable, "-m", "benchmarks", *flags, *arguments], cwd=checkout, check=False)
    return done.returncode
