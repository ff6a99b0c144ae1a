"""Counts of topics brought under other synonyms: what means the same adds up, what was set apart is divided again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foreword.synonyms import Synonyms
from foreword.topics import commonest, topic_key
from foreword.v1.profile_pb2 import STANCE_NO, FadedCount

# What adds up; all but the events are faded to one time by whoever holds the rows.
_SUMS = (
    *(
        "weight",
        "negative_weight",
        "event_count",
        "rating_sum",
        "rating_weight",
        "rating_total",
        "rating_count",
        "accepted_count",
        "rejected_count",
        "against_count",
    ),
    *("short_day_sum", "long_day_sum", "last_day_weight"),
)


def recast(rows: Sequence[FadedCount], synonyms: Synonyms) -> Sequence[FadedCount]:
    """Return the rows as they are under these synonyms; the same object when they are so already.

    Rows of topics that mean the same add up: an event that carried two of them counts twice in what was counted
    before, once in what is counted from now on. A row of topics that were set apart is divided by how many events
    spelled each; a yes or no then holds for each. Counting anew from the events is exact.
    """
    if not any(_is_moved(row, synonyms) for row in rows):
        return rows
    found: dict[str, FadedCount] = {}
    for row in rows:
        for key, part in _parts(row, synonyms):
            if key in found:
                _add(found[key], part)
            else:
                found[key] = part
    return list(found.values())


def spellings_of(row: FadedCount) -> dict[str, int]:
    """Return how many events spelled a row's topic how."""
    return {each.text: each.event_count for each in row.spellings} or {row.value: row.event_count}


def put_spellings(row: FadedCount, spellings: dict[str, int]) -> None:
    """Write down how a row's topic was spelled, where that is more than the row's name."""
    del row.spellings[:]
    if list(spellings) != [row.value]:
        for text in sorted(spellings, key=lambda text: (-spellings[text], text)):
            row.spellings.add(text=text, event_count=spellings[text])


def _is_moved(row: FadedCount, synonyms: Synonyms) -> bool:
    # Most rows have one spelling, and then it is their name; without synonyms they need no second look.
    if not row.spellings:
        return bool(synonyms.digest) and synonyms.key(row.value) != topic_key(row.value)
    key = topic_key(row.value)
    return any(synonyms.key(each.text) != key for each in row.spellings)


def _parts(row: FadedCount, synonyms: Synonyms) -> Iterator[tuple[str, FadedCount]]:
    """Yield what a row holds of each topic there is now."""
    spelled: dict[str, dict[str, int]] = {}
    for text, events in spellings_of(row).items():
        spelled.setdefault(synonyms.key(text), {})[text] = events
    total = sum(sum(texts.values()) for texts in spelled.values())
    for key, texts in spelled.items():
        part = FadedCount()
        part.CopyFrom(row)
        if len(spelled) > 1:
            _scale(part, sum(texts.values()) / total if total else 1 / len(spelled))
        part.value = synonyms.title(key) or commonest(texts)
        put_spellings(part, texts)
        yield key, part


def _scale(row: FadedCount, share: float) -> None:
    for field in _SUMS:
        value = getattr(row, field)
        setattr(row, field, round(value * share) if isinstance(value, int) else value * share)
    row.event_count = max(1, row.event_count)


def _add(held: FadedCount, more: FadedCount) -> None:
    spellings = spellings_of(held)
    for text, events in spellings_of(more).items():
        spellings[text] = spellings.get(text, 0) + events
    if held.last_day != more.last_day:
        # Of the newest day alone.
        newest = max(held, more, key=lambda row: row.last_day)
        held.last_day_weight, more.last_day_weight = newest.last_day_weight, 0.0
        held.last_day = newest.last_day
    for field in _SUMS:
        setattr(held, field, getattr(held, field) + getattr(more, field))
    if more.last_seen.ToMilliseconds() > held.last_seen.ToMilliseconds():
        held.last_seen.CopyFrom(more.last_seen)
    if _is_said_later(more, held):
        held.stance = more.stance
        held.stance_time.CopyFrom(more.stance_time)
    put_spellings(held, spellings)


def _is_said_later(one: FadedCount, other: FadedCount) -> bool:
    """Return whether one's stance holds for both: the later; of two at one time the no."""
    if not one.stance or not other.stance:
        return bool(one.stance)
    mine, theirs = one.stance_time.ToMilliseconds(), other.stance_time.ToMilliseconds()
    return mine > theirs or (mine == theirs and one.stance == STANCE_NO)
