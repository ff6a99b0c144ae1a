"""Sentences that once stood in texts and were false, each in the situation that brought it about."""

from __future__ import annotations

from collections.abc import Sequence

from foreword.v1 import event_pb2
from scheduler.agent.population import PopulationDelta, PopulationView
from tests.one_refresh import CONFIG, NOW_MS, event, run

FILM = {"type": "rate", "attributes": {"domain": "film"}}


def commits(
    count: int, topics: Sequence[str], days_ago: float, first: int = 0, a_day: float = 4.0
) -> list[event_pb2.Event]:
    """Return commits on topics, the newest `days_ago`, so many a day before it."""
    return [
        event(first + number, days_ago + number / a_day, topics, type="commit", attributes={"repo": "celery"})
        for number in range(count)
    ]


def others(topics: dict[str, float], users: int = 40) -> PopulationView:
    """Return the users of a namespace, with the faded weight of their topics."""
    view = PopulationView(CONFIG.window.half_life_days)
    view.fold(
        PopulationDelta(
            as_of_ms=NOW_MS,
            topics={topic: (weight, 0.0, int(weight)) for topic, weight in topics.items()},
            total_weight=sum(topics.values()),
            user_count=users,
            event_count=int(sum(topics.values())),
        )
    )
    return view


def rated(topic: str, value: float, count: int, first: int, days_ago: float) -> list[event_pb2.Event]:
    """Return ratings of films of a genre, an hour apart."""
    return [
        event(
            first + number,
            days_ago + number / 24,
            [topic],
            item_id=f"film {first + number}",
            value=value,
            **FILM,
        )
        for number in range(count)
    ]


def text_of(events: Sequence[event_pb2.Event], population: PopulationView | None = None) -> str:
    """Return the text below its frame."""
    return run(events, population=population).foreword.text.partition("\n")[2]


def test_whoever_did_most_of_it_does_not_do_less_of_it() -> None:
    """165 of the 221 commits to a folder are this user's; it was "less in" for a faded share below the others'."""
    events = [
        *commits(165, ["celery/concurrency"], 400, first=0),
        *commits(600, ["celery/backends"], 1, first=1000, a_day=3),
    ]
    text = text_of(events, others({"celery/concurrency": 56, "celery/backends": 40}))
    assert "ess in" not in text
    assert 'No "celery/concurrency" since' in text


def test_what_is_rated_above_the_own_mean_is_not_called_below() -> None:
    """Romance and Drama lie above this user's mean of all ratings, whatever newer ratings are."""
    events = [
        *rated("War", 2.0, 30, 0, 3),
        *rated("Romance", 4.5, 12, 100, 300),
        *rated("Romance", 3.0, 4, 200, 1),
        *rated("Drama", 3.9, 12, 300, 300),
        *rated("Drama", 2.5, 4, 400, 1),
    ]
    line = next(line for line in text_of(events).splitlines() if line.startswith("Rates"))
    below = line.partition(";")[2]
    assert "Romance" not in below
    assert "Drama" not in below


def test_what_was_deleted_is_not_what_the_user_does_more_of() -> None:
    """One commit took "docs-site" away; more of the others' weight had faded, so that one was "more"."""
    events = [
        *commits(40, ["pydantic_ai"], 2, first=0),
        *commits(1, ["docs-site"], 1, first=100),
    ]
    assert "docs-site" not in text_of(events, others({"pydantic_ai": 900, "docs-site": 1}))


def test_one_topic_is_not_said_to_be_done_and_done_less() -> None:
    """Documentation is named once, and in one sense."""
    events = [
        *commits(20, ["celery", "documentation"], 1, first=0),
        *commits(60, ["celery"], 2, first=100),
    ]
    text = text_of(events, others({"celery": 50, "documentation": 900}))
    assert text.count("documentation") == 1
    assert "ess in" not in text


def test_whoever_rejects_most_suggestions_is_said_to() -> None:
    """79 of 115 suggestions were rejected: an assistant can act on that, and not on "Active, mostly in"."""
    events = [
        event(
            number,
            1 + number / 200,
            ["machine learning"],
            type="suggestion.rejected" if number % 115 < 79 else "suggestion.accepted",
            attributes={"domain": "programming"},
        )
        for number in range(115)
    ]
    text = text_of(events)
    assert "Rejects 79 of 115 suggestions." in text
    assert "mostly" not in text


def test_somebody_long_gone_is_dated() -> None:
    """Read years later, a text says as of when it holds, and that its window ends there: nothing is "now"."""
    years_ago = 9 * 365.25
    text = text_of(commits(60, ["celery"], years_ago))
    assert "As of October 2016, developer" in text
    assert "Now:" not in text


def test_ten_of_the_last_fifteen_are_said() -> None:
    """The newest films are nearly all Animation, of somebody who never watched any: the most useful line there is."""
    earlier = [
        event(number, 400 + number, ["Drama"], item_id=f"film {number}", value=4.0, **FILM)
        for number in range(80)
    ]
    newest = [
        event(
            200 + number,
            1 + number / 24,
            ["Animation" if number % 3 else "Drama"],
            item_id=f"film {200 + number}",
            value=4.0,
            **FILM,
        )
        for number in range(15)
    ]
    text = text_of([*earlier, *newest])
    assert "Animation (new, 10 of the last 16 ratings)" in text


def test_three_events_make_a_text() -> None:
    """101 people with three events or more had none."""
    assert "tests" in text_of([event(number, number, ["tests"]) for number in range(3)])


def test_a_topic_that_few_events_speak_against_is_not_to_be_skipped() -> None:
    """The newest six of 21 were skipped; faded, they outweigh the others, and counted they do not."""
    earlier = [event(number, 300 + number, ["football"]) for number in range(15)]
    newest = [event(100 + number, 1 + number / 24, ["football"], type="skip") for number in range(6)]
    beside = [event(200 + number, 2, ["tests"]) for number in range(30)]
    assert "Skip" not in text_of([*earlier, *newest, *beside])
    turned = [event(300 + number, 1 + number / 48, ["football"], type="skip") for number in range(12)]
    assert 'Skip "football".' in text_of([*earlier, *newest, *turned, *beside])


def test_films_that_were_rated_have_a_verb() -> None:
    """What was rated last is said to be rated, not left without a verb."""
    assert "Lately rated" in text_of(rated("Drama", 4.0, 20, 0, 1))
