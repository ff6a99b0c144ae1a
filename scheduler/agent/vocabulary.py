"""Topics that name a kind of file rather than an area of work."""

from __future__ import annotations

FILE_KINDS = frozenset(
    {"root", "documentation", "configuration", "docs", "tests", "test", ".github", "scripts"}
)
"""What a commit touches besides code; said after the areas, since every project has them."""
