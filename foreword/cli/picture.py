"""Cost against freshness, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from foreword.errors import FieldError, MissingExtraError
from foreword.v1.freshness_pb2 import Freshness

if TYPE_CHECKING:
    from scheduler.simulation import SegmentFigures

_SUFFIXES = (".svg", ".png")


def check_picture(file: Path) -> None:
    """Refuse a picture that could not be drawn in the end.

    Raises:
        FieldError: Its name says no form that is known.
        MissingExtraError: The extra `plots` is not installed.
    """
    if file.suffix.lower() not in _SUFFIXES:
        raise FieldError("--picture", repr(str(file)), f"a file named *{' or *'.join(_SUFFIXES)}")
    try:
        import matplotlib  # noqa: F401 - to see whether it is there
    except ImportError as exc:
        raise MissingExtraError("--picture", "plots") from exc


def draw(file: Path, points: Sequence[tuple[str, SegmentFigures, float]]) -> None:
    """Draw the share of opens that were fresh against what a day cost, a point for each configuration.

    Args:
        file: Where to; .svg or .png.
        points: Label, sums over all segments, and days, of each.

    Raises:
        FieldError: The file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    has_cost = any(figures.cost_micro_usd for _, figures, _ in points)
    costs = [
        float(figures.cost_micro_usd) / 1e6 / days if has_cost else figures.refresh_count / days
        for _, figures, days in points
    ]
    shares = [100 * figures.share(Freshness.FRESHNESS_FRESH) for _, figures, _ in points]
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    ordered = sorted(zip(costs, shares, strict=True))
    axes.plot([cost for cost, _ in ordered], [share for _, share in ordered], color="#9db4c0", zorder=1)
    axes.scatter(costs, shares, color="#253237", zorder=2)
    for (label, _, _), cost, share in zip(points, costs, shares, strict=True):
        axes.annotate(label, (cost, share), textcoords="offset points", xytext=(6, -10), fontsize=8)
    axes.set_xlabel("USD a day" if has_cost else "refreshes a day")
    axes.set_ylabel("opens served fresh, %")
    axes.grid(visible=True, alpha=0.3)
    axes.margins(x=0.2)
    try:
        figure.savefig(file, dpi=120)
    except OSError as exc:
        raise FieldError("--picture", f"{file}: {exc.strerror}", "a file that can be written") from exc
