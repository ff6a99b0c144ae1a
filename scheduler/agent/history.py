"""A user's past from the events alone: the memory without what was deleted, counted anew from what is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foreword.clock import DAY_MS
from foreword.corrections import wishes_in
from foreword.topics import topic_key
from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.day_sums import DaySums
from scheduler.agent.evidence import Evidence
from scheduler.agent.memory import AttributeCount, Memory, TopicCount, fold
from scheduler.agent.observed import rows_of
from scheduler.agent.population import PopulationDelta
from scheduler.agent.rows import drop

# Rounding leaves crumbs where a weight was taken out again.
_CRUMB = 1e-6


@dataclass(frozen=True)
class History:
    """What a refresh may know that starts from the events.

    Attributes:
        kept: All events that are kept, ascending by time.
        counted_ids: Those of them that the memory holds already.
        removed: Events that were deleted, and that the memory still holds.
        is_whole: Whether all events there ever were are kept or deleted, so that nothing in the memory is of others.
    """

    kept: Sequence[event_pb2.Event]
    counted_ids: frozenset[str]
    removed: Sequence[event_pb2.Event]
    is_whole: bool


def refold(
    remembered: profile_pb2.Memory | None,
    kept: Sequence[Evidence],
    removed: Sequence[Evidence],
    history: History,
    half_life_days: float,
) -> tuple[Memory, PopulationDelta]:
    """Return the memory counted anew, and what it adds to the population, which may be less than nothing.

    Where all events are kept, that is exact: as if what was deleted had never been. Else what the memory holds of
    events past retention is what is left when the kept and the deleted ones are taken out of it. Counts and weights are
    exact in that, but for topics that a limit dropped meanwhile; sums over days are exact but where events of one day
    came in parts; noes and wishes stay unless a kept or deleted event of their time made them.
    """
    counted = [item for item in kept if item.event.event_id in history.counted_ids]
    news = [item for item in kept if item.event.event_id not in history.counted_ids]
    held = [*counted, *removed]
    # It holds more where the activity store was replaced by an older one, which has lost them.
    if remembered is None or (history.is_whole and remembered.event_count <= len(held)):
        base = None
    else:
        base = _remainder(remembered, held)
    memory, _ = fold(base, kept, half_life_days)
    _, delta = fold(remembered, news, half_life_days)
    if removed:
        _, gone = fold(None, removed, half_life_days)
        _take(delta, gone, half_life_days)
    return memory, delta


def reopened(
    previous: profile_pb2.Profile, removed: Sequence[Evidence], kept: Sequence[Evidence]
) -> profile_pb2.Profile:
    """Return the profile with what code believes made to be counted anew, and without what rests on deleted events.

    What code counted goes, but for what ended and what the user said before the oldest event that is kept. What a
    model proposed stays with the evidence that is left, and goes when none is; a presentation or a message of the
    operator's that a model wrote does not say what it rests on, and goes whenever events were deleted.
    """
    reopened = profile_pb2.Profile()
    reopened.CopyFrom(previous)
    model = reopened.self_model
    gone = {item.event.event_id for item in removed}
    oldest_ms = min((item.time_ms for item in kept), default=1 << 62)
    for row in rows_of(model):
        _forget(row, gone)
    for rows in (model.expertise, model.preferences):
        for entry in rows:
            drop(entry.evidence, lambda each: each.event_id in gone)
    drop(model.beliefs, lambda row: not row.evidence or not _outlasts(row, oldest_ms))
    drop(model.goals, lambda row: not row.evidence or not (row.proposed_by or row.HasField("valid_to")))
    drop(model.expertise, lambda row: not (row.proposed_by and row.evidence))
    drop(model.preferences, lambda row: not (row.proposed_by and row.evidence))
    if gone and reopened.presentation.proposed_by:
        reopened.ClearField("presentation")
    if gone:
        reopened.ClearField("product")
    return reopened


def _outlasts(belief: profile_pb2.Belief, oldest_ms: int) -> bool:
    """Return whether a belief stays that is not counted anew from the events kept."""
    is_said = belief.source == profile_pb2.BELIEF_SOURCE_EXPLICIT
    is_before = belief.last_observed.ToMilliseconds() < oldest_ms
    return bool(belief.proposed_by) or belief.HasField("valid_to") or (is_said and is_before)


def _forget(row: profile_pb2.Belief | profile_pb2.Goal, gone: set[str]) -> None:
    before = len(row.evidence)
    drop(row.evidence, lambda each: each.event_id in gone)
    row.evidence_count = max(len(row.evidence), row.evidence_count - (before - len(row.evidence)))
    row.day_count = max(1, min(row.day_count, row.evidence_count))
    if row.evidence:
        row.last_observed.CopyFrom(row.evidence[-1].time)
    if isinstance(row, profile_pb2.Belief):
        against = len(row.contradictions)
        drop(row.contradictions, lambda each: each.event_id in gone)
        row.contradiction_count -= min(row.contradiction_count, against - len(row.contradictions))


def _take(delta: PopulationDelta, gone: PopulationDelta, half_life_days: float) -> None:
    """Take out of what is added to a population what it had of deleted events."""
    fade = 2.0 ** ((gone.as_of_ms - delta.as_of_ms) / (half_life_days * DAY_MS))
    for topic, (weight, against, events) in gone.topics.items():
        held = delta.topics.get(topic, (0.0, 0.0, 0))
        delta.topics[topic] = (held[0] - weight * fade, held[1] - against * fade, held[2] - events)
    delta.total_weight -= gone.total_weight * fade
    delta.event_count -= gone.event_count
    for bucket, weight in gone.lengths.items():
        delta.lengths[bucket] = delta.lengths.get(bucket, 0.0) - weight * fade
    delta.user_count = max(0, delta.user_count)


def _remainder(remembered: profile_pb2.Memory, counted: Sequence[Evidence]) -> profile_pb2.Memory:
    """Return a memory without some of the events in it."""
    base = profile_pb2.Memory()
    base.CopyFrom(remembered)
    if not counted:
        return base
    half_life_ms = remembered.half_life.ToMilliseconds()
    other, _ = fold(None, counted, half_life_ms / DAY_MS)
    fade = 2.0 ** ((other.as_of_ms - remembered.as_of.ToMilliseconds()) / half_life_ms)
    oldest_ms = min(item.time_ms for item in counted)
    _less_topics(base, other, fade, oldest_ms, _decision_times(counted))
    _less_attributes(base, other.attributes, fade, oldest_ms)
    _less_sums(base, other, fade)
    said = {item.time_ms for item in counted if item.corrects and wishes_in(item.event.text)}
    drop(base.wishes, lambda wish: wish.time.ToMilliseconds() in said)
    drop(base.recent, lambda act: act.time.ToMilliseconds() >= oldest_ms)
    days = {item.time_ms // DAY_MS for item in counted}
    base.active_days[:] = [day for day in base.active_days if day not in days]
    if base.first_seen.ToMilliseconds() >= oldest_ms:
        base.ClearField("first_seen")
    _less_days(base, other.days, oldest_ms)
    return base


def _decision_times(counted: Iterable[Evidence]) -> Mapping[str, set[int]]:
    times: dict[str, set[int]] = {}
    for item in counted:
        for topic in item.topics if item.decides else ():
            times.setdefault(topic, set()).add(item.time_ms)
    return times


def _less_topics(
    base: profile_pb2.Memory, other: Memory, fade: float, oldest_ms: int, decided: Mapping[str, set[int]]
) -> None:
    for row in base.topics:
        key = topic_key(row.value)
        count = other.topics.get(key)
        if row.stance and row.stance_time.ToMilliseconds() in decided.get(key, ()):
            row.ClearField("stance")
            row.ClearField("stance_time")
        if count is not None:
            _less_topic(row, count, fade, oldest_ms)
    drop(base.topics, lambda row: not row.event_count and not row.stance)


def _less_topic(row: profile_pb2.FadedCount, count: TopicCount, fade: float, oldest_ms: int) -> None:
    row.weight = _less(row.weight, count.weight * fade)
    row.negative_weight = _less(row.negative_weight, count.against * fade)
    row.event_count -= min(row.event_count, count.events)
    row.accepted_count -= min(row.accepted_count, count.accepted)
    row.rejected_count -= min(row.rejected_count, count.rejected)
    row.against_count -= min(row.against_count, count.against_events)
    row.rating_count -= min(row.rating_count, count.rating_count)
    row.rating_total = row.rating_total - count.rating_total if row.rating_count else 0.0
    row.rating_weight = _less(row.rating_weight, count.rating_weight * fade)
    row.rating_sum = row.rating_sum - count.rating_sum * fade if row.rating_weight else 0.0
    for spelling in row.spellings:
        spelling.event_count -= min(spelling.event_count, count.spellings.get(spelling.text, 0))
    drop(row.spellings, lambda spelling: not spelling.event_count)
    if row.last_seen.ToMilliseconds() >= oldest_ms:
        row.last_seen.FromMilliseconds(max(0, oldest_ms - 1))
    _less_days(row, count.days, oldest_ms)


def _less_attributes(
    base: profile_pb2.Memory,
    attributes: Mapping[tuple[str, str], AttributeCount],
    fade: float,
    oldest_ms: int,
) -> None:
    for row in base.attributes:
        count = attributes.get((row.field, row.value))
        if count is not None:
            row.weight = _less(row.weight, count.weight * fade)
            row.event_count -= min(row.event_count, count.events)
            row.last_seen.FromMilliseconds(min(row.last_seen.ToMilliseconds(), max(0, oldest_ms - 1)))
    drop(base.attributes, lambda row: not row.event_count)


def _less_sums(base: profile_pb2.Memory, other: Memory, fade: float) -> None:
    base.event_count -= min(base.event_count, other.events)
    base.total_weight = _less(base.total_weight, other.weight * fade)
    base.hour_weights[:] = [
        _less(weight, hour * fade) for weight, hour in zip(base.hour_weights, other.hours, strict=False)
    ]
    lengths = base.mean_length * base.length_weight - other.length_sum * fade
    base.length_weight = _less(base.length_weight, other.length_weight * fade)
    if base.length_weight:
        base.mean_length = max(0.0, lengths) / base.length_weight
    else:
        base.ClearField("mean_length")
    base.rating_count -= min(base.rating_count, other.rating_count)
    base.rating_total = base.rating_total - other.rating_total if base.rating_count else 0.0
    base.rating_weight = _less(base.rating_weight, other.rating_weight * fade)
    base.rating_sum = base.rating_sum - other.rating_sum * fade if base.rating_weight else 0.0
    squares = base.rating_square_sum - other.rating_square_sum * fade
    base.rating_square_sum = max(0.0, squares) if base.rating_weight else 0.0
    if base.HasField("offers"):
        _less_offers(base.offers, other)


def _less_offers(row: profile_pb2.Offers, other: Memory) -> None:
    offers = other.offers
    row.accepted_count -= min(row.accepted_count, offers.accepted)
    row.rejected_count -= min(row.rejected_count, offers.rejected)
    row.accepted_length_count -= min(row.accepted_length_count, offers.accepted_lengths)
    row.rejected_length_count -= min(row.rejected_length_count, offers.rejected_lengths)
    row.accepted_length_sum = _less(row.accepted_length_sum, offers.accepted_length_sum)
    row.rejected_length_sum = _less(row.rejected_length_sum, offers.rejected_length_sum)


def _less_days(row: Any, days: DaySums, oldest_ms: int) -> None:
    row.short_day_sum = _less(row.short_day_sum, days.short)
    row.long_day_sum = _less(row.long_day_sum, days.long)
    if row.last_day >= oldest_ms // DAY_MS:
        row.last_day, row.last_day_weight = max(0, oldest_ms // DAY_MS - 1), 0.0


def _less(weight: float, taken: float) -> float:
    left = weight - taken
    return left if left > _CRUMB * max(1.0, weight) else 0.0
