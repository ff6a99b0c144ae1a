"""Refreshes a day: why, how many find something new, and what processor they take."""

from __future__ import annotations

from collections.abc import Sequence

from foreword.planning.inputs import PlannedSegment, summed
from foreword.planning.sheet import Figure, Sheet, Source


def add_refreshes(sheet: Sheet, segments: Sequence[PlannedSegment]) -> None:
    """Add refreshes by segment, those that find something new, and their processor time."""
    sheet.begin("Refreshes")
    for segment in segments:
        name = segment.name
        if segment.rule in ("nightly", "cron"):
            figure = Figure(segment.spread_minutes, Source.CONFIGURED, f"segments.{name}")
            sheet.put(f"{name}.spread_minutes", f"{segment.said}: spread over", "minutes", figure)
        if segment.rule in ("every", "cron"):
            figure = Figure(segment.interval_days, Source.CONFIGURED, f"segments.{name}")
            sheet.put(f"{name}.interval_days", f"{segment.said}: refreshed every", "days", figure)
        sheet.add(f"{name}.refreshes", f"{segment.said}, {_REASONS[segment.rule]}", "a day", _rate(segment))
        sheet.add(f"{name}.written", "of these with something new", "a day", _written(segment))
    sheet.add("refreshes", "refreshes", "a day", summed(segments, "refreshes"))
    sheet.add("written", "of these with something new", "a day", summed(segments, "written"))
    sheet.add("peak_refreshes", "refreshes due at the peak, at most", "a minute", _peak(segments))
    sheet.add(
        "compute_seconds",
        "reading and computing",
        "s a day",
        "(written * written_ms + (refreshes - written) * unchanged_ms) / 1000",
    )
    sheet.add(
        "refresh_seconds",
        "processor time of refreshes, writing included",
        "s a day",
        "compute_seconds + refreshes * write_ms / 1000",
    )
    sheet.add(
        "review_day_seconds",
        "processor time of looking through all users",
        "s a day",
        "users * review_ms / 1000 * 86400 / review_seconds",
    )
    sheet.add(
        "refresh_cores", "cores busy, on average", "cores", "(refresh_seconds + review_day_seconds) / 86400"
    )
    nightly = [each for each in segments if each.rule == "nightly"]
    if nightly:
        shortest = min(each.spread_minutes for each in nightly)
        note = "the shortest night of a segment that is refreshed nightly"
        sheet.put("night_minutes", "a night lasts", "minutes", Figure(shortest, Source.CONFIGURED, note))
        night = " + ".join(f"{each.name}.refreshes" for each in nightly)
        sheet.add(
            "night_minute", "refreshes due in a minute of the night", "a minute", f"({night}) / night_minutes"
        )
        work = " + ".join(
            f"{each.name}.written * written_ms + ({each.name}.refreshes - {each.name}.written) * unchanged_ms"
            f" + {each.name}.refreshes * write_ms"
            for each in nightly
        )
        sheet.add("night_seconds", "processor time of a night", "s", f"({work}) / 1000")
        sheet.add(
            "night_hours",
            "the night's refreshes are done after, on one host",
            "hours",
            "max(night_minutes * 60, night_seconds) / 3600",
        )


_REASONS = {
    "after_session": "after each session",
    "nightly": "by cadence, nightly",
    "every": "by cadence",
    "on_open": "when read, at most",
    "cron": "by cron, on average",
    "never": "never",
}


def _rate(segment: PlannedSegment) -> str:
    """Return the formula of a segment's refreshes a day."""
    name = segment.name
    match segment.rule:
        case "after_session":
            return f"{name}.visits * sessions_per_day"
        case "nightly":
            return f"{name}.users"
        case "every" | "cron":
            return f"{name}.users / {name}.interval_days"
        case "on_open":
            # Each read asks, but none so soon after another.
            opens = "min(reads_per_session, 1 + session_seconds / max(1, open_trigger_seconds))"
            return f"{name}.visits * sessions_per_day * {opens}"
        case "never":
            return "0"


def _written(segment: PlannedSegment) -> str:
    """Return the formula of a segment's refreshes a day that find something new.

    Users are taken to come on any day alike, which is the most there can be for an interval.
    """
    name = segment.name
    match segment.rule:
        case "nightly":
            return f"{name}.refreshes * {name}.days / 7"
        case "every" | "cron":
            return f"{name}.refreshes * (1 - max(0, 1 - {name}.days / 7) ** {name}.interval_days)"
        case "on_open":
            # One takes in the last session, each further one the events since the one before.
            return f"min({name}.refreshes, {name}.visits * sessions_per_day * (1 + events_per_session))"
        case _:
            return f"{name}.refreshes"


def _peak(segments: Sequence[PlannedSegment]) -> str:
    """Return the formula of the refreshes that come due in the busiest minute, should all peaks fall together."""
    parts = []
    for each in segments:
        match each.rule:
            case "nightly" | "cron":
                # All of its users at each of its times; without a spread in one minute.
                parts.append(f"{each.name}.users / max(1, {each.name}.spread_minutes)")
            case "every":
                parts.append(f"{each.name}.refreshes / 1440")
            case "after_session" | "on_open":
                parts.append(f"{each.name}.refreshes / 1440 * peak_factor")
    return " + ".join(parts) or "0"
