"""Words that come again and again in what a user wrote."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from foreword.model_server.refresh_prompt import Line

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*|[^\w\s]+|\S+")
# What says how something was done, or ties words together, and so names no subject.
_EMPTY = frozenset(
    """a about above across add added adding adds after again all allow allows also always an and another any
    are around as at back backport be because been before being below better between both bump bumped but
    by call calls can cannot change changed changes check clean cleanup close closed closes comment
    comments correct correctly could create default did do doc docs does don done drop dropped during
    each either enable ensure error even everything explicitly fix fixed fixes fixing fixup for forgot
    from get gets give given go got had handle handled has have here hopefully how however i if ignore
    implement improve improved improvements in initial instead into introduce is isn issue issues it its
    just keep later least less let like little made make makes making many maybe merge merged minor misc
    missing more most move moved much must my need needed needs never new no not note nothing now of off
    old on once one only onto or other our out over own part passing people per please possible pr
    prepare prevent previous probably proper properly pull put python raise re readme really reduce
    refactor refactored refs related release released releases remove removed removes removing rename
    renamed replace replaced request require required return returns revert reverted reverts review run
    runs s same see set sets should show simplify since single sleep small so some something sort specify
    start still stop stuff such support supported supports sure t take test tested testing tests than
    that the their them then there these they thing things this those through tiny to todo too try trying
    turn turned two type typo typos under unless until up update updated updates updating upgrade use
    used useful user uses using v various ve version versions very via want was way we well were what
    when where whether which while who why will wip with within without work working works would wrap
    write wrong yet you your""".split()
)
_WORDS_MAX, _WORDS_MIN = 3, 2
_EVENTS_MIN = 2
# No merge says what its author works on, and no trailer is theirs.
_NOT_THEIRS = re.compile(r"(?i)^(merge|revert|bump|release|prepare|version)\b|^v?\d|-by:")


def recurring_phrases(events: Iterable[Line]) -> list[tuple[str, tuple[str, ...]]]:
    """Return phrases of two or three words that stand in several events, with the ids of these, the telling first.

    A phrase reads as it does in the newest of them.
    """
    places: defaultdict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for event in events:
        for key, phrase in _phrases(str(event.get("text", ""))):
            places[key][str(event.get("id", ""))] = phrase
    repeated = {key: found for key, found in places.items() if len(found) >= _EVENTS_MIN}
    best = sorted(repeated.items(), key=lambda item: (-_weight(*item), item[0]))
    chosen: list[tuple[tuple[str, ...], dict[str, str]]] = []
    for key, found in best:
        if not any(set(key) & set(other) for other, _ in chosen):
            chosen.append((key, found))
    return [(list(found.values())[-1], tuple(found)) for _, found in chosen]


def _weight(key: tuple[str, ...], found: dict[str, str]) -> float:
    # A third word makes a phrase say more; a third event makes it surer.
    return len(found) * (1.4 if len(key) == _WORDS_MAX else 1.0)


def _phrases(text: str) -> list[tuple[tuple[str, ...], str]]:
    """Return neighbours among the telling words of the first line, with the words as they are written."""
    first = text.strip().split("\n", 1)[0]
    if _NOT_THEIRS.search(first):
        return []
    found = []
    run: list[str] = []
    for word in [*_WORD.findall(first), "."]:
        if word.lower() in _EMPTY or not word[0].isalpha() or len(word) < 3:
            run = []
            continue
        run.append(word)
        for size in range(_WORDS_MIN, min(_WORDS_MAX, len(run)) + 1):
            part = run[-size:]
            key = tuple(_stem(one) for one in part)
            if len(set(key)) == size:
                found.append((key, " ".join(part)))
    return found


def _stem(word: str) -> str:
    small = word.lower()
    return small[:-1] if small.endswith("s") and not small.endswith("ss") else small
