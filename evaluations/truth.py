"""Whether what a text says of a user is true: each sentence against the raw counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

# Imported for the forms that it registers.
from evaluations import readings  # noqa: F401
from evaluations.forms import FORMS, NOTED, Form, Known, Noted, Said
from evaluations.named import keys_of, masked, sentences
from evaluations.raw_counts import KNOWN_ACTS_MIN
from foreword.frames import is_framed

# What nine of ten users of a namespace do says nothing of one of them, once there are enough to speak of users.
_EVERYBODY_SHARE = 0.9
_EVERYBODY_USERS_MIN = 20


class Finding(NamedTuple):
    """What is wrong with a sentence.

    Attributes:
        sentence: The sentence.
        fault: `contradicted` by the counts, `unread` because no form fits it, or `useless`.
        reason: The counts, or the rule.
    """

    sentence: str
    fault: str
    reason: str


def findings(text: str, known: Known) -> Iterator[Finding]:
    """Yield what is wrong with a text, sentence by sentence.

    Useless is what repeats a sentence, what names a topic that an earlier sentence names, and what names only what
    nine of ten users of the namespace have, unless it says how much or compares.
    """
    named_before: set[str] = set()
    said_before: set[str] = set()
    for sentence in _sentences(text):
        read = read_form(sentence)
        if read is None:
            yield Finding(sentence, "unread", "no form fits it")
            continue
        form, said = read
        yield from (Finding(sentence, "contradicted", reason) for reason in form.check(known, said))
        # A project and its main package bear one name, and are two things.
        names = [each.name for group, listed in said.names.items() if group != "within" for each in listed]
        yield from (
            Finding(sentence, "useless", reason)
            for reason in _useless(sentence, names, named_before, said_before)
        )
        if names and not form.tells_apart and all(_is_everybodys(known, name) for name in names):
            yield Finding(sentence, "useless", f"nearly everybody has {', '.join(names)}")
        said_before.add(sentence)
        named_before.update(names)


def read_form(sentence: str) -> tuple[Form, Said] | None:
    """Return the form of a sentence and what it says; None when no form fits it."""
    found = masked(sentence)
    for form in FORMS:
        match = form.pattern.fullmatch(found.text)
        if match is not None:
            groups = {name: group or "" for name, group in match.groupdict().items()}
            names = {
                name: [Noted(found.names[int(mark)], note) for mark, note in NOTED.findall(group)]
                for name, group in groups.items()
            }
            return form, Said(names, groups)
    return None


def _useless(sentence: str, names: list[str], named_before: set[str], said_before: set[str]) -> Iterator[str]:
    if sentence in said_before:
        yield "says it again"
    twice = [name for place, name in enumerate(names) if name in named_before or name in names[:place]]
    if twice:
        yield f"names {twice[0]} again"


def _sentences(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        if line and not is_framed(line):
            yield from sentences(line)


def _is_everybodys(known: Known, name: str) -> bool:
    namespace, keys = known.namespace, keys_of(name)
    enough = _EVERYBODY_SHARE * namespace.known_users
    if namespace.known_users < _EVERYBODY_USERS_MIN or sum(namespace.users_of[key] for key in keys) < enough:
        return False
    others = (user for user in namespace.users.values() if len(user.acts) >= KNOWN_ACTS_MIN)
    return sum(any(user.topics[key] for key in keys) for user in others) >= enough
