"""Words for all users of one style from one core: made once, by code or by a model that code checks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from cachetools import LRUCache

from foreword.config import Tiering
from foreword.store.v1.answers_pb2 import StoredText
from foreword.tokens import count_tokens
from foreword.v1.answer_pb2 import AppliedStyle, Tier, WrapperKind
from foreword.v1.core_pb2 import Core
from tiering.accounts import Spent
from tiering.asking import Asking
from tiering.cache import Cache
from tiering.compose import Composed, compose, lead
from tiering.errors import CacheError, NoAnswerError, UnusableAnswerError
from tiering.joint import Joint
from tiering.plan import plan_request, read_plan
from tiering.rewrite import read_rewrite, rewrite_request
from tiering.rows import put_row, read_row
from tiering.style import fitted, style_key

_TEXT = b"w"
_CLOSE_SECONDS = 5.0
# Some 2 KB each: the cores that are asked for all the time, in the styles that ask.
_IN_MEMORY_MAX = 10_000

_BY_CODE = WrapperKind.WRAPPER_KIND_DETERMINISTIC
_KINDS = {
    "deterministic": _BY_CODE,
    "plan": WrapperKind.WRAPPER_KIND_PLAN,
    "rewrite": WrapperKind.WRAPPER_KIND_REWRITE,
}


class Words(NamedTuple):
    """A core in words.

    Attributes:
        text: The words.
        section_ids: The sections used, in order.
        wrapper: How they were made.
        token_count: Their size, an upper bound.
        fallback: Why not as configured; empty when they were.
    """

    text: str
    section_ids: tuple[str, ...]
    wrapper: WrapperKind
    token_count: int
    fallback: str = ""


class Wrapping:
    """Makes words and keeps them by core, its time, style and wrapper; they hold nothing of any user.

    Args:
        cache: Where words that a model made are kept.
        asking: Asks the model; None where none is configured.
        settings: Returns what is in force.
    """

    def __init__(self, cache: Cache, asking: Asking | None, settings: Callable[[], Tiering]) -> None:
        self._cache = cache
        self._asking = asking
        self._settings = settings
        self._ready: LRUCache[tuple[object, ...], Words] = LRUCache(_IN_MEMORY_MAX)
        self._joint: Joint[Words] = Joint()

    def at_hand(self, core: Core, style: AppliedStyle) -> Words | None:
        """Return words that are ready, or that code makes at once; None when a model is to be asked."""
        kind = self._kind()
        place = self._place(core, style, kind)
        words = self._ready.get(place)
        if words is None and kind == _BY_CODE:
            words = self._ready[place] = by_code(core, style)
        if words is not None:
            return words
        row = read_row(self._cache.made, self._key(core, style, kind), StoredText)
        if row is None:
            return None
        words = self._ready[place] = _words(Composed(row.text, tuple(row.section_ids)), kind)
        return words

    def beginning(self, core: Core, style: AppliedStyle) -> str:
        """Return the first words, whatever comes of the rest; empty where nobody knows them yet."""
        is_planned = self._kind() == WrapperKind.WRAPPER_KIND_PLAN
        return lead(core, style) if is_planned else ""

    async def made(self, core: Core, style: AppliedStyle, spent: list[Spent]) -> Words:
        """Ask the model for words, once for all who wait for them; by code when it gives none that pass."""
        kind = self._kind()
        key = self._key(core, style, kind)
        return await self._joint.join(key, lambda: self._make(key, kind, core, style, spent))

    async def close(self) -> None:
        """Give up what is under way."""
        await self._joint.close(_CLOSE_SECONDS)

    async def _make(
        self, key: bytes, kind: WrapperKind, core: Core, style: AppliedStyle, spent: list[Spent]
    ) -> Words:
        try:
            composed = await self._asked(kind, core, style, spent)
        except (NoAnswerError, UnusableAnswerError) as exc:
            if isinstance(exc, UnusableAnswerError):
                self._cache.accounts.refused()
            tried = exc.tried if isinstance(exc, NoAnswerError) else (exc.message,)
            # Not kept: the next one may have better luck.
            return by_code(core, style)._replace(fallback="; ".join(tried))
        await asyncio.to_thread(self._store, key, composed)
        words = self._ready[self._place(core, style, kind)] = _words(composed, kind)
        return words

    async def _asked(
        self, kind: WrapperKind, core: Core, style: AppliedStyle, spent: list[Spent]
    ) -> Composed:
        if self._asking is None:
            raise NoAnswerError("no words can be had", tried=("no model is configured",))
        model = self._settings().wrapper_model
        is_plan = kind == WrapperKind.WRAPPER_KIND_PLAN
        request = (plan_request if is_plan else rewrite_request)(core, style, model=model)
        answer = await self._asking.ask(Tier.TIER_WRAPPER, request, spent)
        return (read_plan if is_plan else read_rewrite)(answer, core, style)

    def _store(self, key: bytes, composed: Composed) -> None:
        try:
            put_row(
                self._cache.made, key, StoredText(text=composed.text, section_ids=list(composed.section_ids))
            )
        except CacheError:
            # Served all the same; made again in the next process.
            return

    def _kind(self) -> WrapperKind:
        return _KINDS[self._settings().wrapper]

    def _place(self, core: Core, style: AppliedStyle, kind: WrapperKind) -> tuple[object, ...]:
        """Return where words are in memory: by the style as it is, since fitting it costs as much as words by code."""
        time = core.created_at
        said = style.SerializeToString()
        return core.core_id, time.seconds, time.nanos, said, kind, self._settings().wrapper_model

    def _key(self, core: Core, style: AppliedStyle, kind: WrapperKind) -> bytes:
        """Return where words of a model are on disk: a model is asked once for all who would read the same."""
        time, wanted = f"{core.created_at.seconds}.{core.created_at.nanos}", style_key(fitted(style, core))
        model = self._settings().wrapper_model
        return _TEXT + self._cache.digests.row("text", core.core_id, time, wanted, str(int(kind)), model)


def by_code(core: Core, style: AppliedStyle) -> Words:
    """Return the deterministic words."""
    return _words(compose(core, style), _BY_CODE)


def _words(composed: Composed, kind: WrapperKind) -> Words:
    return Words(composed.text, composed.section_ids, kind, count_tokens(composed.text))
