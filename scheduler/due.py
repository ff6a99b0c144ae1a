"""When a user is due, and why. Every rule that decides it is here, pure, so that each can be read and tested alone."""

from __future__ import annotations

import math
import zlib
from typing import NamedTuple

from foreword.clock import DAY_MS, HOUR_MS
from foreword.config import Config, Scheduler
from foreword.config_segments import SegmentSettings
from foreword.keys import UserKey
from foreword.v1.activity_pb2 import Trigger, UserActivity
from foreword.v1.profile_pb2 import Cadence, Segment
from foreword.v1.refresh_pb2 import RefreshReason, RefreshState
from foreword.wall_time import next_cron_ms, next_night_ms, night
from scheduler.segments import cadence, cadence_settings, promised_hours

# What goes before cadence work, most urgent first: somebody reads or has taken something back, a session is over, an
# operator asks.
URGENCY = {
    RefreshReason.REFRESH_REASON_ON_OPEN: 0,
    RefreshReason.REFRESH_REASON_EVENTS_DELETED: 0,
    RefreshReason.REFRESH_REASON_SESSION_END: 1,
    RefreshReason.REFRESH_REASON_MANUAL: 2,
}
# A feed of late events that never pauses holds a user back for so many times the settle time: with the default a
# minute, long enough for most imports, and short beside every cadence.
_SETTLES_MAX = 30
# Clocks are corrected by moments all the time, and a moment does nobody harm.
_CLOCK_SLACK_MS = 60_000
# What of a trigger is due at once, and why. Of several reasons the first stands: it is allowed where others are not.
_URGENT = (
    ("deleted_ms", RefreshReason.REFRESH_REASON_EVENTS_DELETED),
    ("manual_ms", RefreshReason.REFRESH_REASON_MANUAL),
    ("full_ms", RefreshReason.REFRESH_REASON_MANUAL),
    ("on_open_ms", RefreshReason.REFRESH_REASON_ON_OPEN),
    ("session_end_ms", RefreshReason.REFRESH_REASON_SESSION_END),
)
_PRECEDENCE = tuple(dict.fromkeys(reason for _, reason in _URGENT))
# What an operator asks for is not put off because refreshes fail.
_INSISTING = {RefreshReason.REFRESH_REASON_MANUAL, RefreshReason.REFRESH_REASON_EVENTS_DELETED}
# What a rule under which nothing comes due by itself still allows.
_ALLOWED = {
    "manual": {*_INSISTING, RefreshReason.REFRESH_REASON_RETRY},
    "never": {RefreshReason.REFRESH_REASON_EVENTS_DELETED},
}
# Names of an enum are looked up by code of protobuf's own, and a review of all users asks for these ten times a user.
_CADENCE = RefreshReason.REFRESH_REASON_CADENCE
_UNSPECIFIED = Segment.SEGMENT_UNSPECIFIED
_AT_ONCE = {RefreshReason.REFRESH_REASON_MANUAL, RefreshReason.REFRESH_REASON_ON_OPEN}
_MINUTE_MS = 60_000
_JITTER_SHARE = 0.25
# 2^32 times any backoff exceeds the longest; beyond it the power would only overflow.
_DOUBLINGS_MAX = 32


class Due(NamedTuple):
    """When a user is due, and why."""

    at_ms: int = 0
    """In ms since 1970; 0 when only an event or a read decides."""
    reason: RefreshReason = RefreshReason.REFRESH_REASON_UNSPECIFIED
    triggered_ms: int = 0
    """When the trigger behind it was acknowledged; 0 for cadence, retries and sessions that ended by idling."""
    settling_since_ms: int = 0
    """Since when it waits for an import to pause; 0 when it does not."""

    @classmethod
    def of(cls, state: RefreshState) -> Due:
        """Return what a stored row says."""
        return cls(state.due_ms, state.reason, state.triggered_ms, state.settling_since_ms)

    def put(self, state: RefreshState) -> None:
        """Write it into a row that is to be stored."""
        state.due_ms, state.reason = self.at_ms, self.reason
        state.triggered_ms, state.settling_since_ms = self.triggered_ms, self.settling_since_ms

    def is_now(self, now_ms: int) -> bool:
        """Return whether the time has come."""
        return 0 < self.at_ms <= now_ms

    def is_urgent(self, now_ms: int) -> bool:
        """Return whether it is due now for a reason that goes before cadence work; an import's users do not."""
        return self.is_now(now_ms) and self.reason in URGENCY and not self.settling_since_ms


NOT_DUE = Due()


def allows(segment: Segment, reason: RefreshReason, config: Config) -> bool:
    """Return whether the rule of a segment lets a refresh begin for a reason; a user without a segment has no rule."""
    if segment == Segment.SEGMENT_UNSPECIFIED:
        return True
    allowed = _ALLOWED.get(cadence_settings(segment, config).refresh)
    return allowed is None or reason in allowed


def after_trigger(
    former: Due,
    trigger: Trigger,
    *,
    segment: Segment,
    failures: int,
    now_ms: int,
    config: Config,
    looked_ms: int = 0,
) -> Due:
    """Return what a trigger makes of a due time; `former` when it changes nothing.

    - An operator's request, a deletion of events, a read and a `session.end` are due at once. Of several the first
      counts, so that waiting is measured from it.
    - Activity of a user refreshed after sessions, or never scheduled, is due when the session has been idle
      for `session.idle_timeout_seconds`. Later activity moves that on, but postpones nothing already due.
    - Late activity, of a session that was over before it was acknowledged, is an import: the user is due when no
      more has come for `session.settle_seconds`, whatever the cadence, since no later event would say so.
    - A user whose refreshes fail waits out the backoff, unless an operator asks or events are deleted: a storm of
      reads must not become a storm of retries.
    - What the rule of the segment does not allow changes nothing.

    Args:
        former: The user's due time before.
        trigger: What came in.
        segment: The user's; SEGMENT_UNSPECIFIED for one never scheduled.
        failures: Of the user's refreshes since the last success.
        now_ms: The time.
        config: Cadences and the length of a session.
        looked_ms: The trigger was acknowledged after this time. Activity that was idle by then is late, and not
            merely met late by a scheduler that was down; 0 when nothing is known.
    """
    is_held_back = failures and former.at_ms > now_ms
    is_weighed = _is_weighed(config)
    for name, reason in _URGENT:
        asked_ms = getattr(trigger, name)
        if is_weighed and reason == RefreshReason.REFRESH_REASON_ON_OPEN:
            continue
        if asked_ms and (reason in _INSISTING or not is_held_back) and allows(segment, reason, config):
            return _at_once(former, reason, asked_ms, now_ms)
    if is_held_back or not allows(segment, RefreshReason.REFRESH_REASON_SESSION_END, config):
        return former
    # A read begins a session as activity does, where it is weighed afterwards whether to refresh.
    active_ms = max(trigger.activity_ms, trigger.on_open_ms if is_weighed else 0)
    if active_ms and not former.is_now(now_ms):
        is_late = active_ms + _idle_ms(config) <= looked_ms
        if is_late or _is_after_session(segment, config):
            return _after_session(former, active_ms, now_ms, config)
    return former


def after_attempt(
    user: UserKey,
    asked: Due,
    *,
    segment: Segment,
    failures: int,
    started_ms: int,
    now_ms: int,
    config: Config,
) -> Due:
    """Return when a user is next due after an attempt.

    - What triggers asked for meanwhile stands. When the attempt failed, only what an operator asked for does.
    - A failed attempt is repeated after the backoff.
    - Else the cadence decides, counted from the attempt's beginning.

    Args:
        user: User key.
        asked: What triggers have asked for since the attempt began; NOT_DUE when none has.
        segment: The user's, as the attempt found it.
        failures: In a row, this attempt included; 0 when it succeeded.
        started_ms: When the attempt began.
        now_ms: The time.
        config: Cadences and backoff.
    """
    if asked.at_ms and (not failures or asked.reason in _INSISTING):
        return asked
    if failures:
        wait_ms = backoff_ms(user, failures, config.scheduler)
        return Due(now_ms + wait_ms, RefreshReason.REFRESH_REASON_RETRY)
    return by_cadence(segment, user, started_ms, started_ms, config)


def at_review(
    user: UserKey,
    state: RefreshState,
    activity: UserActivity,
    *,
    segment: Segment,
    is_let_in: bool,
    now_ms: int,
    config: Config,
    is_worth: bool = True,
) -> Due:
    """Return when a user should be due who is looked at without cause; the stored time when it is right.

    - A user never scheduled (profiles.lmdb was lost, or restored from before) is due when the last session
      has been idle long enough, or once an import has settled, which mostly is soon.
    - A time that an event, a read or an operator set is kept.
    - A time other than the cadence now in force sets is put right, later or earlier; what is overdue stays so unless
      the cadence now says that it is not.
    - A user who had too few events for a profile, and has enough by the settings now in force, is due now.
    - A user in backoff is left to the retry.
    - Whoever was scheduled by a clock that ran ahead and was set back is due now, or after the longest wait that
      there can be: by what is stored it would be when the clock has come there again.

    Args:
        user: User key.
        state: As stored; an empty one for a user never scheduled.
        activity: When the user came.
        segment: The user's segment now.
        is_let_in: Whether other settings let a user in who had too few events.
        now_ms: The time.
        config: Cadences and the length of a session.
        is_worth: Whether news are worth a refresh, where `policy` is "optimal".
    """
    former = _within_reach(Due.of(state), now_ms, config)
    at_once = former if former.is_now(now_ms) else Due(now_ms, _CADENCE)
    if state.attempted_ms > now_ms + _CLOCK_SLACK_MS:
        return at_once
    if state.failures or (former.at_ms and former.reason != _CADENCE):
        return former
    if state.segment == _UNSPECIFIED:
        is_unscheduled = not former.at_ms
        return _after_session(former, activity.last_seen_ms, now_ms, config) if is_unscheduled else former
    if is_let_in and allows(segment, _CADENCE, config):
        return at_once
    has_news = activity.last_seq > state.consumed_seq and (is_worth or not _is_weighed(config))
    return _by_rule(
        former, user, state, activity, has_news=has_news, segment=segment, now_ms=now_ms, config=config
    )


def _by_rule(
    former: Due,
    user: UserKey,
    state: RefreshState,
    activity: UserActivity,
    *,
    has_news: bool,
    segment: Segment,
    now_ms: int,
    config: Config,
) -> Due:
    """Return what the rule of the segment, or the policy, makes of a due time that nothing but a cadence has set."""
    since_ms = state.attempted_ms or (activity.first_seen_ms if _is_weighed(config) else 0)
    due = by_cadence(segment, user, since_ms, now_ms, config)
    if due.at_ms and not (_is_weighed(config) and has_news):
        if _is_weighed(config):
            # The promise, but for a time that was set earlier because the refresh will be worth it then.
            return due if not former.at_ms or due.at_ms < former.at_ms else former
        if not former.is_now(now_ms):
            return due
        # What this cadence has set since the last attempt, too, is overdue, and not put off for another turn.
        first = by_cadence(segment, user, since_ms, since_ms, config)
        return former if first.is_now(now_ms) else due
    if _is_after_session(segment, config) and has_news:
        return _after_session(due, activity.last_seen_ms, now_ms, config)
    return former._replace(at_ms=0)


def _is_weighed(config: Config) -> bool:
    """Return whether what a refresh is worth decides, and not the rules of segments."""
    return config.scheduler.policy == "optimal"


def by_cadence(segment: Segment, user: UserKey, since_ms: int, now_ms: int, config: Config) -> Due:
    """Return when a user is next due by cadence; at 0 when only an event or a read decides.

    Args:
        segment: The user's segment.
        user: User key; its checksum gives each an own place in a night, the same every night.
        since_ms: The last refresh; an interval runs from it.
        now_ms: The time; a night that has passed is not made up for.
        config: Cadences, nights and zones.
    """
    settings = cadence_settings(segment, config)
    due_ms = 0
    if _is_weighed(config):
        # Before that, the end of a session decides, by what a refresh is worth.
        due_ms = promised_ms(segment, since_ms, config)
        due_ms = max(now_ms, due_ms) if due_ms else 0
        return Due(due_ms, RefreshReason.REFRESH_REASON_CADENCE)
    if settings.refresh == "every":
        due_ms = max(now_ms, since_ms + int(settings.every_days * DAY_MS))
    elif settings.refresh == "nightly":
        window = night(settings.night or config.scheduler.night)
        due_ms = next_night_ms(window, _zone_name(settings, config), _place(user), now_ms)
    elif settings.refresh == "cron" and settings.cron is not None:
        moved_ms = int(_place(user) * settings.spread_minutes * _MINUTE_MS)
        zone_name = _zone_name(settings, config)
        due_ms = next_cron_ms(settings.cron, zone_name, now_ms - moved_ms) + moved_ms
    return Due(due_ms, _CADENCE)


def _zone_name(settings: SegmentSettings, config: Config) -> str:
    return settings.time_zone or config.scheduler.time_zone


def _place(user: UserKey) -> float:
    """Return where a user stands among all, from 0 to below 1."""
    return zlib.crc32(user) / 2**32


def promised_ms(segment: Segment, since_ms: int, config: Config) -> int:
    """Return until when a profile confirmed at a time must be refreshed; 0 where only a read or a person asks."""
    hours = promised_hours(segment, config)
    return 0 if hours == math.inf else since_ms + int(hours * HOUR_MS)


def backoff_ms(user: UserKey, failures: int, settings: Scheduler) -> int:
    """Return the wait in ms after the `failures`th failure in a row.

    Doubles from `retry_backoff_seconds` to `retry_backoff_max_seconds`. Up to a quarter is added by a checksum of
    the user and the number of failures: users who failed together do not all come back together, and a test
    can foretell it.
    """
    doubled = settings.retry_backoff_seconds * 2 ** min(failures - 1, _DOUBLINGS_MAX)
    jitter = _JITTER_SHARE * zlib.crc32(b"%b%d" % (user, failures)) / 2**32
    return int(1000 * min(settings.retry_backoff_max_seconds, doubled * (1 + jitter)))


def _at_once(former: Due, reason: RefreshReason, triggered_ms: int, now_ms: int) -> Due:
    if former.is_urgent(now_ms) and former.triggered_ms:
        triggered_ms = min(triggered_ms, former.triggered_ms)
        reason = min(reason, former.reason, key=_PRECEDENCE.index)
    return Due(min(triggered_ms, now_ms), reason, triggered_ms)


def _after_session(former: Due, activity_ms: int, now_ms: int, config: Config) -> Due:
    """Return when a user is due whose newest activity was at a time: when it has been idle, or has settled.

    What settles is pushed on by whatever comes before it is due, within a bound. A running session is waited out.
    """
    # An event may be stamped up to a day ahead, by a device whose clock is.
    ends_ms = min(activity_ms, now_ms) + _idle_ms(config)
    is_settling = former.settling_since_ms > 0
    if ends_ms > now_ms and not is_settling:
        return Due(ends_ms, RefreshReason.REFRESH_REASON_SESSION_END)
    is_in_session = former.at_ms > 0 and former.reason == RefreshReason.REFRESH_REASON_SESSION_END
    if is_in_session and not is_settling:
        return former
    since_ms = min(former.settling_since_ms or now_ms, now_ms)
    settle_ms = _settle_ms(config)
    due_ms = max(now_ms, min(now_ms + settle_ms, since_ms + _SETTLES_MAX * settle_ms))
    return Due(due_ms, RefreshReason.REFRESH_REASON_SESSION_END, settling_since_ms=since_ms)


def _is_after_session(segment: Segment, config: Config) -> bool:
    """Return whether a user is refreshed after sessions; one never scheduled is."""
    is_scheduled = segment != _UNSPECIFIED
    return (
        not is_scheduled or _is_weighed(config) or cadence(segment, config) == Cadence.CADENCE_AFTER_SESSION
    )


def _within_reach(due: Due, now_ms: int, config: Config) -> Due:
    """Return a due time no further off than its reason ever puts one; cadences bound themselves."""
    if due.reason == _CADENCE:
        return due
    if due.reason in _AT_ONCE:
        wait_ms = 0
    elif due.reason == RefreshReason.REFRESH_REASON_SESSION_END:
        wait_ms = max(_idle_ms(config), _settle_ms(config))
    elif due.reason == RefreshReason.REFRESH_REASON_RETRY:
        wait_ms = int(config.scheduler.retry_backoff_max_seconds * 1000)
    else:
        return due
    return due._replace(at_ms=min(due.at_ms, now_ms + wait_ms))


def _idle_ms(config: Config) -> int:
    return int(config.session.idle_timeout_seconds * 1000)


def _settle_ms(config: Config) -> int:
    return int(config.session.settle_seconds * 1000)
