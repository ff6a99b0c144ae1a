"""Untrusted words in error messages and logs: shown so that nobody takes them for ours."""

from __future__ import annotations

# Enough to recognise an id; a message that quotes 8 KB of somebody's text is no sentence any more.
CHARACTERS_MAX = 80


def quoted(raw: str) -> str:
    """Return any text in quotation marks on one line, at most 80 characters of it.

    Control, bidi, zero-width and tag characters come as escapes, so that neither a terminal nor a reader of the log
    is led astray, and the mark that would end the quotation is escaped too.
    """
    cut = raw[:CHARACTERS_MAX]
    return repr(cut) if len(raw) == len(cut) else f"{cut!r}… ({len(raw)} characters)"


def escaped(text: str) -> str:
    """Return a text on one line: all that is not printed as itself as an escape.

    For a whole message that may hold untrusted words somewhere: nothing in it moves the cursor of a terminal, begins
    a line of its own in a log, turns the direction of writing, or is there without being seen.
    """
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)
