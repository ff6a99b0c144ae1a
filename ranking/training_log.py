"""What the trainer learns from: the newest examples of all users, out of the store's events."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from foreword.keys import UserKey
from foreword.store import ActivityReader
from foreword.synthetic import is_synthetic
from ranking.choices import Choice, choices
from ranking.example import Action, Example
from ranking.log import examples

# Noes drawn beside each tool that was called: with fewer a rare tool is never among them, more say the same again.
NEGATIVES = 4
_USERS_AT_ONCE = 1_000
# Of one user, all in memory at once: some 50 MB, and a quarter of what a model is trained from by default.
EVENTS_OF_USER_MAX = 50_000


def gathered(
    reader: ActivityReader,
    examples_max: int,
    random: np.random.Generator,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Example]:
    """Return the newest examples of all users, in the order of time.

    Args:
        reader: Of the store's events.
        examples_max: At most so many, about 1 KB each in memory; of one user those out of the newest
            `EVENTS_OF_USER_MAX` events, or out of as many events as this where that is less.
        random: Draws what was not chosen.
        on_progress: Called with the users looked through, and how many there are.
    """
    newest: list[tuple[int, int, Example]] = []
    done, place, total = 0, 0, reader.users_count()
    for user in _users(reader):
        for example in _of(reader, user, min(examples_max, EVENTS_OF_USER_MAX), random):
            place += 1
            item = (example.context.time_ms, place, example)
            if len(newest) < examples_max:
                heapq.heappush(newest, item)
            else:
                heapq.heappushpop(newest, item)
        done += 1
        if not done % _USERS_AT_ONCE:
            on_progress(done, total)
    on_progress(done, total)
    return [example for _, _, example in sorted(newest, key=lambda item: item[:2])]


def _users(reader: ActivityReader) -> Iterator[UserKey]:
    after = b""
    while users := reader.users(after, _USERS_AT_ONCE, with_synthetic=True):
        yield from (user for user, _ in users)
        after = users[-1][0]


def _of(
    reader: ActivityReader, user: UserKey, events_max: int, random: np.random.Generator
) -> Iterator[Example]:
    """Yield what one user's newest events teach, and what is drawn beside their agent's choices.

    By the user's key, so that those of one id in two namespaces are two.
    """
    name, synthetic = user.hex(), is_synthetic(user)
    # Read once for both: what was said, and what was called.
    events = [stored.event for stored in reader.events(user, limit=events_max)]
    for example in examples(events):
        yield replace(example, user=name, is_synthetic=synthetic)
    chosen = list(choices(events))
    known = list({choice.chosen.id: choice.chosen for choice in chosen}.values())
    for choice in chosen:
        yield from drawn(replace(choice, user=name), known, random, is_synthetic=synthetic)


def drawn(
    choice: Choice, known: Sequence[Action], random: np.random.Generator, *, is_synthetic: bool = False
) -> Iterator[Example]:
    """Yield a choice as a yes, and some of what else could have been chosen as noes.

    Args:
        choice: What was chosen.
        known: What the user's agents have chosen at any time.
        random: Draws among them.
        is_synthetic: Whether the user is a simulated one.
    """
    yield Example(choice.user, choice.context, choice.chosen, 1.0, is_synthetic=is_synthetic)
    others = [action for action in known if action.id != choice.chosen.id]
    count = min(NEGATIVES, len(others))
    for place in random.choice(len(others), count, replace=False) if count else ():
        # Each stands for all that were not drawn.
        weight = len(others) / count
        yield Example(choice.user, choice.context, others[place], 0.0, weight, is_synthetic=is_synthetic)
