"""Words as they can be compared: small letters, one form for all endings of a word, names taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

# Letters or a number: `py3.14` is `py` and `3.14`, `sqlite-utils` is `sqlite` and `utils`.
_WORDS = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)*")
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# The longest first; an ending is cut where so many letters are left. None is among them that makes the doer of what is
# done: a worker is not work, nor a server serving.
_SHORT_ENDINGS = frozenset({"es", "ed", "ing", "ies", "ied", "s", "e", "y"})
_DOUBLING = frozenset({"ed", "ing", "ings"})
_ENDINGS = """izations isations ization isation ications ication ations ation ments ment nesses ness ingly ings ing
    ities ity ies ied ions ion edly ed es ly s e y""".split()
# Short forms that are written as often as the long ones.
_SAME = {
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "db": "databas",
    "postgresql": "postgr",
    "pg": "postgr",
    "psql": "postgr",
    "auth": "authentic",
    "authenticator": "authentic",
    "repo": "repositor",
    "param": "paramet",
    "arg": "argument",
    "async": "asynchronous",
    "stat": "statistic",
}


def words_in(text: str) -> Iterator[str]:
    """Yield the words of a text by their stems: each name whole, and its parts where capitals divide it."""
    for match in _WORDS.finditer(text):
        word = match[0]
        yield stem(word)
        if not (word.islower() or word.isupper()):
            parts = _HUMPS.split(word)
            if len(parts) > 1:
                yield from map(stem, parts)


@lru_cache(maxsize=32_768)
def stem(word: str) -> str:
    """Return what a word has in common with its other forms: `releases`, `releasing` and `release` are `releas`."""
    small = word.casefold()
    if len(small) > 3 and small.isalpha():
        small = _cut(small)
    return _SAME.get(small, small)


def _cut(word: str) -> str:
    for ending in _ENDINGS:
        letters_min = 3 if ending in _SHORT_ENDINGS else 4
        if word.endswith(ending) and len(word) - len(ending) >= letters_min:
            if ending == "s" and word.endswith(("ss", "us", "is")):
                continue
            rest = word[: -len(ending)]
            # "dropped" and "dropping", but neither "diffs" nor "passed".
            is_doubled = ending in _DOUBLING and len(rest) > 3 and rest[-1] == rest[-2]
            return rest[:-1] if is_doubled and rest[-1] not in "aeiousl" else rest
    return word
