"""Names that Foreword itself knows: shown in their usual form, and never taken for somebody's words."""

from __future__ import annotations

LANGUAGES = frozenset(
    """c c++ c# clojure cpp css dart elixir erlang fortran go graphql haskell html java javascript julia jupyter kotlin
    lua matlab objective-c ocaml perl php protobuf python r ruby rust scala shell sql swift typescript zig""".split()
)
"""Programming languages, in small letters."""

FILM_GENRES = frozenset(
    """action adventure animation anime children children's comedy crime documentary drama family fantasy film-noir
    history horror imax musical mystery romance sci-fi thriller war western""".split()
)
"""Genres of films in small letters, as film catalogues name them."""

_DISPLAY_NAMES = {
    "ai": "AI",
    "api": "APIs",
    "c": "C",
    "c++": "C++",
    "c#": "C#",
    "cpp": "C++",
    "css": "CSS",
    "graphql": "GraphQL",
    "html": "HTML",
    "imax": "IMAX",
    "javascript": "JavaScript",
    "ocaml": "OCaml",
    "php": "PHP",
    "r": "R",
    "sql": "SQL",
    "typescript": "TypeScript",
    "film-noir": "Film-Noir",
    "sci-fi": "Sci-Fi",
    "objective-c": "Objective-C",
    ".github/workflows": "CI workflows",
    ".github": "GitHub settings",
    "root": "the repository root",
    "configuration": "configuration files",
    "docs": "documentation",
    "documentation": "documentation",
    "tests": "tests",
    "test": "tests",
    "scripts": "scripts",
}

NOTHING = frozenset("none null n/a na unknown other misc general default untitled undefined".split())
"""What is written where nothing is known, in small letters: no name of anything."""

KNOWN = {name: name.capitalize() for name in LANGUAGES | FILM_GENRES} | _DISPLAY_NAMES
"""How each is shown, by its name in small letters."""
