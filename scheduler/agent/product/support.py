"""Whether what a user did supports the words a model puts into a product."""

from __future__ import annotations

from collections.abc import Iterator

from foreword.naming import quoted
from foreword.redaction import personal_in
from scheduler.agent.event_words import EventWords
from scheduler.agent.findings import Findings
from scheduler.agent.plain_text import refusal_of
from scheduler.agent.stems import words_in

# Words of grammar, which claim nothing.
_FREE = "a an and as at by for from in into of on or the to via with without"


class ProductSupport:
    """Looks at the strings of a product that its schema leaves free. Made for one refresh.

    A string may stand in a profile when a statement's text might, when nothing in it is withheld, and when every word
    of it, in whatever form, is one of the user's activity: of a topic or an attribute as far back as is remembered, or
    of an event read now. Which of these words go together is not looked at: a product says topics, no sentences.

    Args:
        findings: What code knows of the user.
    """

    def __init__(self, findings: Findings) -> None:
        self._withholds = findings.names.withholds
        self._known = frozenset(_words_of(findings))

    def refusal_of(self, text: str) -> str | None:
        """Return in one sentence why a string must not stand in a profile; None when it may."""
        if self._withholds(text) or personal_in(text):
            return f"found {quoted(text)}; allowed: nothing sensitive, withheld or personal"
        unknown = [word for word in text.split() if not self._known.issuperset(words_in(word))]
        if unknown:
            return f"found {quoted(unknown[0])}; allowed: words of the user's own activity"
        return refusal_of(text)


def _words_of(findings: Findings) -> Iterator[str]:
    yield from words_in(_FREE)
    for topic in findings.memory.topics:
        yield from words_in(topic)
    for field, value in findings.memory.attributes:
        yield from words_in(f"{field} {value}")
    events = EventWords()
    for item in findings.known.values():
        yield from events.of(item)
