"""The provider's prompt cache: what a prefix costs the first time, and what again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from foreword.cacheable import cacheable_tokens_min
from foreword.model_server.question import Question
from foreword.model_server.usage import Usage

# The commonest minimum, for models of which none is known, such as a name that a test made up.
_TOKENS_MIN = 1024
# Prefixes differ by namespace and prompt version only; whoever has more of them than this has no use of a cache.
_ENTRIES_MAX = 10_000
_HOUR_SECONDS = 3600


def prefix_tokens_min(model: str) -> int:
    """Return how many tokens a prefix must have to be cached by a model."""
    return cacheable_tokens_min(model) or _TOKENS_MIN


@dataclass(slots=True)
class _Entry:
    ready_ms: int
    expires_ms: int


class PromptCache:
    """Prefixes that were read before, each up to a block with `cache_control`.

    Other than the provider's it forgets nothing early.
    """

    def __init__(self) -> None:
        self._entries: dict[bytes, _Entry] = {}

    def read(self, question: Question, now_ms: int, ready_ms: int) -> Usage:
        """Return what reading a prompt costs, and keep what it asks to be kept.

        Args:
            question: Whose prompt is read.
            now_ms: The time, in ms since 1970.
            ready_ms: When the answer begins. Not before then can another question read what this one puts in: calls
                that go out together all pay in full.
        """
        read = written_5m = written_1h = counted = 0
        digest = hashlib.blake2b(question.model.encode(), digest_size=16)
        for block in question.blocks:
            counted += block.tokens
            digest.update(b"\0" + block.role.encode() + b"\0" + block.text.encode())
            if block.cache_seconds is None or counted < prefix_tokens_min(question.model):
                continue
            if self._knows(digest.digest(), now_ms, ready_ms, block.cache_seconds):
                # What was to be written of shorter prefixes is part of this one.
                read, written_5m, written_1h = counted, 0, 0
            elif block.cache_seconds == _HOUR_SECONDS:
                written_1h = counted - read - written_5m
            else:
                written_5m = counted - read - written_1h
        return Usage(counted - read - written_5m - written_1h, written_5m, written_1h, read)

    def _knows(self, prefix: bytes, now_ms: int, ready_ms: int, cache_seconds: int) -> bool:
        """Return whether a prefix can be read now; keep it from now on, or from when it is written."""
        # Taken out and put in again: the one that was not used for the longest time stands first.
        entry = self._entries.pop(prefix, None)
        is_held = entry is not None and now_ms < entry.expires_ms
        is_readable = is_held and entry is not None and entry.ready_ms <= now_ms
        since_ms = entry.ready_ms if is_held and entry is not None else ready_ms
        self._entries[prefix] = _Entry(since_ms, max(now_ms, since_ms) + cache_seconds * 1000)
        if len(self._entries) > _ENTRIES_MAX:
            del self._entries[next(iter(self._entries))]
        return is_readable
