"""Examples as columns of numbers, growing at the end, so that a training need not read them one by one again."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from ranking.example import Action, Context, Example
from ranking.features import LAST_FIELDS, SOURCE_FIELD, Part, action_parts, context_parts
from ranking.ring import EMPTY, RECENT_MAX, Ring
from ranking.vocabulary import Seen


class Interned:
    """Values of fields by a number, with how often each came and when last."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str], int] = {}
        self.counts: list[int] = []
        self.last_ms: list[int] = []

    def number(self, part: Part) -> int:
        """Return the number of a value, a new one if it has none."""
        key = (part.field, part.value)
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.counts)
            self.counts.append(0)
            self.last_ms.append(0)
        return number

    def see(self, number: int, time_ms: int) -> None:
        """Count a value once more."""
        self.counts[number] += 1
        self.last_ms[number] = max(self.last_ms[number], time_ms)

    def seen(self) -> dict[str, dict[str, Seen]]:
        """Return by field and value how often and when last."""
        found: dict[str, dict[str, Seen]] = {}
        for (field, value), number in self.numbers.items():
            found.setdefault(field, {})[value] = Seen(self.counts[number], self.last_ms[number])
        return found


class Table:
    """Examples in the order they came: who, what, when, and what the user did last.

    Attributes:
        actions: The different actions; a column of examples has their places here.
        recent: Places of the examples that stood in the user's ring, the newest last; -1 where there were fewer.
    """

    def __init__(self) -> None:
        self.interned = Interned()
        self.users: dict[str, int] = {}
        self.actions: list[Action] = []
        self.action_numbers: list[list[int]] = []
        self.action_weights: list[list[float]] = []
        self.user, self.action, self.recent = array("i"), array("i"), array("i")
        self.reward, self.weight = array("d"), array("d")
        self.time_ms = array("q")
        self.contexts: list[Context] = []
        self.context_numbers, self.context_row = array("i"), array("i")
        self.context_weights = array("d")
        self.rows_of_user: list[list[int]] = []
        self._rings: list[Ring] = []
        self._known: dict[Any, int] = {}

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.user)

    def extend(self, examples: Sequence[Example]) -> None:
        """Take in examples, which are in the order of time."""
        for example in examples:
            self.add(example)

    def add(self, example: Example) -> int:
        """Take in one example; return its place."""
        place, time_ms = len(self.user), example.context.time_ms
        user, action = self._user(example.user), self._action(example.action)
        ring = self._rings[user]
        parts = self._context_parts(example, ring)
        values = [self.interned.number(part) for part in parts]
        for number in (*self.action_numbers[action], *values):
            self.interned.see(number, time_ms)
        self.recent.extend([-1] * (RECENT_MAX - len(ring.rows)))
        self.recent.extend(ring.rows)
        self.user.append(user)
        self.action.append(action)
        self.reward.append(min(max(example.reward, 0.0), 1.0))
        self.weight.append(example.weight)
        self.time_ms.append(time_ms)
        self.contexts.append(example.context)
        self.context_numbers.extend(values)
        self.context_row.extend([place] * len(values))
        self.context_weights.extend([part.weight for part in parts])
        self.rows_of_user[user].append(place)
        self._rings[user] = ring.followed(place, time_ms, example.reward)
        return place

    def column(self, name: str) -> Any:
        """Return a column as an array of its own; `recent` as int32[n, 16]."""
        found = np.array(getattr(self, name))
        return found.reshape(-1, RECENT_MAX) if name == "recent" else found

    def _user(self, user: str) -> int:
        number = self.users.get(user)
        if number is None:
            number = self.users[user] = len(self.rows_of_user)
            self.rows_of_user.append([])
            self._rings.append(EMPTY)
        return number

    def _action(self, action: Action) -> int:
        key = (action.id, action.topics, tuple(action.attributes.items()), action.text, action.vector)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.actions)
            self.actions.append(action)
            parts = action_parts(action)
            self.action_numbers.append([self.interned.number(part) for part in parts])
            self.action_weights.append([part.weight for part in parts])
        return number

    def _context_parts(self, example: Example, ring: Ring) -> list[Part]:
        parts = context_parts(example.context)
        for field, place in zip(LAST_FIELDS, ring.taken(len(LAST_FIELDS)), strict=False):
            parts.append(Part(field, self.actions[self.action[place]].id))
        if example.is_synthetic:
            parts.append(Part(SOURCE_FIELD, "synthetic"))
        return parts
