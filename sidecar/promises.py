"""Freshness promises: whether enough of a segment's profiles are young enough, and who is told when they are not.

Judged here, because freshness breaks when the scheduler is down. A breach is in the store from its first moment to its
last, so that a restart neither tells of it again nor forgets to tell of its end.
"""

from __future__ import annotations

import uuid
from typing import NamedTuple

from foreword.clock import Clock, format_time_ms
from foreword.config_segments import SegmentSettings, Tried
from foreword.errors import ForewordError
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.store import ActivityTransaction
from foreword.store.v1.store_pb2 import FreshnessBreaches
from foreword.v1.freshness_pb2 import Freshness
from sidecar.activity import Activity
from sidecar.alerts import Alert, Alerts
from sidecar.counts import Counts, StoreCounter

COMPONENT = "sidecar.freshness"
# How often promises are judged; where counting takes long, so that it takes a twentieth of the time at most.
JUDGE_SECONDS = 60.0
_COUNTING_SHARE = 20
# A breach ends when a tenth of what may be late is no longer: at the border it would end and begin with every user.
_MARGIN = 0.1
# Rules under which time alone brings a refresh. Under the others a profile grows old because nobody came, and that
# breaks no promise.
_TIMED = ("nightly", "every", "cron")
_DEFAULT_SHARE = 0.99


class Kept(NamedTuple):
    """What became of a segment's promise."""

    promised: float
    """Share of profiles that must not be expired."""
    found: float
    """Share that is not."""
    user_count: int


def promised_share(settings: SegmentSettings) -> float:
    """Return the share of a segment's profiles that must not be expired; 0 where nothing is promised."""
    if settings.promised_share is not None:
        return settings.promised_share
    return _DEFAULT_SHARE if settings.refresh in _TIMED else 0.0


def kept(one: Tried, counts: Counts) -> Kept | None:
    """Return how a segment's promise stands; None without a promise, or without a user it is about."""
    promised = promised_share(one.settings)
    own = [Freshness.FRESHNESS_FRESH, Freshness.FRESHNESS_STALE, Freshness.FRESHNESS_EXPIRED]
    # Who is paused by name is not refreshed, as an operator wants it, and breaks no promise.
    judged = counts.by_segment - counts.paused
    fresh, stale, expired = (judged[one.number, freshness] for freshness in own)
    users = fresh + stale + expired
    return Kept(promised, 1 - expired / users, users) if promised and users else None


def is_broken(found: Kept, *, was_broken: bool) -> bool:
    """Return whether a promise is broken now."""
    margin = (1 - found.promised) * _MARGIN if was_broken else 0.0
    return found.found < found.promised + margin


class Promises:
    """Judges promises from time to time, and says once when one is broken and once when it is kept again."""

    def __init__(
        self,
        counter: StoreCounter,
        activity: Activity,
        alerts: Alerts,
        problems: Problems,
        *,
        live: FollowedConfig,
        clock: Clock,
    ) -> None:
        self._counter = counter
        self._activity = activity
        self._alerts = alerts
        self._problems = problems
        self._live = live
        self._clock = clock

    def wait_seconds(self) -> float:
        """Return how long to wait until promises are judged again."""
        return max(JUDGE_SECONDS, self._counter.duration_seconds * _COUNTING_SHARE)

    def breaches(self) -> FreshnessBreaches:
        """Return the breaches that stand, by segment."""
        reader = self._activity.reader
        return FreshnessBreaches() if reader is None else reader.breaches()

    async def judge(self) -> None:
        """Judge every segment; a breach is told of once it is on disk."""
        if not self._activity.is_healthy or self._activity.reader is None:
            return
        counts, stands = await self._counter.current(), self.breaches()
        paused = self._activity.reader.pauses().since_ms
        now = FreshnessBreaches()
        alerts: list[Alert] = []
        for one in self._live.current.segments.tried():
            found, breach = kept(one, counts), stands.by_segment.get(one.name)
            if "" in paused or one.name in paused:
                # Nobody is refreshed, as an operator wants it; a breach that stood stands on.
                if breach is not None:
                    now.by_segment[one.name].CopyFrom(breach)
                continue
            if found is None or not is_broken(found, was_broken=breach is not None):
                continue
            if breach is None:
                breach = now.by_segment[one.name]
                breach.since_ms, breach.breach_id = self._clock.now_ms(), uuid.uuid4().hex
                alerts.append(_alert("freshness.broken", one.name, found, breach.breach_id, breach.since_ms))
            else:
                now.by_segment[one.name].CopyFrom(breach)
            self._problems.note(COMPONENT, one.name, _sentence(one, found, breach.since_ms))
        for name, breach in stands.by_segment.items():
            if name not in now.by_segment:
                self._problems.end(COMPONENT, name)
                tried = next((one for one in self._live.current.segments.tried() if one.name == name), None)
                found = kept(tried, counts) if tried is not None else None
                alerts.append(_alert("freshness.kept", name, found, breach.breach_id, self._clock.now_ms()))
        if alerts:
            await self._write(now, alerts)

    async def _write(self, now: FreshnessBreaches, alerts: list[Alert]) -> None:
        def job(transaction: ActivityTransaction) -> None:
            transaction.put_breaches(now)

        try:
            await self._activity.write(job)
        except ForewordError:
            # Judged again, and told of then.
            return
        for alert in alerts:
            self._alerts.send(alert)


def _alert(kind: str, segment: str, found: Kept | None, breach_id: str, time_ms: int) -> Alert:
    return Alert(
        alert_id=f"{breach_id}-{kind.rpartition('.')[2]}",
        kind=kind,
        segment=segment,
        promised_share=found.promised if found is not None else None,
        found_share=round(found.found, 6) if found is not None else None,
        user_count=found.user_count if found is not None else None,
        time=format_time_ms(time_ms),
    )


def _sentence(one: Tried, found: Kept, since_ms: int) -> str:
    return (
        f"{1 - found.found:.1%} of the {found.user_count:,} profiles of segment {one.name} are older than "
        f"{one.settings.expired_after_hours:g} hours; {found.promised:.1%} are promised not to be, since "
        f"{format_time_ms(since_ms)} (see whether the scheduler runs, and what is due: foreword status)"
    )
