"""The words of a domain, ready to look up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

REST = "general"
"""The kind of activity that shows no other; what an operator's new kind does not say is said as by this one."""
CLASSES = ("language", "genre", "file_kind", "everywhere")
"""What a topic can be, beside what an operator's file adds; those of the last are true of everybody, and never said."""
DEPTHS = ("overview", "standard", "deep")
"""How deep a text can be."""
_WORDS = re.compile(r"[a-z]+")
_NO_CLASS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class KindWords:
    """What is said of a kind of activity, and what its events show.

    Attributes:
        types: Event types that show it, by their last word.
        type_prefixes: Likewise, by their first word.
        weak_types: Types that show it only where no other kind shows.
        act: What somebody does who does it.
        by_medium: What is played or rated says the act, where events name it.
        joint: What joins topics to the act; a colon stands close.
        often: What is believed of somebody whom a topic draws, with `{}` for its name.
        lately: What joins items to "Lately"; empty for nothing.
        events: What its events are called, where all are of `types`.
        within: The attribute that says in what; empty for none.
        namesake: How a topic is said that is called as what the user is within, with `{}` for its name.
        apart: Classes of topics that are said apart from the others.
        apart_unless_most: Those of them that are said among the others by whoever does most in them.
        share_min: The share of all activity that makes it the kind of the whole; 0 for the usual half.
        habits: A sentence for each attribute, with `{}` for its commonest values.
        shows_skill: Its events show that somebody can do what they are about.
        knows: Classes of topics of which is said how well somebody knows them, by the number of events.
        says_new: What somebody met late and little is said to be new to them.
        outcomes: How many of how many of its last runs ended well, a `{}` for each; empty to say nothing.
        works_on: A goal that its texts show, with `{}` for the subject; empty where goals are what is searched for.
        looks_for: A goal that its events show by what they search for, with `{}` for it; empty where they do not.
        ends: Types of events, by their last word, that end a goal which they name.
        tone: The tone of answers as long as the user asks for no other; empty for a neutral one.
        emphasis: What answers should bring out; empty for nothing.
    """

    types: frozenset[str] = frozenset()
    type_prefixes: frozenset[str] = frozenset()
    weak_types: frozenset[str] = frozenset()
    act: str = ""
    by_medium: bool = False
    joint: str = ""
    often: str = ""
    lately: str = ""
    events: str = ""
    within: str = ""
    namesake: str = "{}"
    apart: frozenset[str] = frozenset()
    apart_unless_most: frozenset[str] = frozenset()
    share_min: float = 0.0
    habits: Mapping[str, str] = field(default_factory=dict)
    shows_skill: bool = False
    knows: frozenset[str] = frozenset()
    says_new: bool = False
    outcomes: str = ""
    works_on: str = ""
    looks_for: str = ""
    ends: frozenset[str] = frozenset()
    tone: str = ""
    emphasis: str = ""

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
        classes: Topics by the class they are of, by `topic_key`.
        labels: How topics are shown that are Foreword's or the operator's own words, by their small letters.
        attributes: How a value that nearly all events share is said, by the attribute.
        verbs: What is done with a subject, by the last word of the type.
        offers: How several of what is offered are called, by the first word of the type.
        depths: Words for how deep a text is, by `DEPTHS`.
        digest: Changes with the operator's file; empty without one.
    """

    kinds: Mapping[str, KindWords] = field(default_factory=dict)
    media: Mapping[str, Medium] = field(default_factory=dict)
    classes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    verbs: Mapping[str, str] = field(default_factory=dict)
    offers: Mapping[str, str] = field(default_factory=dict)
    depths: Mapping[str, frozenset[str]] = field(default_factory=dict)
    digest: str = ""

    def is_a(self, topic: str, classes: Iterable[str]) -> bool:
        """Return whether a topic, by `topic_key`, is of one of these classes."""
        return not self._classes_of.get(topic, _NO_CLASS).isdisjoint(classes)

    def kind_of_type(self, event_type: str) -> str | None:
        """Return the name of the kind that a type in small letters shows; None for a weak or unknown one."""
        first, last = event_type.partition(".")[0], event_type.rpartition(".")[2]
        by_prefix = self._by_prefix.get(first) if first != event_type else None
        return by_prefix or self._by_type.get(last)

    def kind_of_weak_type(self, event_type: str) -> str | None:
        """Return the name of the kind that a type in small letters shows only where no other does; None for none."""
        return self._by_weak_type.get(event_type.rpartition(".")[2])

    def looks_for(self, event_type: str) -> str:
        """Return how the goal is said that a type in small letters shows by what it searches for; empty for none."""
        kind = self.kind_of_type(event_type)
        return self.kinds[kind].looks_for if kind else ""

    @cached_property
    def ends(self) -> frozenset[str]:
        """Types of events, by their last word, that end a goal which they name."""
        return frozenset(each for words in self.kinds.values() for each in words.ends)

    def depth_named(self, value: str) -> str | None:
        """Return which of `DEPTHS` a value names; None for none."""
        return next((depth for depth, named in self.depths.items() if value.lower() in named), None)

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
    def _by_weak_type(self) -> dict[str, str]:
        return {each: name for name, words in self.kinds.items() for each in words.weak_types}

    @cached_property
    def _medium_of_word(self) -> dict[str, str]:
        return {word: name for name, medium in self.media.items() for word in medium.words}
