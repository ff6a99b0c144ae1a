"""One thing said of a user, and what yields it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from typing import NamedTuple, TypeAlias

from foreword.v1 import profile_pb2
from scheduler.agent.findings import Findings


class Saying(NamedTuple):
    """One thing said of a user, on a line of its own.

    Attributes:
        kind: What it is about, as in `ForewordPart.kind`.
        text: One whole sentence, or a few; names in it stand as `Names` shows them.
        topics: The topics it claims something of, by `topic_key`.
    """

    kind: str
    text: str
    topics: frozenset[str] = frozenset()


Teller: TypeAlias = Callable[[Findings, profile_pb2.SelfModel, Set[str]], Iterator[Saying]]
"""Yields sayings from what code knows, from the self-model, and given the topics that were claimed before it."""
