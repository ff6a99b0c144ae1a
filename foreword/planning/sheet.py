"""A sheet of quantities: each is given, or follows from others by a formula."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from foreword.planning.formula import evaluate, filled, names


class Source(Enum):
    """Where a quantity is from."""

    GIVEN = "given"
    """Said by whoever asks."""
    CONFIGURED = "configured"
    """In the configuration in force."""
    MEASURED = "measured"
    """Of this installation; also what follows from such alone."""
    ASSUMED = "assumed"
    """Measured elsewhere, or a stated assumption; also what rests on one."""


# What a quantity that follows from others is: as its weakest input.
_WEAKNESS = [Source.GIVEN, Source.CONFIGURED, Source.MEASURED, Source.ASSUMED]


class Figure(NamedTuple):
    """A value, and where it is from."""

    value: float
    source: Source
    note: str = ""
    """In words: the file that was measured, the option, the key."""


@dataclass(frozen=True)
class Quantity:
    """One row of a plan."""

    name: str
    """As formulas have it, such as `active.users`."""
    label: str
    """As people have it."""
    value: float
    unit: str
    source: Source
    note: str = ""
    formula: str = ""
    """Empty for what is given."""
    inputs: tuple[str, ...] = ()
    """The names in the formula."""
    section: str = ""


class Sheet:
    """Quantities in their order; each name once."""

    def __init__(self) -> None:
        self._rows: dict[str, Quantity] = {}
        self._section = ""

    def __getitem__(self, name: str) -> float:
        return self._rows[name].value

    def __contains__(self, name: str) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[Quantity]:
        return iter(self._rows.values())

    def row(self, name: str) -> Quantity:
        """Return a quantity."""
        return self._rows[name]

    def begin(self, section: str) -> None:
        """Put what follows under a heading."""
        self._section = section

    def put(self, name: str, label: str, unit: str, figure: Figure) -> None:
        """Add a quantity that is given."""
        self._add(
            Quantity(name, label, figure.value, unit, figure.source, note=figure.note, section=self._section)
        )

    def add(self, name: str, label: str, unit: str, formula: str) -> None:
        """Add a quantity that follows from others.

        Raises:
            KeyError: The formula names what is not in the sheet.
        """
        inputs = names(formula)
        value = evaluate(formula, {each: self._rows[each].value for each in inputs})
        source = max((self._rows[each].source for each in inputs), key=_WEAKNESS.index, default=Source.GIVEN)
        self._add(
            Quantity(name, label, value, unit, source, formula=formula, inputs=inputs, section=self._section)
        )

    def filled(self, row: Quantity) -> str:
        """Return a row's formula with its numbers filled in; empty for what is given."""
        return filled(row.formula, lambda name: number_text(self._rows[name].value))

    def _add(self, row: Quantity) -> None:
        if row.name in self._rows:
            raise ValueError(f"{row.name} is in the sheet already")
        self._rows[row.name] = row


def number_text(value: float) -> str:
    """Return a number for people: whole from 1,000 on, else three digits that say something."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
