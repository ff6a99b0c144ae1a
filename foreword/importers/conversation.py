"""A conversation with an agent, and what of it was met before."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from foreword.errors import FieldError
from foreword.importers import record_fields
from foreword.importers.turns import Said, Turn, turns_of

# How many conversations are remembered to recognise their continuation, or another that begins alike: 200 bytes each.
_REMEMBERED_MAX = 100_000
_DIGEST_LENGTH = 24

Item = TypeVar("Item")


class Message(NamedTuple):
    """One message of a conversation.

    Attributes:
        raw: As it stands in the record.
        turns: What is said and done in it.
        time: When, where it says so.
        refusal: Why it is no message; empty when it is one.
    """

    raw: Any
    turns: list[Turn]
    time: Timestamp | None
    refusal: str


def message_of(raw: Any, name: str, time: Any = None) -> Message:
    """Return a message as it can be read.

    Args:
        raw: As it stands in the record.
        name: Its name in errors, such as `messages[3]`.
        time: When it was, where something beside it says so.
    """
    try:
        turns = turns_of(raw, name)
        own = record_fields.time_in(raw, name) if isinstance(raw, Mapping) else None
    except FieldError as exc:
        return Message(raw, [], None, exc.message)
    return Message(raw, turns, own or time, "")


@dataclass
class Conversation:
    """One record of a log.

    Attributes:
        number: Where it stands in the file, from one.
        user: Whose.
        session: As the record states it; empty when it does not.
        time: When it began, where the record says so.
        attributes: What is stated of all of it.
        messages: In order.
        record: All that the record states.
    """

    number: int
    user: str
    session: str
    time: Timestamp | None
    attributes: Mapping[str, str]
    messages: list[Message]
    record: Mapping[str, Any]

    @cached_property
    def digests(self) -> list[str]:
        """Of what is said and done in each message, with all before it; to be asked for once no message comes more."""
        so_far = hashlib.sha256(repr((self.user, self.session)).encode("utf-8", "replace"))
        digests = []
        for message in self.messages:
            # Of the turns: as history, a message is not written as it was when it was an answer.
            if message.turns:
                so_far.update(repr(message.turns).encode("utf-8", "replace"))
            digests.append(so_far.hexdigest()[:_DIGEST_LENGTH])
        return digests

    @property
    def opening(self) -> str:
        """The digest up to the first words of the user: a log that goes on changes nothing of it."""
        for digest, message in zip(self.digests, self.messages, strict=True):
            if any(isinstance(turn, Said) and turn.is_user for turn in message.turns):
                return digest
        return self.digests[-1] if self.digests else ""


class Identities:
    """Names conversations so that one has the same name whenever it is read, and however far it had come.

    A log of calls repeats the conversation so far in every record: a record that begins with all of an earlier one is
    the same conversation. Of several that only begin alike, each is one of its own, told apart by their order.
    """

    def __init__(self) -> None:
        self._ended: OrderedDict[str, str] = OrderedDict()
        self._openings: OrderedDict[str, int] = OrderedDict()

    def of(self, conversation: Conversation) -> str:
        """Return the name of a conversation: 24 hexadecimal digits."""
        known = (self._ended[digest] for digest in reversed(conversation.digests) if digest in self._ended)
        identity = next(known, None) or self._new(conversation)
        if conversation.digests:
            _remember(self._ended, conversation.digests[-1], identity)
        return identity

    def _new(self, conversation: Conversation) -> str:
        time = conversation.time.ToJsonString() if conversation.time is not None else ""
        opening = f"{conversation.opening} {time}"
        count = self._openings.get(opening, 0) + 1
        _remember(self._openings, opening, count)
        return hashlib.sha256(f"{opening} {count}".encode()).hexdigest()[:_DIGEST_LENGTH]


def _remember(memory: OrderedDict[str, Any], key: str, value: Any) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _REMEMBERED_MAX:
        memory.popitem(last=False)


def without_repeated(items: Iterable[Item]) -> Iterator[Item]:
    """Leave out each conversation that the very next item repeats and goes on with; other items pass.

    Else a call of a tool would be taken without its result, which only the next record of such a log has.
    """
    held: Item | None = None
    for item in items:
        if held is not None and not _repeats(item, held):
            yield held
        held = item
    if held is not None:
        yield held


def _repeats(item: Any, held: Any) -> bool:
    """Return whether a conversation has all of another, which says nothing of its own end."""
    return (
        isinstance(item, Conversation)
        and isinstance(held, Conversation)
        and bool(held.digests)
        and held.digests[-1] in item.digests
        and not record_fields.has_outcome(held.record)
    )
