"""What is on disk, what should be in memory, and what is written."""

from __future__ import annotations

from collections.abc import Sequence

from foreword.planning.inputs import PlannedSegment, summed
from foreword.planning.sheet import Sheet

# Pages of each tree that a changed row takes along: its leaf and the one above; a commit shares those further up.
_LEVELS = 2
# Trees that a refresh changes: profiles, forewords, revisions, watermarks, and `due` twice.
_REFRESH_ROWS = 6
# Trees that an event changes: events, applied, users, triggers.
_EVENT_ROWS = 4
# Pages that a commit takes besides, in trees of five levels, which is some billion rows: those further up in each tree,
# the trees' own tree, LMDB's list of free pages, counters, the population.
_COMMIT_PAGES = 16
# A triggered refresh has two commits to itself: that it is due, and what came of it.
_TRIGGERED_COMMITS = 2


def add_storage(sheet: Sheet, segments: Sequence[PlannedSegment], asked: Sequence[PlannedSegment]) -> None:
    """Add the rows and files of both environments at the end of the days planned for."""
    sheet.begin("Storage")
    for each in segments:
        news = f"({each.name}.written + {each.name}.calls)" if each in asked else f"{each.name}.written"
        sheet.add(
            f"{each.name}.revisions",
            f"{each.said}: revisions kept, at most",
            "rows",
            # As new users they were refreshed after each session.
            f"{each.name}.users * min(revisions_max, 1 + {news} / {each.name}.users * days"
            f" + {each.name}.days * sessions_per_day * new_days / 7)",
        )
    sheet.add("revisions", "revisions kept", "rows", summed(segments, "revisions"))
    sheet.add(
        "profiles_bytes",
        "profiles and forewords",
        "bytes",
        "users * (profile_row_bytes + foreword_row_bytes)",
    )
    sheet.add("revisions_bytes", "revisions", "bytes", "revisions * revision_row_bytes")
    scheduled = [each.name for each in segments if each.rule in ("nightly", "every", "cron")]
    due = " + ".join(f"{name}.users" for name in scheduled) or "0"
    sheet.add(
        "due_bytes",
        "due index and refresh states",
        "bytes",
        f"users * state_row_bytes + ({due}) * due_row_bytes",
    )
    sheet.add(
        "ledger_bytes", "ledger", "bytes", "min(ledger_entries_max, refreshes * days) * ledger_row_bytes"
    )
    parts = ["profiles_bytes", "revisions_bytes", "due_bytes", "ledger_bytes"]
    if asked:
        users = " + ".join(f"{each.name}.users" for each in asked)
        sheet.add(
            "models_bytes",
            "what models have read, and their calls",
            "bytes",
            f"({users}) * model_state_row_bytes + min(ledger_entries_max, calls * days) * call_row_bytes",
        )
        parts.append("models_bytes")
    sheet.add("profiles_data_bytes", "profiles.lmdb, rows", "bytes", " + ".join(parts))
    sheet.add(
        "profiles_file_bytes",
        "profiles.lmdb, file",
        "bytes",
        "profiles_data_bytes * (1 + profiles_free_share)",
    )
    sheet.add("events_kept", "events kept", "rows", "events * min(days, retention_days)")
    sheet.add("ids_kept", "ids of events kept", "rows", "events * min(days, ids_days)")
    sheet.add("events_bytes", "events", "bytes", "events_kept * event_row_bytes")
    sheet.add("ids_bytes", "ids of events", "bytes", "ids_kept * id_row_bytes")
    sheet.add("users_bytes", "who came when", "bytes", "users * user_row_bytes")
    sheet.add("activity_data_bytes", "activity.lmdb, rows", "bytes", "events_bytes + ids_bytes + users_bytes")
    sheet.add(
        "activity_file_bytes",
        "activity.lmdb, file",
        "bytes",
        "activity_data_bytes * (1 + activity_free_share)",
    )
    sheet.add("disk_bytes", "store on disk", "bytes", "profiles_file_bytes + activity_file_bytes")
    sheet.add("user_bytes", "of it a user", "bytes", "disk_bytes / users")
    sheet.add(
        "growth_bytes",
        "growth of ids, until they are as old as they get",
        "bytes a day",
        "events * id_row_bytes",
    )
    sheet.add("backup_bytes", "a backup, at most", "bytes", "profiles_data_bytes + activity_data_bytes")


def add_memory(sheet: Sheet) -> None:
    """Add the pages that a day touches, and the daemons."""
    sheet.begin("Memory")
    sheet.add(
        "serving_bytes",
        "pages that a day's reads touch",
        "bytes",
        "visits * (profile_row_bytes + foreword_row_bytes)",
    )
    # The newest event of a user, their ids and their row of `users` are on a page each.
    sheet.add("recording_bytes", "pages that a day's events touch", "bytes", "visits * 3 * page_bytes")
    sheet.add(
        "branches_bytes",
        "pages that lead to others",
        "bytes",
        "(profiles_data_bytes + activity_data_bytes) * branch_share",
    )
    sheet.add(
        "cache_bytes",
        "page cache that keeps a day's reads and events off the disk",
        "bytes",
        "serving_bytes + recording_bytes + branches_bytes",
    )
    sheet.add("daemons_bytes", "both daemons", "bytes", "sidecar_bytes + scheduler_bytes")
    sheet.add("memory_bytes", "memory", "bytes", "cache_bytes + daemons_bytes")


def add_writes(sheet: Sheet, segments: Sequence[PlannedSegment]) -> None:
    """Add the bytes written a day: a changed row takes its page along, and the one above; a commit some more."""
    sheet.begin("Written to disk")
    triggered = [each for each in segments if each.rule in ("after_session", "on_open")]
    sheet.add(
        "triggered",
        "refreshes that each have commits of their own",
        "a day",
        summed(triggered, "refreshes") or "0",
    )
    sheet.add(
        "refresh_commits",
        "commits of the scheduler, at most",
        "a day",
        f"triggered * {_TRIGGERED_COMMITS} + (refreshes - triggered) / batch_users",
    )
    sheet.add(
        "refresh_writes_bytes",
        "by refreshes, at most",
        "bytes a day",
        "written * (profile_row_bytes + foreword_row_bytes + revision_row_bytes)"
        f" + (refreshes * {_REFRESH_ROWS} * {_LEVELS} + refresh_commits * {_COMMIT_PAGES}) * page_bytes",
    )
    sheet.add(
        "event_commits",
        "commits of events, at most",
        "a day",
        "min(events / events_per_commit, 86400000 / max(0.1, group_commit_ms))",
    )
    sheet.add(
        "event_writes_bytes",
        "by events, at most",
        "bytes a day",
        "events * (event_row_bytes + id_row_bytes)"
        f" + (events / events_per_commit * {_EVENT_ROWS} * {_LEVELS} + event_commits * {_COMMIT_PAGES}) * page_bytes",
    )
    sheet.add("writes_bytes", "in all, at most", "bytes a day", "refresh_writes_bytes + event_writes_bytes")
    sheet.add(
        "writes_per_second", "at the peak, at most", "bytes a second", "writes_bytes / 86400 * peak_factor"
    )
