"""What a refresh reads of a history: its window, and what is new, without looking through the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from foreword import keys
from foreword.store import ActivityReader, ActivityWriter, NewEvent
from foreword.store.activity_reader import News

ANN = keys.user_key("ann")
START_MS = 1_700_000_000_000
HISTORY = 100


@pytest.fixture
def activity(
    tmp_path: Path, make_event: Callable[..., NewEvent], faults: Callable
) -> Iterator[ActivityReader]:
    """Return the reader of a store in which a user has a hundred events, in order, and then a late one, `late`."""
    writer = ActivityWriter(tmp_path, map_size_bytes=64 << 20)
    with writer.begin() as transaction:
        events = [make_event("ann", f"e{number:03}", time_ms=START_MS + number) for number in range(HISTORY)]
        transaction.record(events, 1)
    with writer.begin() as transaction:
        transaction.record([make_event("ann", "late", time_ms=START_MS - 1)], 1)
    reader = ActivityReader(tmp_path)
    yield reader
    reader.close()
    writer.close()
    assert faults(tmp_path) == []


def ids(activity: ActivityReader, **wanted: object) -> list[str]:
    """Return the ids of the events read."""
    return [stored.event.event_id for stored in activity.events(ANN, **wanted)]


def test_news_of_any_time_is_read_beside_the_window(activity: ActivityReader) -> None:
    """A late event is found behind the whole history, as far as the count says that there is one."""
    seen = activity.user(ANN)
    assert seen is not None
    news = News(after_seq=HISTORY, through_seq=seen.last_seq, count_max=1)
    assert ids(activity, from_ms=START_MS + 97, news=news) == ["late", "e097", "e098", "e099"]
    assert ids(activity, from_ms=START_MS + 97, news=news._replace(count_max=0)) == ["e097", "e098", "e099"]


def test_what_is_accepted_meanwhile_is_not_taken_for_news(activity: ActivityReader) -> None:
    """Events beyond the place that was seen take no place of those that count."""
    news = News(after_seq=HISTORY - 1, through_seq=HISTORY, count_max=1)
    assert ids(activity, from_ms=START_MS + HISTORY, news=news) == ["e099"]


def test_the_window_is_bounded_and_news_beside_it(activity: ActivityReader) -> None:
    """The newest of the window are read, and all that is new whatever its number."""
    assert ids(activity, window_max=2) == ["e098", "e099"]
    news = News(after_seq=HISTORY - 5, through_seq=HISTORY, count_max=5)
    assert ids(activity, window_max=2, news=news) == [f"e{number:03}" for number in range(95, 100)]
    assert ids(activity, window_max=2, news=news, limit=3) == ["e097", "e098", "e099"]
