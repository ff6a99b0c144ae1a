"""Pictures of tables: bars and lines on a logarithmic axis, drawn without a display."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from foreword.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OURS, _THEIRS = "#c8553d", "#9db4c0"


class Bar(NamedTuple):
    """One that is compared: half of its reads are below `typical`, all but one in a hundred below `slow`."""

    label: str
    typical: float
    slow: float
    is_ours: bool


def draw_bars(file: Path, title: str, bars: Sequence[Bar]) -> None:
    """Draw bars, the shortest on top.

    Raises:
        MissingExtraError: The extra `plots` is not installed.
    """
    ordered = sorted(bars, key=lambda bar: -bar.typical)
    with _Axes(file, title, height=1 + 0.38 * len(bars)) as axes:
        colors = [_OURS if bar.is_ours else _THEIRS for bar in ordered]
        labels = [bar.label for bar in ordered]
        axes.barh(labels, [bar.typical for bar in ordered], color=colors)
        axes.plot([bar.slow for bar in ordered], labels, "|", color="#253237", markersize=9)
        for place, bar in enumerate(ordered):
            axes.annotate(
                f"{bar.typical:,.1f}" if bar.typical < 100 else f"{bar.typical:,.0f}",
                (bar.typical, place),
                textcoords="offset points",
                xytext=(-4, 0),
                ha="right",
                va="center",
                fontsize=7,
            )
        axes.set_xscale("log")
        axes.set_xlim(left=1)
        axes.tick_params(axis="y", labelsize=7)
        axes.grid(visible=True, axis="x", alpha=0.3)


def draw_lines(
    file: Path,
    title: str,
    labels: tuple[str, str],
    lines: Mapping[str, Sequence[tuple[float, float]]],
    *,
    log_x: bool = True,
) -> None:
    """Draw a line through points for each name; what is measured on a logarithmic axis.

    Raises:
        MissingExtraError: The extra `plots` is not installed.
    """
    with _Axes(file, title, height=4.5) as axes:
        for name, points in lines.items():
            axes.plot(*zip(*points, strict=True), marker="o", label=name)
        axes.set_xscale("log" if log_x else "linear")
        axes.set_yscale("log")
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1])
        axes.grid(visible=True, alpha=0.3)
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))


class _Axes:
    """Axes to draw on, written to a file when nothing failed."""

    def __init__(self, file: Path, title: str, *, height: float) -> None:
        if importlib.util.find_spec("matplotlib") is None:
            raise MissingExtraError(file.name, "plots")
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        self._file = file
        self._figure = Figure(figsize=(9, height), layout="constrained")
        FigureCanvasSVG(self._figure)
        self._axes = self._figure.add_subplot()
        self._axes.set_title(title, fontsize=10)

    def __enter__(self) -> Axes:
        return self._axes

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._figure.savefig(self._file, metadata={"Date": None})
