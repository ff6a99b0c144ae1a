"""Names made to be taken for one another: whatever happens to one user touches nobody else's rows."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

from foreword import keys
from foreword.keys import UserKey, user_key
from foreword.store import ActivityReader, ActivityWriter, NewEvent, ProfileReader, ProfileWriter
from foreword.store.user_data import export_from
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_pb2 import Foreword, Profile
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshState

MAP_BYTES = 1 << 26
NOW_MS = 1_700_000_000_000
# Prefixes of one another, NULs, bytes that look like lengths, and the limits: with OTHERS 1,378 pairs of users.
NAMESPACES = (
    "",
    "a",
    "a\0",
    "\0",
    "\1",
    "n" * keys.NAMESPACE_BYTES_MAX,
    "n" * (keys.NAMESPACE_BYTES_MAX - 1),
)
USER_IDS = (
    "a",
    "\0",
    "a\0",
    "\0\0a",
    "aa",
    "u" * keys.USER_ID_BYTES_MAX,
    "é" * (keys.USER_ID_BYTES_MAX // 2),
)
# And pairs whose names run into each other.
OTHERS = (("ab", "c"), ("a", "bc"), ("abc", "d"), ("", "abc"))
NAMES = [(namespace, user_id) for namespace in NAMESPACES for user_id in USER_IDS] + list(OTHERS)


def write(activity: ActivityWriter, profiles: ProfileWriter, namespace: str, user_id: str) -> None:
    """Give a user two events and a profile, which all name the user."""
    user = user_key(user_id, namespace)
    events = []
    for name in ("e", "e\0"):
        event = Event(event_id=name, user_id=user_id, namespace=namespace, type="view")
        events.append(NewEvent(user, name, NOW_MS, event.SerializeToString(), False))
    with activity.begin() as transaction:
        transaction.record(events, NOW_MS)
    with profiles.begin() as txn:
        txn.put_profile(
            user,
            Profile(user_id=user_id, namespace=namespace),
            Foreword(text="x", cuts=[]),
            computed_at_ms=1,
            stale_after_ms=2,
            expired_after_ms=3,
            refresh_on_open=False,
        )
        txn.schedule(user, RefreshState(due_ms=7, revision=1))
        txn.append_ledger(LedgerEntry(user_key=user))


def test_no_two_users_share_a_row(tmp_path: Path) -> None:
    """Of users named to be confused, an export gives each their own alone, and an erasure takes it from nobody else."""
    with ExitStack() as stack:
        activity, profiles = (
            stack.enter_context(closing(kind(tmp_path, map_size_bytes=MAP_BYTES)))
            for kind in (ActivityWriter, ProfileWriter)
        )
        for name in NAMES:
            write(activity, profiles, *name)
        readers = [stack.enter_context(closing(kind(tmp_path))) for kind in (ActivityReader, ProfileReader)]

        def export(user: UserKey) -> list[bytes]:
            return [record.SerializeToString(deterministic=True) for record in export_from(*readers, user)]

        users = [user_key(user_id, namespace) for namespace, user_id in NAMES]
        before = {user: export(user) for user in users}
        assert {len(records) for records in before.values()} == {12}
        assert len(set(users)) == len(NAMES)
        for user, (namespace, user_id) in zip(users, NAMES, strict=True):
            events = [stored.event for stored in readers[0].events(user)]
            assert {(event.namespace, event.user_id) for event in events} == {(namespace, user_id)}
            assert len(events) == 2
        gone = users[::3]
        for user in gone:
            with activity.begin() as transaction, profiles.begin() as txn:
                transaction.erase(user, NOW_MS)
                transaction.finish_erasure(user)
                txn.erase(user)
        assert {user: export(user) for user in users} == {
            user: [] if user in gone else records for user, records in before.items()
        }
