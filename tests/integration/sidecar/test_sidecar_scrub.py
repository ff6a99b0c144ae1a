"""The sidecar looks through the store by itself, and says what it finds."""

from __future__ import annotations

from typing import Any

from foreword import keys
from foreword.store import databases as db


def test_damage_that_nobody_reads_becomes_a_problem(start: Any) -> None:
    """A damaged profile is named under problems without a read, and no longer once a refresh has mended it."""
    running = start(start.config(store={"scrub_hours": 1e-4}))
    running.client.record(user_id="ann", type="view")
    running.put("ann", with_state=True)
    environment = running.profiles.environment
    with environment.begin(write=True) as txn:
        handle = environment.handles[db.PROFILES]
        row = txn.get(keys.user_key("ann"), db=handle)
        txn.put(keys.user_key("ann"), row[:-1] + b"?", db=handle)
    said = running.eventually(lambda: running.problems().get("sidecar.scrub"), "the damage to be found")
    assert "profiles.lmdb is damaged in" in said
    assert "profiles.profiles ann: the checksum fails" in said
    running.put("ann", with_state=True)
    running.eventually(lambda: "sidecar.scrub" not in running.problems(), "the mended row to be seen")
    ended = {one.name: one.scrubbed_at.ToMilliseconds() for one in running.client.status().environments}
    assert ended["profiles.lmdb"] == running.clock.now_ms()


def test_without_hours_nothing_is_looked_through(start: Any, monkeypatch: Any) -> None:
    """At store.scrub_hours = 0 no process is started."""
    asked: list[str] = []
    monkeypatch.setattr("foreword.store.check.scrub.Scrub.go_on", lambda self: asked.append("portion"))
    monkeypatch.setattr("sidecar.scrub.FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("sidecar.scrub.PAUSE_SECONDS_MAX", 0.001)
    running = start(start.config(store={"scrub_hours": 0}))
    for _ in range(20):
        running.client.status()
    assert asked == []
