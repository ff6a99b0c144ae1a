"""Topics that name a language or a kind of file rather than an area of work."""

from __future__ import annotations

LANGUAGES = frozenset(
    """c c++ c# clojure cpp css dart elixir erlang fortran go graphql haskell html java javascript julia jupyter kotlin
    lua matlab objective-c ocaml perl php protobuf python r ruby rust scala shell sql swift typescript zig""".split()
)
"""Programming languages, in small letters."""

FILE_KINDS = frozenset(
    {"root", "documentation", "configuration", "docs", "tests", "test", ".github", "scripts"}
)
"""What a commit touches besides code; said after the areas, since every project has them."""
