"""Foreword's own vocabulary: the files beside this one."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from foreword.vocabulary.reading import parse
from foreword.vocabulary.vocabulary import Vocabulary

# General first: what the others leave out is said as there.
_FILES = ("general", "code", "media", "reading", "shopping", "agents")


@lru_cache(maxsize=1)
def built_in() -> Vocabulary:
    """Return the words of all domains that Foreword knows; read once, in a few milliseconds."""
    vocabulary = Vocabulary()
    for name in _FILES:
        vocabulary = parse(Path(__file__).with_name(f"{name}.toml").read_text("utf-8"), vocabulary)
    return vocabulary
