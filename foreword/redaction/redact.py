"""Putting secrets and personal data out of sight."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from foreword.redaction.addresses import address_spans
from foreword.redaction.numbers import number_spans
from foreword.redaction.secrets import secret_spans
from foreword.redaction.spans import Kind, Span

# Most texts hold nothing of what all these are made of.
_SUSPICIOUS = re.compile(
    r"[\d@+]|:|=|pass|\bat\b|\(at|\[at|\{at|[A-Za-z]{16}|secret|token|key", re.IGNORECASE
)


def redact(text: str) -> str:
    """Return a text with a mark such as `[e-mail]` in the place of each secret and personal datum.

    What is found is what has a shape: names of people, and addresses of streets, have none. A text that hides one
    behind other forms of letters comes back in plain ones.
    """
    plain, spans = _found(text)
    if not spans:
        return text
    parts, done = [], 0
    for span in spans:
        parts += [plain[done : span.start], f"[{span.kind}]"]
        done = span.end
    return "".join([*parts, plain[done:]])


def redact_value(name: str, value: str) -> str:
    """Return the value of a named field likewise; the name may say what it is: `password`, `phone`."""
    redacted = redact(value)
    if redacted != value:
        return redacted
    kinds = [span.kind for span in _found(f"{name}: {value}")[1]]
    return f"[{kinds[0]}]" if kinds and kinds != personal_in(name) else value


def personal_in(text: str) -> list[Kind]:
    """Return the kinds of secrets and personal data that a text holds, each once, in the order they stand in."""
    return list(dict.fromkeys(span.kind for span in _found(text)[1]))


def _found(text: str) -> tuple[str, list[Span]]:
    """Return the text in plain letters, and what stands where in it, none over another."""
    plain = text if text.isascii() else _plain(text)
    if not _SUSPICIOUS.search(plain):
        return plain, []
    return plain, list(_apart(sorted(_spans(plain), key=lambda span: (span.start, -span.end))))


def _spans(plain: str) -> Iterator[Span]:
    yield from secret_spans(plain)
    yield from address_spans(plain)
    yield from number_spans(plain)


def _apart(spans: list[Span]) -> Iterator[Span]:
    """Yield spans that do not overlap: those that do become one, of the kind of the first."""
    held: Span | None = None
    for span in spans:
        if held is None or span.start >= held.end:
            if held is not None:
                yield held
            held = span
        elif span.end > held.end:
            held = held._replace(end=span.end)
    if held is not None:
        yield held


def _plain(text: str) -> str:
    """Return the text without letters that look like others and marks that nobody sees."""
    return "".join(mark for mark in unicodedata.normalize("NFKC", text) if unicodedata.category(mark) != "Cf")
