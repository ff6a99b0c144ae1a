"""The `foreword` command."""

from foreword.cli.entry import main

__all__ = ["main"]
