"""Two topics that may mean the same, and how that came to be thought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from foreword.v1.topic_alias_pb2 import TopicAliasSource


class Likeness(NamedTuple):
    """A topic that may mean the same as another; both by `topic_key`."""

    topic: str
    canonical: str
    source: TopicAliasSource
    confidence: float
    """From 0 to 1: as often as pairs like this one were found to be the same."""
    is_certain: bool = False
    """Whether it may come into force without an operator."""


def commoner_first(one: str, other: str, events: Mapping[str, int]) -> tuple[str, str]:
    """Return two topics, first the one that more events carry; among equals the one with more words, then by name."""
    first, second = sorted((one, other), key=lambda topic: (-events[topic], -topic.count("-"), topic))
    return first, second
