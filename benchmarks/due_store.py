"""A made store of many users who are scheduled, written in key order as fast as LMDB takes it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from foreword import keys
from foreword.clock import DAY_MS, HOUR_MS
from foreword.config import Config
from foreword.defaults import default_foreword, default_profile
from foreword.keys import UserKey
from foreword.store import ActivityWriter, ProfileWriter, codec
from foreword.store import databases as db
from foreword.v1.activity_pb2 import DayCount, UserActivity
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshReason, RefreshState
from scheduler.due import by_cadence
from scheduler.segments import validity

# Noon: the last night is over and the next has not begun.
NOON_MS = 1_790_000_000_000 - 1_790_000_000_000 % DAY_MS + 12 * HOUR_MS
_MAP_BYTES = 64 << 30
_COMMIT_USERS = 200_000
_DAYS = 56
_SEEN_DAYS = 200
_SEED = 11


class Kind(NamedTuple):
    """Users alike: of which segment, how many of ten, and how likely they come on a day."""

    segment: Segment
    of_ten: int
    visit_share: float


KINDS = (
    Kind(Segment.SEGMENT_ACTIVE, 2, 0.97),
    Kind(Segment.SEGMENT_SEMI_ACTIVE, 3, 0.4),
    Kind(Segment.SEGMENT_DORMANT, 5, 0.04),
)
# Users of a kind differ in when they came; so many of each are made, and used again and again.
_PATTERNS = 500
_KIND_OF = [kind for kind in KINDS for _ in range(kind.of_ten)]


def write_store(
    store: Path,
    users: int,
    config: Config,
    *,
    body_of: Callable[[int], bytes] = lambda _number: b"",
    noon_ms: int = NOON_MS,
) -> None:
    """Write users with activity, refresh state, due row and a profile's header; no events, texts or revisions.

    Args:
        store: The folder.
        users: How many.
        config: Cadences that they are scheduled by.
        body_of: What stands behind the header of a user's profile; nothing, if nobody reads it.
        noon_ms: The time that it is written for; a noon.
    """
    patterns = {kind: _patterns(kind, noon_ms) for kind in KINDS}
    activity = ActivityWriter(store, map_size_bytes=_MAP_BYTES)
    for numbers in _chunks(users):
        rows = [
            (keys.user_key(user_id(number)), patterns[_kind(number)][number // 10 % _PATTERNS])
            for number in numbers
        ]
        with activity.begin() as txn:
            _append(txn, db.USERS, rows)
    activity.close()
    profiles = ProfileWriter(store, map_size_bytes=_MAP_BYTES)
    with profiles.begin() as txn:
        txn.put_defaults(default_profile(), default_foreword())
    due: list[bytes] = []
    for numbers in _chunks(users):
        states, rows = [], []
        for number in numbers:
            user = keys.user_key(user_id(number))
            state = _state(user, _kind(number).segment, config, noon_ms)
            states.append((user, state.SerializeToString()))
            rows.append((user, _profile_row(user, state, config, body_of(number))))
            if state.due_ms:
                due.append(keys.due_key(state.due_ms, user))
        with profiles.begin() as txn:
            _append(txn, db.REFRESH_STATES, states)
            _append(txn, db.PROFILES, rows)
    due.sort()
    for first in range(0, len(due), _COMMIT_USERS):
        with profiles.begin() as txn:
            _append(txn, db.DUE, [(key, b"") for key in due[first : first + _COMMIT_USERS]])
    profiles.close()


def user_id(number: int) -> str:
    """Return the id of the made user `number`; in the order of keys."""
    return f"user-{number:09d}"


def is_refreshed_when_read(number: int) -> bool:
    """Return whether a made user is dormant, so that reading them starts a refresh."""
    return _kind(number).segment == Segment.SEGMENT_DORMANT


def _kind(number: int) -> Kind:
    return _KIND_OF[number % len(_KIND_OF)]


def _chunks(users: int) -> Iterator[range]:
    return (range(first, min(users, first + _COMMIT_USERS)) for first in range(0, users, _COMMIT_USERS))


def _append(txn: Any, database: bytes, rows: Sequence[tuple[bytes, bytes]]) -> None:
    # Behind the product's writer, which puts row by row: this is only about what is there afterwards.
    cursor = txn._txn.cursor(db=txn._db[database])
    consumed, added = cursor.putmulti(rows, append=True)
    assert consumed == added == len(rows)


def _patterns(kind: Kind, noon_ms: int) -> list[bytes]:
    dice = random.Random(_SEED)
    today = noon_ms // DAY_MS
    rows = []
    for _ in range(_PATTERNS):
        days = [day for day in range(today - _DAYS, today) if dice.random() < kind.visit_share]
        row = UserActivity(
            first_seen_ms=(today - _SEEN_DAYS) * DAY_MS,
            last_seen_ms=(days[-1] if days else today - _DAYS) * DAY_MS,
            event_count=10 * len(days) + 100,
            last_seq=7,
            days=[DayCount(day=day, count=dice.randrange(1, 40)) for day in days],
        )
        rows.append(row.SerializeToString())
    return rows


def _state(user: UserKey, segment: Segment, config: Config, noon_ms: int) -> RefreshState:
    """Return the state after the last refresh: last night of active users, on one of the last days of the others."""
    attempted_ms = noon_ms - 9 * HOUR_MS
    if segment != Segment.SEGMENT_ACTIVE:
        attempted_ms -= _hash_of(user) % (2 * DAY_MS)
    due = by_cadence(segment, user, attempted_ms, noon_ms, config)
    state = RefreshState(
        segment=segment,
        attempted_ms=attempted_ms,
        consumed_seq=7,
        revision=1,
        outcome=RefreshOutcome.REFRESH_OUTCOME_WRITTEN,
        settings_digest=1,
        reason=RefreshReason.REFRESH_REASON_CADENCE,
    )
    due.put(state)
    return state


def _hash_of(user: UserKey) -> int:
    """Return a number that spreads users evenly, the same each time."""
    return int.from_bytes(user[-6:], "big") * 2_654_435_761 % (1 << 32)


def _profile_row(user: UserKey, state: RefreshState, config: Config, body: bytes) -> bytes:
    valid = validity(state.segment, state.attempted_ms, config)
    return codec.encode(
        db.PROFILES,
        user,
        body,
        flags=codec.pack_flags(
            segment=state.segment, refresh_on_open=valid.refresh_on_open, is_default=False
        ),
        segment=state.segment,
        revision=1,
        computed_at_ms=state.attempted_ms,
        stale_after_ms=valid.stale_after_ms,
        expired_after_ms=valid.expired_after_ms,
    )
