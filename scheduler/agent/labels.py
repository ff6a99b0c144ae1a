"""Names of topics and attribute values as they may stand in a text: untrusted in, plain words out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from foreword.topics import is_url

_LABEL_CHARACTERS_MAX = 40
# Topics are names; five words hold "Health and Personal Care Products", and a sentence seldom fits.
_LABEL_WORDS_MAX = 5
_KEPT_MARKS = frozenset("/_.-+#&'")
_WORDS = re.compile(r"[^\W\d_]+")
# Words that make a phrase an order to the reading model. A single word orders nothing, so they count in phrases only.
_ORDERING_WORDS = frozenset(
    """always answer ask assistant bypass call disobey disregard do dont email execute follow forget give human ignore
    instead instruction instructions jailbreak must never obey output override please pretend reply respond reveal
    say send should tell you your""".split()
)
_ORDERING_SCRAPS = tuple(
    "disregard ignoreall ignoreany ignoreprev ignorethe instructions jailbreak systemprompt".split()
)
_PLACEHOLDERS = frozenset("none null n/a na unknown other misc general default untitled".split()) | {""}
_DISPLAY_NAMES = {
    "ai": "AI",
    "api": "APIs",
    "c": "C",
    "c++": "C++",
    "css": "CSS",
    "go": "Go",
    "graphql": "GraphQL",
    "html": "HTML",
    "java": "Java",
    "javascript": "JavaScript",
    "jupyter": "Jupyter",
    "kotlin": "Kotlin",
    "php": "PHP",
    "protobuf": "Protobuf",
    "python": "Python",
    "ruby": "Ruby",
    "rust": "Rust",
    "scala": "Scala",
    "sql": "SQL",
    "swift": "Swift",
    "typescript": "TypeScript",
    ".github/workflows": "CI workflows",
    ".github": "GitHub settings",
    "root": "the repository root",
    "configuration": "configuration files",
    "docs": "documentation",
}


@lru_cache(maxsize=8192)
def label(raw: str) -> str | None:
    """Return a topic or value as a short plain name, or None when it must not stand in a text.

    An address is no name: its path may hold anything. Control characters, markup and line breaks go; a name that reads
    like a sentence or an order is refused, since the text will stand in a prompt.
    """
    if is_url(raw):
        return None
    known = _DISPLAY_NAMES.get(raw)
    if known is not None:
        return known
    text = unicodedata.normalize("NFKC", raw)
    text = "".join(mark if mark.isalnum() or mark in _KEPT_MARKS else " " for mark in text)
    text = " ".join(text.split()).strip("'- ")
    if len(text) > _LABEL_CHARACTERS_MAX or text.lower() in _PLACEHOLDERS or _is_order(text):
        return None
    return _DISPLAY_NAMES.get(text.lower(), text)


def labels(raws: Sequence[str], count: int) -> list[str]:
    """Return the first `count` names that may stand in a text, each once."""
    found: list[str] = []
    for raw in raws:
        name = label(raw)
        if name is not None and name not in found:
            found.append(name)
        if len(found) == count:
            break
    return found


def join(names: Sequence[str]) -> str:
    """Return names as a list in English: `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _is_order(text: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(text)]
    if not words or len(text.split()) > _LABEL_WORDS_MAX or ". " in text:
        return True
    if len(words) > 1 and not _ORDERING_WORDS.isdisjoint(words):
        return True
    joined = "".join(words)
    return any(scrap in joined for scrap in _ORDERING_SCRAPS)
