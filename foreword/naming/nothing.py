"""What stands where nothing is known."""

from __future__ import annotations

NOTHING = frozenset("none null n/a na unknown other misc general default untitled undefined".split())
"""What is written where nothing is known, in small letters: no name of anything."""
