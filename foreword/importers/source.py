"""What an importer reads from, and what it sends to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

from foreword.v1.activity_service_pb2 import RecordEventsResponse
from foreword.v1.event_pb2 import Event

Sink = Callable[[Sequence[Event]], RecordEventsResponse]
"""Records up to 1,000 events and answers once they are on disk; `record` of the client is one."""

# RecordEvents takes no more at once.
BATCH_EVENTS_MAX = 1000


Item = TypeVar("Item")


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield items in lists as long as one call may be; what they come from then stands behind the list's last."""
    remaining = iter(items)
    while batch := list(islice(remaining, BATCH_EVENTS_MAX)):
        yield batch


@dataclass(slots=True)
class Row:
    """One line, row or commit: an event, or why it is none.

    Attributes:
        number: Its place in the source, from one: the line of a file, as an editor counts.
        event: The event; None when refused.
        raw: The row as it stands in the source, for writing aside.
        refusal: Why it is no event, in one sentence; empty when it is one.
        ignored: The names of what it holds and no event has.
    """

    number: int
    event: Event | None
    raw: str
    refusal: str = ""
    ignored: tuple[str, ...] = ()


class Progress(NamedTuple):
    """How far reading is."""

    done: int
    total: int
    """Zero when not known."""
    unit: str
    """What is counted: bytes or commits."""


class Source(Protocol):
    """Something events are imported from."""

    @property
    def name(self) -> str:
        """What a person calls it; names the file of refused rows."""
        ...

    @property
    def identity(self) -> str:
        """What tells its imports from others': place and options that change what is read."""
        ...

    def rows(self, resume_from: Mapping[str, Any] | None) -> Iterator[Row]:
        """Yield the rows after a point that `resume_point` described; all when it is None or fits no more."""
        ...

    def resume_point(self) -> dict[str, Any] | None:
        """Return, as JSON, where to go on after the row yielded last; None when that cannot be found again."""
        ...

    def finished_point(self) -> dict[str, Any] | None:
        """Return where the next import begins once all rows are read; None to read all again."""
        ...

    def progress(self) -> Progress:
        """Return how far reading is."""
        ...
