"""Writes docs/forewords.md: ten forewords beside the events they were written from, by today's code.

Three people are made up (tests/data/made_up). The others are in public data that is not part of the repository; where
it is not at hand their sections stay as they were written last.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

# The readers of public data are the tests' own.
import shared_events

from evaluations.events import sorted_events
from evaluations.served_texts import texts_after_import
from foreword.clock import DAY_MS, format_time_ms
from foreword.config import Config
from foreword.importers import CsvRows, parse_mapping
from foreword.v1.event_pb2 import Event

TARGET = Path(__file__).with_name("forewords.md")
_MADE_UP = Path(__file__).parents[1] / "tests" / "data" / "made_up"
_EVENTS_SHOWN = 10
_COUNTS_SHOWN = 6
_TEXT_SHOWN = 90

_INTRODUCTION = """\
# Ten forewords beside their events

<!-- Written by docs/make_forewords.py; `make forewords` renews it, and a test says when it is out of date. -->

What the text says can be counted in the events: that is the point of it. Each person here was imported whole and
refreshed as on the night after, by code alone (`extractive`), with everybody else of the same data around them. Under
each text stand the newest events and what all of them come to, and what an application does with it.

The developers are authors of public repositories under pseudonyms; the viewers are from
[MovieLens](https://grouplens.org/datasets/movielens/) (GroupLens, for research); the programmers with an assistant
and in chats from public studies (MIT and CC0); the customer is simulated by
[tau-bench](https://github.com/sierra-research/tau-bench) (MIT). Three people are made up, for reading, shopping and
agents.
"""


class Person(NamedTuple):
    """Whose foreword is shown.

    Attributes:
        title: Who it is.
        namespace: Where their events are: one of `shared_events`, or `made up`.
        user_id: The user.
        use: What an application does with the text, in a sentence or two.
    """

    title: str
    namespace: str
    user_id: str
    use: str


PEOPLE = (
    Person(
        "A developer of a task queue, 2,547 commits",
        "celery",
        "dev_6505cc6654",
        "Assume Python and the code base; look at the backends and at release files first. The suite moved from "
        "`celery/tests` to `t/unit`, so point there.",
    ),
    Person(
        "A developer of an operator framework, 1,077 commits",
        "kopf",
        "dev_1f9a19c9e3",
        "Answer in terms of `kopf/_cogs` and `kopf/_core`: the folders they replaced are named as left.",
    ),
    Person(
        "A viewer of films, 2,698 ratings",
        "films",
        "414",
        "Recommend from what is rated above this person's own mean, war films among it, rather than from the most "
        "watched.",
    ),
    Person(
        "A viewer of films who likes nearly all, 403 ratings",
        "films",
        "275",
        "A four is this person's average: show mysteries, crime and documentaries before science fiction.",
    ),
    Person(
        "A programmer with a completing assistant",
        "copilot",
        "programmer-14",
        "Two suggestions in three are turned down: offer fewer, in Python, and only when they are likely.",
    ),
    Person(
        "A programmer in a chat",
        "chats",
        "programmer-124",
        "The table task is new and under way: carry its context over instead of asking for it again.",
    ),
    Person(
        "A customer of an airline, served by an agent",
        "airline",
        "aarav_ahmed_6699",
        "Fetch the reservations before the first answer, and expect a change or a cancellation.",
    ),
    Person(
        "A reader of news (made up)",
        "made up",
        "reader",
        "Lead with storage and tariffs, the conclusion first and briefly; leave football, gadgets and celebrities out.",
    ),
    Person(
        "A customer of a shop (made up)",
        "made up",
        "shopper",
        "A watch is being chosen and not bought yet: compare the two that come again, in a few plain sentences.",
    ),
    Person(
        "A user of a coding agent (made up)",
        "made up",
        "agent_user",
        "Show the code first, plan for lock timeouts in migrations, and run the tests before saying it is done.",
    ),
)

_COLUMNS = {
    "reader": ("depth",),
    "shopper": ("brand", "size"),
    "agent_user": ("tool", "error_type", "outcome"),
}


def made_up() -> list[Event]:
    """Return the events of the people who are made up, ascending by time."""
    events = []
    for user_id, columns in _COLUMNS.items():
        file = _MADE_UP / f"{user_id}.csv"
        mapping = (f"user_id=={user_id}", *(f"attributes.{name}={name}" for name in columns))
        events += sorted_events(file, CsvRows(file, parse_mapping(mapping)).rows(), "an event")
    return sorted(events, key=lambda event: (event.time.ToMilliseconds(), event.event_id))


def sections(namespace: str, events: Sequence[Event]) -> dict[str, str]:
    """Return the sections of the people of a namespace, by their titles."""
    people = {person.user_id: person for person in PEOPLE if person.namespace == namespace}
    last_ms = events[-1].time.ToMilliseconds()
    texts = texts_after_import(events, Config(), cut_ms=last_ms + 1, now_ms=last_ms + DAY_MS)
    return {
        people[served.user_id].title: _section(
            people[served.user_id],
            served.text,
            [event for event in events if event.user_id == served.user_id],
        )
        for served in texts
        if served.user_id in people
    }


def render(written: dict[str, str], before: str) -> str:
    """Return the page, with the sections of `before` for people who are not in `written`."""
    kept = {part.partition("\n")[0]: part for part in before.split("\n## ")[1:]}
    parts = [written.get(person.title) or kept[person.title].partition("\n")[2].strip() for person in PEOPLE]
    titled = (f"## {person.title}\n\n{part}\n" for person, part in zip(PEOPLE, parts, strict=True))
    return "\n".join([_INTRODUCTION, *titled])


def _section(person: Person, text: str, events: Sequence[Event]) -> str:
    shown = "\n".join(_shown(event) for event in reversed(events[-_EVENTS_SHOWN:]))
    return f"```text\n{text}\n```\n\n{person.use}\n\n```text\n{shown}\n{_rest(events)}\n```"


def _shown(event: Event) -> str:
    day = format_time_ms(event.time.ToMilliseconds())[:10]
    said = [event.type, event.item_id, *event.topics[:4]]
    said += [event.text.partition("\n")[0]] if event.text else []
    said += [f"{event.value:g}"] if event.HasField("value") else []
    said += [
        value for name, value in sorted(event.attributes.items()) if name in {"tool", "error_type", "outcome"}
    ]
    line = " · ".join(re.sub(r"\s+", " ", word) for word in said if word)
    return f"{day}  {line if len(line) <= _TEXT_SHOWN else line[: _TEXT_SHOWN - 1] + '…'}"


def _rest(events: Sequence[Event]) -> str:
    types = Counter(event.type for event in events)
    topics = Counter(topic for event in events for topic in event.topics)
    first = format_time_ms(events[0].time.ToMilliseconds())[:10]
    return f"all {len(events):,} since {first}: {_counted(types)}\ntopics: {_counted(topics)}"


def _counted(counts: Counter[str]) -> str:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_COUNTS_SHOWN]
    more = len(counts) - len(ranked)
    return ", ".join(f"{name} {count:,}" for name, count in ranked) + (f" and {more} more" if more else "")


def _namespaces() -> Iterator[tuple[str, list[Event]]]:
    yield "made up", made_up()
    if all((shared_events.FOLDER / name).is_dir() for name in shared_events.DATA_SETS):
        wanted = {person.namespace for person in PEOPLE}
        yield from (found for found in shared_events.namespaces() if found[0] in wanted)


def main() -> None:
    """Write the page."""
    written = {}
    for namespace, events in _namespaces():
        written |= sections(namespace, events)
    before = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    TARGET.write_text(render(written, before), encoding="utf-8")


if __name__ == "__main__":
    main()
