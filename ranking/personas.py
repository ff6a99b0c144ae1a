"""Simulated users: who they are, drawn from what many real users have in common or read from a file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from foreword.errors import FieldError
from foreword.json_lines import json_line
from foreword.keys import namespace_prefix
from foreword.store import ProfileReader
from foreword.text_size import check_text
from foreword.topics import topic_key
from foreword.v1 import profile_pb2

TRAIT_USERS_MIN = 5
"""Users who must share a trait before a persona can have it; names need as many (`foreword.words.users_min`)."""
PERSONAS_MAX = 10_000
# A person has a handful of subjects; profiles hold up to ten of each, of which the first say most.
_LIKES, _DISLIKES, _EXPERTISE = (2, 5), (0, 3), (0, 2)
# Profiles looked through; of more, shares move by less than a hundredth.
_PROFILES_MAX = 20_000
_SLICE_HEADERS = 500
# A user id has 256 bytes; what is told of a persona is paid for with every question.
_NAME_BYTES_MAX, _WORD_BYTES_MAX, _WORDS_MAX, _ABOUT_BYTES_MAX = 256, 128, 32, 2048
_LISTS = ("likes", "dislikes", "expertise")
_WORDS = ("depth", "length", "about")


@dataclass(frozen=True, slots=True)
class Persona:
    """A simulated user.

    Attributes:
        name: Names them; their user id.
        likes: Topics that draw them.
        dislikes: Topics that they turn away from.
        expertise: What they know well.
        depth: How deep they want what they are offered, as actions' attribute `depth` has it; empty: no matter.
        length: How long, likewise.
        about: Anything else, for a model to read.
    """

    name: str
    likes: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()
    expertise: tuple[str, ...] = ()
    depth: str = ""
    length: str = ""
    about: str = ""

    def line(self) -> str:
        """Return them as one line of JSON, without the name, which says nothing."""
        return json_line({key: getattr(self, key) for key in (*_LISTS, *_WORDS) if getattr(self, key)})


@dataclass
class Traits:
    """How many real users have each trait, and each two of them; what personas are drawn from.

    The first topic that draws a persona is drawn by how many users it draws; each further trait by how many users have
    it beside that topic; and always only from what at least five share. So a persona is nobody: what is rare enough to
    tell somebody by cannot be drawn, and what three traits or more came together in one person is not kept at all.

    Attributes:
        users: Users counted.
        counts: By kind (`likes`, `dislikes`, `expertise`, `depth`, `length`), how many users have each value.
        beside: How many users have a value of a kind and like a topic.
    """

    users: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    beside: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def add(self, traits: Mapping[str, Iterable[str]]) -> None:
        """Count one user's traits, by kind."""
        self.users += 1
        distinct = {kind: set(values) for kind, values in traits.items()}
        for kind, values in distinct.items():
            self.counts.setdefault(kind, Counter()).update(values)
            for topic in distinct.get("likes", ()):
                self.beside.setdefault((topic, kind), Counter()).update(values)

    def add_profile(self, profile: profile_pb2.Profile) -> None:
        """Count one user's profile."""
        liked, shown = profile.content_preferences, profile.presentation
        depth = profile_pb2.Depth.Name(shown.depth).removeprefix("DEPTH_").lower() if shown.depth else ""
        length = profile_pb2.Length.Name(shown.length).removeprefix("LENGTH_").lower() if shown.length else ""
        self.add(
            {
                "likes": [topic_key(row.topic) for row in liked.high_affinity_topics],
                "dislikes": [topic_key(row.topic) for row in liked.low_affinity_topics],
                "expertise": [topic_key(row.area) for row in profile.self_model.expertise],
                "depth": [depth] if depth else [],
                "length": [length] if length else [],
            }
        )

    def draw(self, name: str, random: Random) -> Persona:
        """Return a persona.

        Raises:
            FieldError: There is no topic that draws five users.
        """
        first = _drawn(self.counts.get("likes", {}), 1, random)
        if not first:
            raise FieldError(
                "profiles",
                f"no topic that draws {TRAIT_USERS_MIN} of {self.users:,} users",
                "users with something in common",
                hint="give --personas FILE instead",
            )
        topic, count = first[0], random.randint(*_LIKES) - 1
        likes = first + self._drawn_beside(topic, "likes", count, random, without=first)
        dislikes = self._drawn_beside(topic, "dislikes", random.randint(*_DISLIKES), random, without=likes)
        return Persona(
            name,
            likes,
            dislikes,
            self._drawn_beside(topic, "expertise", random.randint(*_EXPERTISE), random, without=dislikes),
            *("".join(self._drawn_beside(topic, kind, 1, random)) for kind in ("depth", "length")),
        )

    def _drawn_beside(
        self, topic: str, kind: str, count: int, random: Random, *, without: Iterable[str] = ()
    ) -> tuple[str, ...]:
        return _drawn(self.beside.get((topic, kind), {}), count, random, without=without)


def _drawn(
    counts: Mapping[str, int], count: int, random: Random, *, without: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return up to `count` distinct values, each by how many users have it."""
    left = {value: users for value, users in counts.items() if users >= TRAIT_USERS_MIN}
    for value in without:
        left.pop(value, None)
    found: list[str] = []
    while left and len(found) < count:
        found.append(random.choices(list(left), list(left.values()))[0])
        del left[found[-1]]
    return tuple(found)


def traits_of(profiles: ProfileReader, namespace: str) -> Traits:
    """Return what the users of a namespace have in common, by their profiles; default ones say nothing of anybody.

    Raises:
        StoreError: They cannot be read.
    """
    traits = Traits()
    prefix = after = namespace_prefix(namespace)
    while headers := profiles.headers(after, _SLICE_HEADERS):
        for user, header in headers:
            if not user.startswith(prefix) or traits.users == _PROFILES_MAX:
                return traits
            response = None if header.is_default else profiles.profile(user)
            if response is not None:
                traits.add_profile(response.profile)
        after = headers[-1][0]
    return traits


def read_personas(file: Path) -> list[Persona]:
    """Read personas: one a line, such as `{"name": "terse", "likes": ["tests"], "length": "short"}`.

    Raises:
        FieldError: A line is no persona, said with its number; two have one name, or there are too many or none.
    """
    found: dict[str, Persona] = {}
    for number, row in _lines(file):
        where = f"{file.name}:{number}"
        persona = _persona(where, row)
        if persona.name in found:
            raise FieldError(f"{where}: name", f"{persona.name!r} again", "each name once")
        found[persona.name] = persona
        if len(found) > PERSONAS_MAX:
            raise FieldError(file.name, f"more than {PERSONAS_MAX:,} personas", "that many, or fewer")
    if not found:
        raise FieldError(file.name, "no persona", "JSON lines, one persona each")
    return list(found.values())


def _lines(file: Path) -> list[tuple[int, dict[str, Any]]]:
    """Return the objects of a file of JSON lines with the number of each line; blank lines count for nothing.

    Raises:
        FieldError: It cannot be read, or a line is no JSON object.
    """
    try:
        # Not splitlines, which cuts at signs that a text may have in it.
        lines = file.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise FieldError(file.name, f"{exc}", "a file of UTF-8 text") from exc
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as exc:
                raise FieldError(f"{file.name}:{number}", f"{exc}", "a JSON object") from exc
            if not isinstance(row, dict):
                raise FieldError(f"{file.name}:{number}", type(row).__name__, "a JSON object")
            found.append((number, row))
    return found


def _texts(where: str, name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise FieldError(f"{where}: {name}", json.dumps(value)[:80], "a list of texts")
    if len(value) > _WORDS_MAX:
        raise FieldError(f"{where}: {name}", f"{len(value)} texts", f"at most {_WORDS_MAX}")
    for word in value:
        check_text(f"{where}: {name}", word, _WORD_BYTES_MAX, bytes_min=1)
    return tuple(value)


def _persona(where: str, row: Mapping[str, Any]) -> Persona:
    allowed = ("name", *_LISTS, *_WORDS)
    for key in row:
        if key not in allowed:
            raise FieldError(f"{where}: {key}", "a field that no persona has", ", ".join(allowed))
    lists = {name: _texts(where, name, row.get(name, [])) for name in _LISTS}
    words: dict[str, str] = {}
    for name in ("name", *_WORDS):
        value = row.get(name, "")
        if not isinstance(value, str):
            raise FieldError(f"{where}: {name}", json.dumps(value)[:80], "a text")
        words[name] = value
    check_text(f"{where}: name", words["name"], _NAME_BYTES_MAX, bytes_min=1)
    check_text(f"{where}: about", words["about"], _ABOUT_BYTES_MAX)
    return Persona(**words, **lists)  # type: ignore[arg-type]
