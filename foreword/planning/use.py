"""Who the users are and what they do: what is given, and what follows a day and at the peak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from foreword.planning.inputs import CONFIGURED, PlanInput, PlannedSegment, summed
from foreword.planning.known import USE, Known
from foreword.planning.sheet import Sheet


def put_use(sheet: Sheet, given: PlanInput, segments: Sequence[PlannedSegment]) -> None:
    """Put how many users there are, of which segments, and what they do."""
    sheet.begin("Users and what they do")
    sheet.put("users", "users", "users", given.users)
    for segment in segments:
        sheet.put(f"{segment.name}.share", f"{segment.said}, of all users", "of 1", segment.share)
    for segment in segments:
        label = f"{segment.said}: days a week on which a user comes"
        sheet.put(f"{segment.name}.days", label, "days", segment.active_days_per_week)
    put_all(sheet, USE, given)


def put_figures(sheet: Sheet, section: str, known: Mapping[str, Known], given: PlanInput) -> None:
    """Put figures under a heading."""
    sheet.begin(section)
    put_all(sheet, known, given)


def put_all(sheet: Sheet, known: Mapping[str, Known], given: PlanInput) -> None:
    """Put figures in their order."""
    for name, each in known.items():
        sheet.put(name, each.label, each.unit, given.figures[name])


def put_configured(sheet: Sheet, given: PlanInput) -> None:
    """Put what the configuration in force says."""
    sheet.begin("Configuration in force")
    for name, (label, unit) in CONFIGURED.items():
        if name in given.configured:
            sheet.put(name, label, unit, given.configured[name])


def add_use(sheet: Sheet, segments: Sequence[PlannedSegment]) -> None:
    """Add who comes on a day, and what that makes in acts, a day and at the peak."""
    sheet.begin("Use")
    for segment in segments:
        sheet.add(f"{segment.name}.users", f"{segment.said} users", "users", f"users * {segment.name}.share")
    for segment in segments:
        sheet.add(
            f"{segment.name}.visits",
            f"{segment.said} users who come on a day",
            "users a day",
            f"{segment.name}.users * {segment.name}.days / 7",
        )
    sheet.add("visits", "users who come on a day", "users a day", summed(segments, "visits"))
    sheet.add("sessions", "sessions", "a day", "visits * sessions_per_day")
    sheet.add("events", "events", "a day", "sessions * events_per_session")
    sheet.add("reads", "reads", "a day", "sessions * reads_per_session")
    sheet.add("peak_sessions", "sessions at the peak", "a second", "sessions / 86400 * peak_factor")
    sheet.add("peak_events", "events at the peak", "a second", "events / 86400 * peak_factor")
    sheet.add("peak_reads", "reads at the peak", "a second", "reads / 86400 * peak_factor")
