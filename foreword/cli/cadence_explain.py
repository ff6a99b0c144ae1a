"""`foreword cadence explain`: why a user is in a segment, and when they are refreshed next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from itertools import islice
from typing import Any, NamedTuple

import click

from foreword.cli.cadence_text import condition_texts, rule_text, segment_title
from foreword.cli.output import print_json, table
from foreword.cli.settings import Settings, user_options
from foreword.clock import SystemClock, format_time_ms
from foreword.config import Config
from foreword.config_segments import Tried
from foreword.errors import ForewordError, StoreMissingError
from foreword.keys import UserKey, user_key
from foreword.store import ActivityReader, Header, ProfileReader
from foreword.store.pauses import paused_users
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome, RefreshReason, RefreshState

# As many as the ledger keeps unless told otherwise.
_LOOKED_AT_MAX = 100_000


class Found(NamedTuple):
    """What both stores know of a user."""

    activity: UserActivity
    state: RefreshState
    header: Header | None
    last: LedgerEntry | None
    """The newest attempt; None when it is no longer kept."""
    paused: dict[str, int]
    """Since when segments and all are paused, in ms since 1970, by name; the empty name stands for all."""
    paused_ms: int
    """Since when the user is paused by name, in ms since 1970; 0 when they are not."""


@click.command("explain")
@click.argument("user")
@user_options
@click.pass_obj
def command(settings: Settings, user: str) -> None:
    """Say which segment USER is in and why, what was counted, and when and why the next refresh is due.

    Reads the store itself, whether daemons run or not, and judges by the configuration that they would read.
    """
    config = settings.config
    found = find(config, user_key(user, settings.namespace))
    now_ms = SystemClock().now_ms()
    said = list(rows(found, config, now_ms))
    if settings.as_json:
        print_json(_json(found, config, now_ms, said))
    else:
        click.echo(table(said))


def find(config: Config, user: UserKey, *, looked_at_max: int = _LOOKED_AT_MAX) -> Found:
    """Return what both stores know of a user.

    Args:
        config: Says where they are.
        user: User key.
        looked_at_max: Among how many of the newest attempts the user's own is looked for.

    Raises:
        ForewordError: No event of the user was recorded.
    """
    directory, readers_max = config.store.directory, config.store.readers_max
    with ExitStack() as stack:
        activity = stack.enter_context(closing(ActivityReader(directory, readers_max=readers_max)))
        seen = activity.user(user)
        if seen is None or not seen.event_count:
            raise ForewordError(
                "no event of this user was recorded", hint="see --namespace and store.directory"
            )
        state, header, last = RefreshState(), None, None
        with suppress(StoreMissingError):
            profiles = stack.enter_context(closing(ProfileReader(directory, readers_max=readers_max)))
            state, header = profiles.refresh_state(user) or state, profiles.header(user)
            attempts = islice(profiles.every_attempt(), looked_at_max)
            last = next((entry for entry in attempts if entry.user_key == user), None)
        pauses = activity.pauses()
        return Found(seen, state, header, last, dict(pauses.since_ms), paused_users(pauses).get(user, 0))


def rows(found: Found, config: Config, now_ms: int) -> Iterator[tuple[str, str]]:
    """Yield what is said of a user, each with what it is about."""
    from scheduler.segments import cadence_settings, classify, facts_of, held

    facts = facts_of(found.activity, now_ms, config.window.days)
    number = classify(found.activity, now_ms, config, found.state.segment)
    for one in config.segments.tried():
        is_in = one.number == number
        met = "yes" if held(one, facts) else "no"
        said = " and ".join(condition_texts(one)) or "the rest"
        if is_in and met == "no":
            met = f"stays: within {config.segments.hysteresis:.0%} of the border (segments.hysteresis)"
        yield ("segment" if is_in else "", f"{segment_title(one)}: {said}: {met}")
        if is_in:
            break
    days = min(config.window.days, 56)
    yield "age", f"{facts.age_days:.1f} days since the first event"
    rates = f"{facts.active_days_per_week:.2f} active days and {facts.sessions_per_week:.2f} sessions a week"
    yield "activity", f"{rates}, over {days} days"
    yield "last seen", f"{facts.last_seen_days:.1f} days ago, {found.activity.event_count:,} events in all"
    yield from sorted(facts.attributes.items())
    window = cadence_settings(number, config).window or config.window
    yield (
        "window",
        f"{window.days} days, the newest {window.recent_days} with {window.recent_weight:.0%} of the weight",
    )
    yield "last refresh", _last(found)
    yield "profile", _profile(found.header, now_ms)
    yield "next refresh", _next(found, config, number, now_ms)


def _last(found: Found) -> str:
    if not found.state.attempted_ms:
        return "none yet"
    when = format_time_ms(found.state.attempted_ms)
    outcome = RefreshOutcome.Name(found.state.outcome).removeprefix("REFRESH_OUTCOME_").lower()
    why = f", because {_reason(found.last.reason)}" if found.last is not None else ""
    error = f": {found.state.error}" if found.state.error else ""
    return f"{when}: {outcome}{why}{error}"


def _profile(header: Header | None, now_ms: int) -> str:
    if header is None:
        return "none yet; the default is served"
    freshness = Freshness.Name(header.freshness(now_ms)).removeprefix("FRESHNESS_").lower()
    if header.is_default:
        return "the default, for too few events"
    computed, stale, expired = map(
        format_time_ms, (header.computed_at_ms, header.stale_after_ms, header.expired_after_ms)
    )
    return f"{freshness}; computed {computed}, stale after {stale}, expired after {expired}"


def _next(found: Found, config: Config, number: Segment, now_ms: int) -> str:
    state, one = found.state, _named(config, number)
    rule = rule_text(one.settings, config) if one is not None else "unknown"
    paused = list(_pauses(found, one.name if one else ""))
    if paused:
        return f"paused by an operator: {'; '.join(paused)}"
    if state.is_held:
        return "just resumed"
    if not state.due_ms:
        return f"none planned: the rule is {rule}"
    when = "now" if state.due_ms <= now_ms else format_time_ms(state.due_ms)
    why = _reason(state.reason)
    return f"{when}, because {why}" + (
        f" ({rule})" if state.reason == RefreshReason.REFRESH_REASON_CADENCE else ""
    )


_REASONS = {
    RefreshReason.REFRESH_REASON_CADENCE: "the cadence of the segment says so",
    RefreshReason.REFRESH_REASON_SESSION_END: "a session ends, or an import has settled",
    RefreshReason.REFRESH_REASON_ON_OPEN: "the user was read",
    RefreshReason.REFRESH_REASON_MANUAL: "an operator asked",
    RefreshReason.REFRESH_REASON_RETRY: "the attempt before failed",
    RefreshReason.REFRESH_REASON_EVENTS_DELETED: "events were deleted",
    RefreshReason.REFRESH_REASON_ROLLBACK: "an operator asked for an earlier revision",
    RefreshReason.REFRESH_REASON_BACKFILL: "a backfill brought the user over",
}


def _reason(reason: RefreshReason) -> str:
    return _REASONS.get(reason, RefreshReason.Name(reason).removeprefix("REFRESH_REASON_").lower())


def _pauses(found: Found, segment_name: str) -> Iterator[str]:
    """Yield the pauses that hold a user back, each with what ends it."""
    if found.paused_ms:
        yield f"this user since {format_time_ms(found.paused_ms)} (foreword cadence resume --user)"
    for name in sorted({"", segment_name} & found.paused.keys()):
        said = name.replace("_", "-")
        since = format_time_ms(found.paused[name])
        yield f"{said or 'all users'} since {since} (foreword cadence resume{said and ' ' + said})"


def _named(config: Config, number: int) -> Tried | None:
    return config.segments.find(number)


def _json(found: Found, config: Config, now_ms: int, said: list[tuple[str, str]]) -> dict[str, Any]:
    from scheduler.segments import classify, facts_of

    facts = facts_of(found.activity, now_ms, config.window.days)
    number = classify(found.activity, now_ms, config, found.state.segment)
    return {
        "segment": config.segments.name_of(number),
        "segment_at_last_refresh": config.segments.name_of(found.state.segment),
        "facts": facts._asdict(),
        "attempted_ms": found.state.attempted_ms,
        "outcome": RefreshOutcome.Name(found.state.outcome),
        "due_ms": found.state.due_ms,
        "reason": RefreshReason.Name(found.state.reason),
        "is_held": found.state.is_held,
        "paused_ms": found.paused_ms,
        "said": [text for _, text in said],
    }
