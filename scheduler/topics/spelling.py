"""Topics that may mean the same by how they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from foreword.v1.topic_alias_pb2 import TOPIC_ALIAS_SOURCE_SPELLING
from scheduler.agent.stems import stem
from scheduler.topics.abbreviations import CERTAIN, LIKELY
from scheduler.topics.likeness import Likeness, commoner_first

# English words and joints alone. `a/b` and `a.b` are places in a tree, where `test` and `tests` are two; digits tell
# versions and numbers apart; other scripts have other rules.
_PLAIN = re.compile(r"[a-z]+(?:-[a-z]+)*")
# Of shorter words a letter more or less is another word: form, from, firm, farm.
_TYPO_LETTERS_MIN = 8
_JOINED_LETTERS_MIN = 8
_ENDING_LETTERS = 2
# Cut, short words are others: news and new, past and paste.
_STEMMED_LETTERS_MIN = 5
_PLURAL_LETTERS_MIN = 4
# Groups of topics alike in one way that are larger are no typing errors but a naming scheme.
_GROUP_MAX = 4
# Not above the shares of pairs that were the same, by hand: docs/decisions/0034-one-vocabulary.md has them. Lower where
# the topics of others may mean another thing.
_SURE = {"abbreviation": 0.98, "joined": 0.97, "plural of a name": 0.95, "likely abbreviation": 0.7}
_SURE |= {"plural": 0.7, "ending": 0.6, "order": 0.6, "typo": 0.6}


def by_spelling(events: Mapping[str, int]) -> Iterator[Likeness]:
    """Yield what may mean the same, each pair once, the surest way first.

    Args:
        events: How many events carry each topic, by `topic_key`.
    """
    seen: set[frozenset[str]] = set()
    for found in _found(events):
        pair = frozenset((found.topic, found.canonical))
        if pair not in seen:
            seen.add(pair)
            yield found


def _found(events: Mapping[str, int]) -> Iterator[Likeness]:
    for short, whole in CERTAIN.items():
        if short in events and whole in events:
            yield _likeness(whole, short, "abbreviation", is_certain=True)
    plain = [topic for topic in events if _PLAIN.fullmatch(topic)]
    yield from _alike(plain, events, _joined, "joined", is_certain=True)
    for one, plural in _plurals(plain):
        # `goods` are no good; the words before say which is meant.
        is_name = "-" in one
        first, second = commoner_first(one, plural, events)
        yield _likeness(first, second, "plural of a name" if is_name else "plural", is_certain=is_name)
    for short, whole in LIKELY.items():
        if short in events and whole in events:
            yield _likeness(whole, short, "likely abbreviation")
    yield from _alike(plain, events, _stems, "ending")
    yield from _alike(plain, events, _ordered, "order")
    for one, other in _typos(plain):
        yield _likeness(*commoner_first(one, other, events), "typo")


def _likeness(canonical: str, topic: str, how: str, *, is_certain: bool = False) -> Likeness:
    return Likeness(topic, canonical, TOPIC_ALIAS_SOURCE_SPELLING, _SURE[how], is_certain)


def _alike(
    topics: list[str],
    events: Mapping[str, int],
    form: Callable[[str], str],
    how: str,
    *,
    is_certain: bool = False,
) -> Iterator[Likeness]:
    """Yield the topics that one form of them has in common, each with the commonest of them."""
    groups: dict[str, list[str]] = {}
    for topic in topics:
        groups.setdefault(form(topic), []).append(topic)
    for same, group in groups.items():
        if same and 1 < len(group) <= _GROUP_MAX:
            canonical = group[0]
            for topic in group[1:]:
                canonical, _ = commoner_first(canonical, topic, events)
            yield from (
                _likeness(canonical, topic, how, is_certain=is_certain)
                for topic in group
                if topic != canonical
            )


def _joined(topic: str) -> str:
    """Return a topic without its joints: `unit-tests` is `unittests`; empty for a short one."""
    letters = topic.replace("-", "")
    return letters if len(letters) >= _JOINED_LETTERS_MIN else ""


def _ordered(topic: str) -> str:
    """Return a topic with its words in order; empty for one word."""
    words = topic.split("-")
    return "-".join(sorted(words)) if len(words) > 1 else ""


def _stems(topic: str) -> str:
    """Return a topic with its longer words cut to what their forms have in common: `load-testing` is `load-tests`."""
    return "-".join(
        stem(word) if len(word) >= _STEMMED_LETTERS_MIN else f"={word}" for word in topic.split("-")
    )


def _plurals(topics: list[str]) -> Iterator[tuple[str, str]]:
    """Yield topics with those that are their plural."""
    known = set(topics)
    for topic in topics:
        if len(topic.rpartition("-")[2]) >= _PLURAL_LETTERS_MIN:
            for plural in _plural_forms(topic):
                if plural in known:
                    yield topic, plural


def _plural_forms(topic: str) -> list[str]:
    if re.search(r"(?:[sxz]|ch|sh)$", topic):
        return [f"{topic}es"]
    if re.search(r"[^aeiou]y$", topic):
        return [f"{topic[:-1]}ies"]
    return [f"{topic}s"]


def _typos(topics: list[str]) -> Iterator[tuple[str, str]]:
    """Yield topics that differ in one letter of one long word: one more, another, or two that changed places."""
    groups: dict[str, set[str]] = {}
    for topic in topics:
        for form in {topic, *(topic[:place] + topic[place + 1 :] for place in range(1, len(topic)))}:
            groups.setdefault(form, set()).add(topic)
    for group in groups.values():
        if 1 < len(group) <= _GROUP_MAX:
            yield from ((one, other) for one, other in combinations(sorted(group), 2) if _is_typo(one, other))


def _is_typo(one: str, other: str) -> bool:
    mine, theirs = one.split("-"), other.split("-")
    if len(mine) != len(theirs):
        return False
    differing = [(a, b) for a, b in zip(mine, theirs, strict=True) if a != b]
    if len(differing) != 1:
        return False
    a, b = differing[0]
    # What differs at the end only is another form of the word: deprecated, deprecates; scheduler, scheduled.
    is_form = (
        a[:-_ENDING_LETTERS] == b[: len(a) - _ENDING_LETTERS]
        or b[:-_ENDING_LETTERS] == a[: len(b) - _ENDING_LETTERS]
    )
    return min(len(a), len(b)) >= _TYPO_LETTERS_MIN and not is_form and _is_one_step(a, b)


def _is_one_step(one: str, other: str) -> bool:
    """Return whether a letter more, another letter, or two neighbours that changed places make one of the other."""
    short, long = sorted((one, other), key=len)
    start = next((place for place, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    is_swap = (
        short[start : start + 2] == long[start : start + 2][::-1] and short[start + 2 :] == long[start + 2 :]
    )
    return is_swap or short[start + 1 :] == long[start + 1 :]
