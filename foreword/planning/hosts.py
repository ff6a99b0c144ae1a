"""How many hosts it takes."""

from __future__ import annotations

from collections.abc import Sequence

from foreword.planning.inputs import PlanInput, PlannedSegment
from foreword.planning.sheet import Figure, Sheet, Source


def add_hosts(sheet: Sheet, given: PlanInput, segments: Sequence[PlannedSegment]) -> None:
    """Add how many hosts it takes: a store is on one, with one scheduler and one sidecar, a core each."""
    sheet.begin("Hosts")
    counts = ["read_hosts", "event_hosts", "refresh_hosts", "trigger_hosts"]
    sheet.add("read_hosts", "by reads", "hosts", "ceil(peak_reads / (reads_per_second_max * load_max))")
    sheet.add("event_hosts", "by events", "hosts", "ceil(peak_events / (events_per_second_max * load_max))")
    answers = " + answer_seconds" if "answer_seconds" in sheet else ""
    sheet.add(
        "refresh_hosts",
        "by the processor time of a day",
        "hosts",
        f"ceil((refresh_seconds + review_day_seconds{answers}) / (86400 * load_max))",
    )
    triggered = " + ".join(
        f"{each.name}.refreshes" for each in segments if each.rule in ("after_session", "on_open")
    )
    sheet.add(
        "trigger_hosts",
        "by refreshes that somebody waits for, at the peak",
        "hosts",
        f"ceil(({triggered or '0'}) / 86400 * peak_factor * (written_ms + write_ms) / 1000 / load_max)",
    )
    nightly = [each for each in segments if each.rule == "nightly"]
    if nightly:
        hours = min(each.stale_after_hours for each in nightly) - 24
        note = "the shortest stale_after_hours of a segment that is refreshed nightly, beyond a day"
        sheet.put(
            "slack_hours", "a night may be late by", "hours", Figure(max(0.0, hours), Source.CONFIGURED, note)
        )
        sheet.add(
            "night_hosts",
            "by the night, so that nobody is stale",
            "hosts",
            "ceil(night_seconds / (night_minutes * 60 + slack_hours * 3600))",
        )
        counts.append("night_hosts")
    for limit, name, label, need in (
        (given.host_memory_bytes, "host_memory_bytes", "memory of a host", "memory_bytes"),
        (given.host_disk_bytes, "host_disk_bytes", "disk of a host", "disk_bytes + backup_bytes"),
    ):
        if limit is not None:
            option = f"--{name.replace('_', '-')}"
            sheet.put(name, label, "bytes", Figure(limit, Source.GIVEN, option))
            hosts = name.replace("host_", "").replace("_bytes", "_hosts")
            sheet.add(hosts, f"by {label.split()[0]}", "hosts", f"ceil(({need}) / {name})")
            counts.append(hosts)
    sheet.add("hosts", "hosts", "hosts", f"max(1, {', '.join(counts)})")
    sheet.add("users_per_host", "users of a host", "users", "users / hosts")
