"""Cores that answer a question: its own, one that an alias leads to, or one of a near question."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from cachetools import LRUCache

from foreword.clock import Clock
from foreword.config import Tiering
from foreword.store.v1.answers_pb2 import StoredAlias
from foreword.v1.answer_pb2 import AuditedHit, CoreFound, HitKind, Tier
from foreword.v1.core_pb2 import Core, CoreAlias, CoreFreshness
from tiering.ages import Ages, Lifetimes, made_ms_of
from tiering.asked import Question
from tiering.asking import Asking
from tiering.cache import Cache
from tiering.cores import Asked
from tiering.digest import CoreId
from tiering.errors import CacheError, NoAnswerError, UnusableAnswerError
from tiering.judging import judge_request, read_verdict
from tiering.matching import difference
from tiering.nearest import Near

_GONE = CoreFreshness.CORE_FRESHNESS_UNSPECIFIED
_EXACT, _ALIAS = HitKind.HIT_KIND_EXACT, HitKind.HIT_KIND_ALIAS
_OF_ANOTHER = (_ALIAS, HitKind.HIT_KIND_SEMANTIC)
# Pairs of questions that are not the same: asked again, they are not judged again while the process lives.
_OTHERS_MAX = 10_000
# Judgements under way; beyond it near questions are treated as others for once.
_JUDGING_MAX = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """How a question is answered.

    Attributes:
        found: As the caller is told.
        core: The core; None for an answer for this call alone.
        alias: Who says that this core answers the question, where it is another's.
    """

    found: CoreFound
    core: Core | None = None
    alias: CoreAlias | None = None


class Sought(NamedTuple):
    """What came of looking for a near question.

    Attributes:
        hit: What may be served at once.
        is_judged: Whether a model judges behind the answer: this one is for this call alone.
    """

    hit: Hit | None = None
    is_judged: bool = False


class Finding:
    """Finds cores.

    Args:
        cache: Where they are.
        asking: Asks the judge; None where no model is configured.
        settings: Returns what is in force.
        clock: Tells the time.
    """

    def __init__(
        self, cache: Cache, asking: Asking | None, settings: Callable[[], Tiering], clock: Clock
    ) -> None:
        self._cache = cache
        self._asking = asking
        self._settings = settings
        self._clock = clock
        self._others: LRUCache[tuple[CoreId, CoreId], bool] = LRUCache(_OTHERS_MAX)
        self._judging: dict[tuple[CoreId, CoreId], asyncio.Task[None]] = {}

    # -- stored -----------------------------------------------------------------------------------------------

    def stored(self, asked: Asked) -> Hit | None:
        """Return the core of a question, unless its time is over; in its language, else in that without a region.

        Raises:
            CacheError: The cache cannot be read.
        """
        found = self._cache.cores.find(asked)
        if found is None and "-" in asked.locale:
            found = self._cache.cores.find(asked._replace(locale=asked.locale.partition("-")[0]))
        if found is None:
            return None
        if found.alias is None:
            return self.hit(_EXACT, found.core)
        return self.hit(_ALIAS, found.core, alias=found.alias.alias)

    def hit(
        self, kind: HitKind, core: Core, *, alias: CoreAlias | None = None, similarity: float = 0.0
    ) -> Hit | None:
        """Return a core as a hit; None when its time is over."""
        now_ms = self._clock.now_ms()
        freshness = self.freshness(core)
        if freshness == _GONE:
            return None
        is_own = kind not in _OF_ANOTHER
        found = CoreFound(
            hit=kind,
            core_id=core.core_id,
            freshness=freshness,
            core_question="" if is_own else core.question,
            similarity=similarity,
        )
        found.age.seconds, milliseconds = divmod(max(0, now_ms - made_ms_of(core)), 1000)
        found.age.nanos = milliseconds * 1_000_000
        return Hit(found, core, alias)

    def freshness(self, core: Core) -> CoreFreshness:
        """Return how current a core is now; unspecified when its time is over."""
        tiering = self._settings()
        lifetimes = Lifetimes(
            tiering.fresh_seconds, tiering.stale_seconds, tiering.error_seconds, tiering.jitter_share
        )
        return Ages.of(core, lifetimes).freshness(self._clock.now_ms())

    # -- near -------------------------------------------------------------------------------------------------

    def near(self, question: Question, asker: bytes, *, may_judge: bool) -> Sought:
        """Look for a near question, and do with it what `tiering.mode` says; with `may_judge` a model may be asked.

        Raises:
            CacheError: The cache cannot be read.
        """
        asked, mode, nearest = question.asked, self._settings().mode, self._cache.nearest
        # The veto knows English words alone.
        if mode == "off" or nearest is None or asked.locale.partition("-")[0] != "en":
            return Sought()
        vetoed: tuple[Near, str] | None = None
        for near in nearest.search(asked.namespace, asked.locale, asked.question):
            core = self._cache.cores.by_id(near.core_id)
            hit = core and self.hit(HitKind.HIT_KIND_SEMANTIC, core, similarity=near.similarity)
            if not hit:
                continue
            veto = difference(asked.question, near.question)
            if veto:
                vetoed = vetoed or (near, veto)
            elif mode != "verified":
                self._note(asked, near, asker, was_served=mode == "guarded")
                return Sought(hit if mode == "guarded" else None)
            elif may_judge and self._asking is not None and self._is_judged(asked, near, asker, self._asking):
                return Sought(is_judged=True)
        if vetoed is not None:
            self._note(asked, vetoed[0], asker, veto=vetoed[1])
        return Sought()

    async def close(self) -> None:
        """Give up the judgements under way."""
        tasks = list(self._judging.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _is_judged(self, asked: Asked, near: Near, asker: bytes, asking: Asking) -> bool:
        """Return whether a model judges a pair now; begins it unless it is known, or cannot be."""
        pair = self._cache.cores.id_of(asked), near.core_id
        if pair in self._judging:
            return True
        if pair in self._others or len(self._judging) >= _JUDGING_MAX or asking.problem():
            return False
        task = asyncio.create_task(self._judge(asked, near, asker, asking))
        self._judging[pair] = task
        task.add_done_callback(lambda _: self._judging.pop(pair, None))
        return True

    async def _judge(self, asked: Asked, near: Near, asker: bytes, asking: Asking) -> None:
        core = self._cache.cores.by_id(near.core_id)
        if core is None:
            return
        judge = self._settings().judge_model
        try:
            request = judge_request(asked.question, core, model=judge)
            is_same = read_verdict(await asking.ask(Tier.TIER_VERIFY, request, []))
        except (NoAnswerError, UnusableAnswerError):
            # Fails closed, and lets a core of its own be written.
            self._others[self._cache.cores.id_of(asked), near.core_id] = True
            return
        alias_id = await asyncio.to_thread(self._add_alias, asked, near, judge) if is_same else ""
        if not is_same:
            self._others[self._cache.cores.id_of(asked), near.core_id] = True
        self._note(asked, near, asker, verdict="same" if is_same else "other", alias_id=alias_id)

    def _add_alias(self, asked: Asked, near: Near, judge: str) -> str:
        alias = CoreAlias(question=asked.question, judged_by=judge)
        alias.created_at.FromMilliseconds(self._clock.now_ms())
        try:
            alias_id = self._cache.cores.add_alias(asked, near.core_id, StoredAlias(alias=alias))
        except CacheError:
            # Judged again when it is asked again.
            return ""
        return alias_id.hex() if alias_id is not None else ""

    def _note(
        self,
        asked: Asked,
        near: Near,
        asker: bytes,
        *,
        veto: str = "",
        verdict: str = "",
        was_served: bool = False,
        alias_id: str = "",
    ) -> None:
        met = AuditedHit(
            question=asked.question,
            core_question=near.question,
            core_id=near.core_id.hex(),
            similarity=near.similarity,
            veto=veto,
            verdict=verdict,
            was_served=was_served,
            alias_id=alias_id,
        )
        met.met_at.FromMilliseconds(self._clock.now_ms())
        self._cache.accounts.audit(met, asked.namespace, asker)
