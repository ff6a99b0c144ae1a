"""A table of measurements, printed and kept together with the command that made it."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass
class Table:
    """Rows of one benchmark; the first column names what was measured."""

    name: str
    """File name under benchmarks/results, without suffix."""
    title: str
    command: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Append a row."""
        self.rows.append(cells)

    def markdown(self) -> str:
        """Return the table as Markdown, with the command and the machine it ran on."""
        lines = [f"# {self.title}", "", f"`{self.command}`, on {_machine()}", "", _line(self.columns)]
        lines += [_line(["---"] * len(self.columns)), *(_line(row) for row in self.rows)]
        return "\n".join([*lines, "", *(f"- {note}" for note in self.notes)]).rstrip() + "\n"

    def keep(self) -> None:
        """Write the table to benchmarks/results."""
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{self.name}.md").write_text(self.markdown(), encoding="utf-8")


def ratio(ours: float, theirs: float) -> str:
    """Return `ours / theirs` for a table."""
    return f"{ours / theirs:.2f} ×"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _machine() -> str:
    return f"{os.cpu_count()} shared cores, {platform.machine()}, Python {platform.python_version()}"
