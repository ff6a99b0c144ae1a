"""From the messages of a call to what is ranked, checked: every field by name, with what was found and is allowed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from google.protobuf.message import DecodeError

from foreword.admission import (
    ATTRIBUTE_VALUE_BYTES_MAX,
    ITEM_ID_BYTES_MAX,
    SESSION_ID_BYTES_MAX,
    TEXT_BYTES_MAX,
    TOPIC_BYTES_MAX,
    TOPICS_MAX,
)
from foreword.errors import FieldError
from foreword.naming import quoted
from foreword.text_size import check_text
from foreword.v1.ranking_pb2 import Candidate, RankingContext
from ranking.example import Action, ActionSet, Context
from ranking.log import ACTION_PREFIX, OF_ACTION, counted_text

CANDIDATES_MAX = 500
# Feedback becomes an event, whose 32 attributes hold both, with the action's text and the decision's id.
ACTION_ATTRIBUTES_MAX = 16
CONTEXT_ATTRIBUTES_MAX = 14
_CONTEXT_KEY_BYTES_MAX = 64
_ACTION_KEY_BYTES_MAX = _CONTEXT_KEY_BYTES_MAX - len(ACTION_PREFIX)
# Candidates seen before, by their bytes, which takes a fifth of the time that reading one anew takes. About 1 KB each;
# and as many in the sets in which they came, which take half a kilobyte a candidate more.
_KNOWN_MAX = 50_000
# Sets of which it is known that they came, some 300 bytes each.
_MET_MAX = 2_000
_ID = attrgetter("id")
# More than all its fields may hold: what a later version adds is logged as it came.
_CANDIDATE_BYTES_MAX = 32_768


class Candidates:
    """Reads candidates, each distinct one once; and those that come together again all at once.

    Args:
        vector_size: Numbers in a vector of their own; 0 takes none.
    """

    def __init__(self, vector_size: int = 0) -> None:
        self._vector_size = vector_size
        self._known: dict[bytes, Action] = {}
        # By their number, the first and the last: the bytes, and what they say. The oldest first.
        self._sets: dict[tuple[int, bytes, bytes], tuple[list[bytes], ActionSet]] = {}
        self._sets_size = 0
        # Sets that came once: what is retrieved anew for each call never comes again, and is not worth keeping.
        self._met: set[tuple[int, bytes, bytes]] = set()

    def read(self, candidates: Sequence[bytes]) -> ActionSet:
        """Return what may be chosen, in the given order; the same object for what has come twice.

        Args:
            candidates: Serialized `Candidate`s.

        Raises:
            FieldError: There are none or more than 500, an id stands twice, or one is malformed.
        """
        if not 1 <= len(candidates) <= CANDIDATES_MAX:
            raise FieldError("candidates", f"{len(candidates):,} candidates", f"1 to {CANDIDATES_MAX}")
        given = list(candidates)
        key = len(given), given[0], given[-1]
        known = self._sets.get(key)
        if known is not None and known[0] == given:
            return known[1]
        try:
            # Without a call of ours for each.
            found = ActionSet(map(self._known.__getitem__, given))
        except KeyError:
            found = ActionSet(self._read(data, place) for place, data in enumerate(given))
        if len(set(map(_ID, found))) < len(found):
            raise _stands_twice(found)
        if key in self._met:
            self._keep(key, given, found)
        else:
            self._meet(key)
        return found

    def _meet(self, key: tuple[int, bytes, bytes]) -> None:
        if len(self._met) >= _MET_MAX:
            self._met.clear()
        self._met.add(key)

    def _keep(self, key: tuple[int, bytes, bytes], given: list[bytes], found: ActionSet) -> None:
        former = self._sets.pop(key, None)
        self._sets_size += len(given) - (0 if former is None else len(former[0]))
        self._sets[key] = given, found
        while self._sets_size > _KNOWN_MAX:
            oldest, _ = self._sets.pop(next(iter(self._sets)))
            self._sets_size -= len(oldest)

    def one(self, candidate: Candidate, field: str = "action") -> Action:
        """Return a single action; raises as `read` does."""
        try:
            return read_action(candidate, self._vector_size)
        except FieldError as exc:
            raise FieldError(f"{field}.{exc.field}", exc.found, exc.allowed, hint=exc.hint) from exc

    def _read(self, data: bytes, place: int) -> Action:
        known = self._known.get(data)
        if known is not None:
            return known
        field = f"candidates[{place}]"
        if len(data) > _CANDIDATE_BYTES_MAX:
            raise FieldError(field, f"{len(data):,} bytes", f"at most {_CANDIDATE_BYTES_MAX:,} bytes in all")
        try:
            candidate = Candidate.FromString(data)
        except DecodeError as exc:
            found = "bytes that are no Candidate"
            raise FieldError(field, found, "a serialized Candidate; strings are UTF-8") from exc
        action = self.one(candidate, field)
        if len(self._known) >= _KNOWN_MAX:
            # All at once: which of them is old is not known, and in a moment those in use are back.
            self._known.clear()
        self._known[data] = action
        return action


def read_action(candidate: Candidate, vector_size: int = 0) -> Action:
    """Return an action.

    Raises:
        FieldError: Names the field within it.
    """
    check_text("action_id", candidate.action_id, ITEM_ID_BYTES_MAX, bytes_min=1)
    if len(candidate.topics) > TOPICS_MAX:
        raise FieldError("topics", f"{len(candidate.topics)} topics", f"at most {TOPICS_MAX} topics")
    for place, topic in enumerate(candidate.topics):
        check_text(f"topics[{place}]", topic, TOPIC_BYTES_MAX, bytes_min=1)
    attributes = _attributes(candidate.attributes, ACTION_ATTRIBUTES_MAX, _ACTION_KEY_BYTES_MAX)
    check_text("text", candidate.text, TEXT_BYTES_MAX)
    return Action(
        id=candidate.action_id,
        topics=tuple(candidate.topics),
        attributes=attributes,
        text=counted_text(candidate.text),
        vector=_vector(candidate.vector, vector_size),
        is_irreversible=candidate.irreversible,
    )


def read_context(context: RankingContext, time_ms: int) -> Context:
    """Return the moment of a choice.

    Raises:
        FieldError: Names the field, such as `context.text`.
    """
    try:
        attributes = _attributes(context.attributes, CONTEXT_ATTRIBUTES_MAX, _CONTEXT_KEY_BYTES_MAX)
        for key in attributes:
            if key.startswith(OF_ACTION):
                allowed = f"keys that do not begin with {' or '.join(map(repr, OF_ACTION))}"
                raise FieldError("attributes", quoted(key), allowed)  # noqa: TRY301 - named below
        text, session_id = context.text, context.session_id
        check_text("text", text, TEXT_BYTES_MAX)
        check_text("session_id", session_id, SESSION_ID_BYTES_MAX)
    except FieldError as exc:
        raise FieldError(f"context.{exc.field}", exc.found, exc.allowed, hint=exc.hint) from exc
    return Context(time_ms=time_ms, attributes=attributes, text=text, session_id=session_id)


def check_reward(field: str, reward: float) -> None:
    """Check that a reward is a number from 0 to 1.

    Raises:
        FieldError: It is not.
    """
    if not 0 <= reward <= 1:
        raise FieldError(field, f"{reward:g}", "0 to 1")


def _attributes(given: Mapping[str, str], count_max: int, key_bytes_max: int) -> dict[str, str]:
    attributes = dict(given)
    if len(attributes) > count_max:
        raise FieldError("attributes", f"{len(attributes)} keys", f"at most {count_max} keys")
    for key, value in attributes.items():
        check_text("attributes", key, key_bytes_max, bytes_min=1)
        # Of four bytes a character at most: the field's name is made for those alone that may be too long.
        if len(value) > ATTRIBUTE_VALUE_BYTES_MAX // 4:
            check_text(f"attributes[{key!r}]", value, ATTRIBUTE_VALUE_BYTES_MAX)
    return attributes


def _vector(numbers: Iterable[float], size: int) -> tuple[float, ...]:
    vector = tuple(numbers)
    if not vector:
        return vector
    if len(vector) != size:
        raise FieldError(
            "vector",
            f"{len(vector)} numbers",
            f"{size} numbers" if size else "none",
            hint="ranking.vector_size says how many",
        )
    if not all(map(math.isfinite, vector)):
        raise FieldError("vector", "a number that is not finite", "finite numbers")
    return vector


def _stands_twice(actions: Sequence[Action]) -> FieldError:
    first: dict[str, int] = {}
    for place, action in enumerate(actions):
        if action.id in first:
            field = f"candidates[{place}].action_id"
            return FieldError(
                field, f"{quoted(action.id)}, as in candidates[{first[action.id]}]", "each id once"
            )
        first[action.id] = place
    raise AssertionError("no id stands twice")
