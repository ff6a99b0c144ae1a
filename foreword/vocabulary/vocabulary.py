"""The words of a domain, ready to look up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

KINDS = ("code", "rating", "reading", "shopping", "media", "agent", "search", "general")
"""The kinds of activity; an operator's file says what shows one and how it is said."""
CLASSES = ("language", "genre", "file_kind", "everywhere")
"""What a topic can be; those of the last are true of everybody, and never said."""
_WORDS = re.compile(r"[a-z]+")
_NO_CLASS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class KindWords:
    """What is said of a kind of activity.

    Attributes:
        types: Event types that show it, by their last word.
        type_prefixes: Likewise, by their first word.
        weak_types: Types that show it only where no other kind shows.
        act: What somebody does who does it.
        joint: What joins topics to that; a colon stands close.
        events: What its events are called, where all are of `types`.
        within: The attribute that says in what; empty for none.
        apart: Classes of topics that are said apart from the others.
        share_min: The share of all activity that makes it the kind of the whole; 0 for the usual half.
        habits: A sentence for each attribute, with `{}` for its commonest values.
    """

    types: frozenset[str] = frozenset()
    type_prefixes: frozenset[str] = frozenset()
    weak_types: frozenset[str] = frozenset()
    act: str = ""
    joint: str = ""
    events: str = ""
    within: str = ""
    apart: frozenset[str] = frozenset()
    share_min: float = 0.0
    habits: Mapping[str, str] = field(default_factory=dict)

    @property
    def joined(self) -> str:
        """The joint with the spaces around it."""
        return f"{self.joint} " if self.joint == ":" else f" {self.joint} "


@dataclass(frozen=True, slots=True)
class Medium:
    """What is rated or played: the words that name it, and what somebody does who plays it."""

    words: frozenset[str] = frozenset()
    act: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """The words of the domains of one namespace.

    Attributes:
        kinds: By the names of kinds.
        media: By their names.
        classes: Topics by the class they are of, by `topic_key`: language, genre, file_kind, everywhere.
        labels: How topics are shown that are Foreword's or the operator's own words, by their small letters.
        attributes: How a value that nearly all events share is said, by the attribute.
        digest: Changes with the operator's file; empty without one.
    """

    kinds: Mapping[str, KindWords] = field(default_factory=dict)
    media: Mapping[str, Medium] = field(default_factory=dict)
    classes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    def is_a(self, topic: str, classes: Iterable[str]) -> bool:
        """Return whether a topic, by `topic_key`, is of one of these classes."""
        return not self._classes_of.get(topic, _NO_CLASS).isdisjoint(classes)

    def kind_of_type(self, event_type: str) -> str | None:
        """Return the name of the kind that a type in small letters shows; None for a weak or unknown one."""
        first, last = event_type.partition(".")[0], event_type.rpartition(".")[2]
        by_prefix = self._by_prefix.get(first) if first != event_type else None
        return by_prefix or self._by_type.get(last)

    def is_weak(self, event_type: str) -> bool:
        """Return whether a type in small letters shows a kind only where no other does."""
        return event_type.rpartition(".")[2] in self._weak

    def medium_named(self, value: str) -> str | None:
        """Return the name of the medium that a type or a domain names, as `movie.rate` does; None for none."""
        named = (self._medium_of_word.get(word) for word in _WORDS.findall(value.lower()))
        return next(filter(None, named), None)

    # Asked for each topic of each teller of a text.
    @cached_property
    def _classes_of(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for name, topics in self.classes.items():
            for topic in topics:
                found.setdefault(topic, set()).add(name)
        return {topic: frozenset(names) for topic, names in found.items()}

    @cached_property
    def _by_type(self) -> dict[str, str]:
        return {each: name for name, words in self.kinds.items() for each in words.types}

    @cached_property
    def _by_prefix(self) -> dict[str, str]:
        return {each: name for name, words in self.kinds.items() for each in words.type_prefixes}

    @cached_property
    def _weak(self) -> frozenset[str]:
        return frozenset(each for words in self.kinds.values() for each in words.weak_types)

    @cached_property
    def _medium_of_word(self) -> dict[str, str]:
        return {word: name for name, medium in self.media.items() for word in medium.words}
