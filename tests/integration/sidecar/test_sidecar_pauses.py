"""Pauses of single users, as the sidecar keeps and tells them."""

from __future__ import annotations

from typing import Any

import pytest

from foreword import keys
from foreword.errors import ServiceError
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.operator_service_pb2 import GetStatusResponse
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshState
from sidecar import pauses


def known(running: Any, *users: str, namespace: str = "") -> None:
    """Record an event of each."""
    running.client.record([running.event(f"of-{user}", user_id=user, namespace=namespace) for user in users])


def paused(status: GetStatusResponse) -> list[tuple[str, str, int]]:
    """Return who is paused by name, and since when."""
    found = status.user_pauses
    return [(one.user_id, one.namespace, one.since.ToMilliseconds()) for one in found]


def row(running: Any) -> bytes:
    """Return the row of all pauses as it is on disk."""
    reader = running.activity()
    try:
        found: bytes = reader.pauses_row()
        return found
    finally:
        reader.close()


def test_a_user_is_paused_and_resumed(running: Any) -> None:
    """Status and list name the user with the time; a second pause counts from the beginning of the first."""
    known(running, "ann", "bob")
    known(running, "ann", namespace="shop")
    for user in ("ann", "bob"):
        running.put(user, with_state=True)
    began_ms = running.clock.now_ms()
    running.client.pause_user("ann")
    running.clock.advance(1000)
    again = running.client.pause_user("ann").pause
    assert (again.user_id, again.segment_name, again.since.ToMilliseconds()) == ("ann", "", began_ms)
    running.client.pause_user("ann", namespace="shop")
    status = running.client.status()
    assert paused(status) == [("ann", "", began_ms), ("ann", "shop", began_ms + 1000)]
    # What clients of before take for a pause of all does not name them.
    assert not status.pauses
    assert not any(one.HasField("paused_since") for one in status.segments)
    listed = {one.user_id: one for one in running.client.list_users().users}
    assert listed["ann"].paused_since.ToMilliseconds() == began_ms
    assert not listed["bob"].HasField("paused_since")
    ended = running.client.resume_user("ann").pause
    assert (ended.user_id, ended.since.ToMilliseconds()) == ("ann", began_ms)
    assert [(user, space) for user, space, _ in paused(running.client.status())] == [("ann", "shop")]


def test_it_stands_beside_pauses_of_segments(running: Any) -> None:
    """Neither kind begins or ends the other, whether segments are named or not."""
    known(running, "ann")
    running.client.pause_user("ann")
    running.client.pause_refreshes(["new"])
    running.client.pause_refreshes()
    assert not running.client.resume_refreshes().pauses
    assert [user for user, *_ in paused(running.client.status())] == ["ann"]
    running.client.pause_refreshes(["new"])
    running.client.resume_user("ann")
    status = running.client.status()
    assert ([one.segment_name for one in status.pauses], paused(status)) == (["new"], [])


def test_it_outlives_a_restart(start: Any) -> None:
    """A pause that was answered is on disk."""
    first = start()
    known(first, "ann")
    since = first.client.pause_user("ann").pause.since.ToMilliseconds()
    first.stop()
    assert paused(start().client.status()) == [("ann", "", since)]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda client: client.pause_user("nobody"),
            "user_id: found 'nobody'; allowed: a user of whom an event was recorded",
        ),
        (
            lambda client: client.resume_user("ann"),
            "user_id: found 'ann'; allowed: a user who is paused by name; a segment is resumed with ResumeRefreshes",
        ),
        (lambda client: client.pause_user(""), "user_id: found 0 bytes; allowed: 1 to 256 bytes of UTF-8"),
        (lambda client: client.pause_user("ann", namespace="foreword.synthetic"), "namespace: found "),
    ],
)
def test_a_mistake_changes_nothing(running: Any, ask: Any, message: str) -> None:
    """Each says the field, what was found and what is allowed, and nothing is written."""
    known(running, "ann")
    with pytest.raises(ServiceError) as caught:
        ask(running.client)
    assert caught.value.reason == "FIELD_INVALID"
    assert message in caught.value.message
    assert row(running) == b""


def test_so_many_and_no_more(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One beyond the limit is refused with the limit and its reason; one who is paused already is not beyond it."""
    monkeypatch.setattr(pauses, "USERS_MAX", 2)
    known(running, "ann", "bob", "cid")
    running.client.pause_user("ann")
    running.client.pause_user("bob")
    running.client.pause_user("ann")
    with pytest.raises(ServiceError) as caught:
        running.client.pause_user("cid")
    assert str(caught.value) == (
        "user_id: found 'cid', and 2 users who are paused by name; allowed: at most 2, for each is named in every "
        "status: resume some, or pause their segment"
    )
    running.client.resume_user("ann")
    running.client.pause_user("cid")
    assert [user for user, *_ in paused(running.client.status())] == ["bob", "cid"]


def test_nothing_of_it_outlives_the_user(running: Any) -> None:
    """An export tells of the pause; the erasure removes it at once, and counts it; who comes anew is not paused."""
    known(running, "ann", "bob")
    running.client.pause_user("ann")
    since = running.client.pause_user("bob").pause.since.ToMilliseconds()
    told = [one for one in running.client.export("ann") if one.WhichOneof("record") == "paused_ms"]
    assert [(one.store, one.paused_ms) for one in told] == [("activity.meta", since)]
    answer = running.client.erase("ann", 0.01)
    assert {one.store: one.rows for one in answer.counts}["activity.meta"] == 1
    assert b"ann" not in row(running)
    assert paused(running.client.status()) == [("bob", "", since)]
    known(running, "ann")
    assert [user for user, *_ in paused(running.client.status())] == ["bob"]
    again = running.client.erase("ann", 0.01)
    assert {one.store: one.rows for one in again.counts}["activity.meta"] == 0


def test_who_is_paused_is_counted_by_themselves(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those held back are counted without a look at all users, and break no promise of their segment."""
    known(running, "ann", "bob")
    for user in ("ann", "bob"):
        running.put(user, stale_after_ms=1, expired_after_ms=2, segment=Segment.SEGMENT_ACTIVE)
    with running.profiles.begin() as txn:
        for user in ("ann", "bob"):
            txn.schedule(keys.user_key(user), RefreshState(due_ms=1, is_held=user == "ann"))

    async def looks_at_all(_profiles: Any) -> int:
        raise AssertionError

    monkeypatch.setattr("sidecar.counts._held", looks_at_all)
    running.client.pause_user("ann")
    running.clock.advance(60_000)
    status = running.client.status()
    assert status.held_count == 1
    segment = next(one for one in status.segments if one.segment == Segment.SEGMENT_ACTIVE)
    assert (segment.expired_count, segment.found_share) == (2, 0.0)
    assert running.client.profile("bob").freshness == Freshness.FRESHNESS_EXPIRED
    running.client.pause_user("bob")
    running.clock.advance(60_000)
    segment = next(one for one in running.client.status().segments if one.segment == Segment.SEGMENT_ACTIVE)
    # Nobody is left whom a promise is about.
    assert (segment.expired_count, segment.promised_share) == (2, 0.0)
