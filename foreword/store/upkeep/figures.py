"""What a store tells of its users and of its own rows: the figures a plan is made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from foreword import keys
from foreword.clock import DAY_MS
from foreword.errors import StoreMissingError
from foreword.latency import percentile
from foreword.store.activity_reader import ActivityReader
from foreword.store.pages import META_PAGES
from foreword.store.profile_reader import open_when_present
from foreword.store.snapshot import Snapshot, open_snapshot, present
from foreword.store.translation import translated
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.model_work_pb2 import ModelMode
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshState

# Users looked at, the first by key; a second or so.
USERS_MAX = 100_000
# Of these, so many evenly chosen whose events are read, for sessions; another second.
SESSION_USERS_MAX = 500
_EVENTS_PER_USER_MAX = 1_000
# Newest attempts and calls looked at.
ATTEMPTS_MAX = 50_000
_WEEKS_DAYS = 28


@dataclass(frozen=True)
class RowFigures:
    """What the rows of one database take."""

    rows: int
    bytes: int
    """Bytes of its pages, the free part of each included."""
    branch_bytes: int
    """Of it, pages that only lead to others."""


@dataclass(frozen=True)
class AttemptFigures:
    """How long refreshes of one outcome took, in ms, reading and computing; writing comes on top."""

    count: int
    mean_ms: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class CallFigures:
    """Sums over calls to models of one mode; zeros where none was answered."""

    calls: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0


@dataclass
class UseFigures:
    """How the users looked at use the product, counted over the four weeks before the newest event."""

    users: int = 0
    """Users looked at."""
    span_days: float = 0.0
    """From the oldest event of any of them to the newest."""
    users_by_segment: dict[int, int] = field(default_factory=dict)
    """By the segment of the last refresh; 0 for users never refreshed."""
    active_days_per_week: dict[int, float] = field(default_factory=dict)
    """Of a user of a segment."""
    visits_per_day: float = 0.0
    """Users who come on a day, of all users of the store."""
    sessions: int = 0
    """Sessions found in the events of the users sampled."""
    session_days: int = 0
    """Days on which these users came."""
    session_events: int = 0
    """Events of these sessions."""
    session_seconds: float = 0.0
    """Time from first to last event, summed over them."""


@dataclass
class StoreFigures:
    """Everything a plan takes from a store; what is not known there is empty or zero."""

    users: int = 0
    page_bytes: int = 4096
    rows: dict[str, RowFigures] = field(default_factory=dict)
    """By database, such as `profiles.due`."""
    free_share: dict[str, float] = field(default_factory=dict)
    """By environment: pages that hold nothing, as a share of those that do."""
    use: UseFigures = field(default_factory=UseFigures)
    revisions_per_user: float = 0.0
    attempts: dict[str, AttemptFigures] = field(default_factory=dict)
    """`written` and `unchanged`."""
    reads: int = 0
    """Profiles and forewords handed out on whole days."""
    read_days: int = 0
    calls: dict[str, CallFigures] = field(default_factory=dict)
    """`messages` and `batch`."""


def store_figures(directory: Path, *, idle_ms: int) -> StoreFigures:
    """Return what a store tells of itself, from a bounded part of its rows; daemons may run meanwhile.

    Args:
        directory: The store's folder.
        idle_ms: Quiet time that ends a session.

    Raises:
        StoreMissingError: There is none.
        StoreError: It cannot be read.
    """
    paths = present(directory)
    if not paths:
        raise StoreMissingError(f"no store at {directory}", hint="start the daemons once, or see --config")
    found = StoreFigures()
    for path in paths:
        with open_snapshot(path) as snapshot, translated(path.name):
            _add_sizes(found, snapshot)
    _add_profiles(found, directory)
    _add_activity(found, directory, idle_ms)
    return found


def _add_sizes(found: StoreFigures, snapshot: Snapshot) -> None:
    environment = snapshot.environment
    root = environment.lmdb.stat()
    found.page_bytes = root["psize"]
    used = _pages(root)
    for name, handle in environment.handles.items():
        stat = snapshot.txn.stat(handle)
        used += _pages(stat)
        found.rows[f"{snapshot.part}.{name.decode()}"] = RowFigures(
            stat["entries"], _pages(stat) * stat["psize"], stat["branch_pages"] * stat["psize"]
        )
    pages = environment.lmdb.info()["last_pgno"] + 1 - META_PAGES
    found.free_share[environment.name] = max(0.0, pages / used - 1) if used else 0.0


def _add_profiles(found: StoreFigures, directory: Path) -> None:
    reader = open_when_present(directory)
    if reader is None:
        return
    with closing(reader):
        profiles = found.rows.get("profiles.profiles", RowFigures(0, 0, 0)).rows
        if profiles:
            found.revisions_per_user = found.rows["profiles.revisions"].rows / profiles
        took: dict[str, list[float]] = defaultdict(list)
        for entry in islice(reader.every_attempt(), ATTEMPTS_MAX):
            took[_outcome(entry.outcome)].append(entry.duration_us / 1000)
        found.attempts = {
            name: AttemptFigures(
                len(times), sum(times) / len(times), percentile(times, 0.5), percentile(times, 0.99)
            )
            for name, times in took.items()
        }
        sums: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
        for row in reader.model.spend():
            if not row.output_tokens:
                continue
            total = sums["batch" if row.mode == ModelMode.MODEL_MODE_BATCH else "messages"]
            for place, value in enumerate(
                (
                    row.calls,
                    row.input_tokens,
                    row.cache_read_tokens,
                    row.cache_write_tokens,
                    row.output_tokens,
                )
            ):
                total[place] += value
        found.calls = {name: CallFigures(*total) for name, total in sums.items()}


def _outcome(outcome: int) -> str:
    if outcome in (RefreshOutcome.REFRESH_OUTCOME_WRITTEN, RefreshOutcome.REFRESH_OUTCOME_DEFAULT):
        return "written"
    return "failed" if outcome == RefreshOutcome.REFRESH_OUTCOME_FAILED else "unchanged"


def _add_activity(found: StoreFigures, directory: Path, idle_ms: int) -> None:
    try:
        activity = ActivityReader(directory)
    except StoreMissingError:
        return
    with closing(activity):
        found.users = activity.users_count()
        users = activity.users(limit=USERS_MAX)
        if not users:
            return
        newest_ms = max(row.last_seen_ms for _, row in users)
        found.use = _use(users, _segments(directory, users), newest_ms)
        found.use.visits_per_day *= found.users / len(users)
        step = max(1, len(users) // SESSION_USERS_MAX)
        # Whole days: half of one would have half of its sessions.
        from_ms = (newest_ms // DAY_MS - _WEEKS_DAYS) * DAY_MS
        for user, _ in users[::step]:
            stored = activity.events(user, from_ms=from_ms, window_max=_EVENTS_PER_USER_MAX)
            _count_sessions(found.use, [event.time_ms for event in stored], idle_ms)
        last_day = newest_ms // DAY_MS
        days: dict[int, int] = defaultdict(int)
        for read in activity.reads():
            # The newest day has not ended, and the first may have begun late.
            if last_day - _WEEKS_DAYS <= read.day < last_day:
                days[read.day] += read.read_count
        found.reads, found.read_days = sum(days.values()), len(days)


def _segments(directory: Path, users: Sequence[tuple[keys.UserKey, Any]]) -> Callable[[keys.UserKey], int]:
    """Return what tells the segment of the last refresh of a user; 0 for one never refreshed."""
    reader = open_when_present(directory)
    if reader is None:
        return lambda _user: Segment.SEGMENT_UNSPECIFIED
    with closing(reader):
        states: dict[bytes, int] = {}
        wanted = {bytes(user) for user, _ in users}
        for scheduled in reader.users(limit=len(users)):
            if bytes(scheduled.user) in wanted:
                states[bytes(scheduled.user)] = scheduled.state.segment
        # Both environments are in key order, but not all users are in both.
        for user in wanted - states.keys():
            state: RefreshState | None = reader.refresh_state(keys.UserKey(user))
            states[user] = state.segment if state is not None else Segment.SEGMENT_UNSPECIFIED
    return lambda user: states.get(bytes(user), Segment.SEGMENT_UNSPECIFIED)


def _use(
    users: Sequence[tuple[keys.UserKey, UserActivity]],
    segment_of: Callable[[keys.UserKey], int],
    newest_ms: int,
) -> UseFigures:
    """Count who comes how often, over the four whole weeks before the newest day, or since a user's first day."""
    last = newest_ms // DAY_MS - 1
    visits: dict[int, int] = defaultdict(int)
    user_days: dict[int, int] = defaultdict(int)
    use = UseFigures(users=len(users))
    counts: dict[int, int] = defaultdict(int)
    for user, row in users:
        segment = segment_of(user)
        counts[segment] += 1
        first = max(last - _WEEKS_DAYS + 1, row.first_seen_ms // DAY_MS)
        if first > last:
            continue
        visits[segment] += sum(first <= day.day <= last for day in row.days)
        user_days[segment] += last - first + 1
    use.users_by_segment = dict(counts)
    use.active_days_per_week = {
        segment: 7 * visits[segment] / days for segment, days in user_days.items() if days
    }
    oldest_ms = min((row.first_seen_ms for _, row in users if row.first_seen_ms), default=newest_ms)
    use.span_days = (newest_ms - oldest_ms) / DAY_MS
    # A young store has no four weeks yet.
    whole_days = min(_WEEKS_DAYS, last - oldest_ms // DAY_MS + 1)
    use.visits_per_day = sum(visits.values()) / whole_days if whole_days > 0 else 0.0
    return use


def _count_sessions(use: UseFigures, times_ms: Iterable[int], idle_ms: int) -> None:
    """Add the sessions of one user, told apart by quiet time."""
    times = sorted(times_ms)
    if not times:
        return
    use.session_days += len({time // DAY_MS for time in times})
    use.session_events += len(times)
    began = previous = times[0]
    for time in times[1:]:
        if time - previous > idle_ms:
            use.sessions += 1
            use.session_seconds += (previous - began) / 1000
            began = time
        previous = time
    use.sessions += 1
    use.session_seconds += (previous - began) / 1000


def _pages(stat: dict[str, int]) -> int:
    return stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]
