"""Segments and their rules for people."""

from __future__ import annotations

from collections.abc import Iterator

from foreword.config import Config
from foreword.config_segments import SegmentSettings, Tried


def segment_title(one: Tried) -> str:
    """Return a segment's name as it is shown."""
    return one.name.replace("_", "-")


def condition_texts(one: Tried) -> Iterator[str]:
    """Yield the conditions of a segment; none for one that is for the rest."""
    for name, (least, below) in one.shape.bounds.items():
        said = name.replace("_", " ")
        if least is not None and below is not None:
            yield f"{least:g} <= {said} < {below:g}"
        else:
            yield f"{said} >= {least:g}" if least is not None else f"{said} < {below:g}"
    for name, values in one.shape.values.items():
        yield f"{name} is {' or '.join(value or 'unknown' for value in sorted(values))}"


def rule_text(settings: SegmentSettings, config: Config) -> str:
    """Return the rule of a segment."""
    if config.scheduler.policy == "optimal" and settings.refresh not in {"manual", "never"}:
        return "whoever gains most (scheduler.policy)"
    zone = settings.time_zone or config.scheduler.time_zone
    match settings.refresh:
        case "nightly":
            return f"nightly {settings.night or config.scheduler.night} {zone}"
        case "every":
            return f"every {settings.every_days:g} days"
        case "cron":
            return f"cron {settings.cron} {zone}"
        case _:
            return settings.refresh
