"""From a question to its answer: what is stored goes first, a model comes last, and nothing personal is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex

from foreword.clock import Clock
from foreword.config import Price, Tiering
from foreword.llm import micro_usd
from foreword.v1.answer_pb2 import AnswerDone, AppliedStyle, CoreFound, HitKind, PrivateReason, Tier
from foreword.v1.answer_service_pb2 import AnswerRequest, AnswerResponse
from foreword.v1.core_pb2 import CoreFreshness
from tiering.accounts import Spent, tier_costs, untiered_pico_usd
from tiering.asked import Question, asked_of
from tiering.asking import Asking
from tiering.cache import Cache
from tiering.cores import core_id_of
from tiering.errors import CacheError, NoAnswerError, UnusableAnswerError
from tiering.finding import Finding, Hit, Sought
from tiering.generating import Generating
from tiering.wrapping import Words, Wrapping
from tiering.writing import private_request, read_private

_STALE = CoreFreshness.CORE_FRESHNESS_STALE
_STALE_IF_ERROR = CoreFreshness.CORE_FRESHNESS_STALE_IF_ERROR
# Read by a model that answers one user: instructions and a foreword of at most 200 tokens, beside the question.
_UNTIERED_FRAME_TOKENS = 300


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as far as an answer needs to know.

    Attributes:
        digest: Tells one asker from another, `Digests.asker`.
        style: How answers are presented to them.
        profile_revision: The revision the style is from; 0 for the default.
        foreword: Returns the text about them; called only for answers that are for this call alone.
    """

    digest: bytes
    style: AppliedStyle
    profile_revision: int
    foreword: Callable[[], str]


class Answers:
    """Answers questions.

    Args:
        cache: What is kept.
        asking: Asks models; None where none is configured.
        settings: Returns what is in force.
        prices: Of models, `agent.prices`.
        clock: Tells the time.
    """

    def __init__(
        self,
        cache: Cache,
        asking: Asking | None,
        settings: Callable[[], Tiering],
        prices: Mapping[str, Price],
        clock: Clock,
    ) -> None:
        self._cache = cache
        self._asking = asking
        self._settings = settings
        self._prices = prices
        self.finding = Finding(cache, asking, settings, clock)
        self._wrapping = Wrapping(cache, asking, settings)
        self._generating = (
            Generating(cache, asking, self.finding, settings, clock) if asking is not None else None
        )

    async def answer(self, request: AnswerRequest, asker: Asker) -> AsyncIterator[AnswerResponse]:
        """Yield the parts of an answer: how the core was found, the words, what it was made of.

        Raises:
            FieldError: The request is not as it should be.
            NoAnswerError: There is no core, and none can be had now; says what was tried.
        """
        question = Question.of(request, self._settings().locale)
        spent: list[Spent] = []
        try:
            hit = self._stored(question) or await self._sought(
                question, asker, spent, cached_only=request.cached_only
            )
            yield AnswerResponse(found=hit.found)
            parts = self._words(hit, question, asker, spent)
            async for part in parts:
                yield part
        except NoAnswerError:
            # Who asks for what is stored alone has been told that nothing is.
            if not request.cached_only:
                self._cache.accounts.failed()
            raise

    async def close(self) -> None:
        """Give up what is under way."""
        await self.finding.close()
        await self._wrapping.close()
        if self._generating is not None:
            await self._generating.close()

    # -- from a question to a core ----------------------------------------------------------------------------

    def _stored(self, question: Question) -> Hit | None:
        """Return a core that may be served at once; where it is stale, have it written anew behind the answer."""
        if question.needs_conversation:
            return None
        hit = self._read(question)
        if hit is None or hit.found.freshness == _STALE_IF_ERROR:
            return None
        if hit.found.freshness == _STALE:
            self._renew(hit)
        return hit

    def _read(self, question: Question) -> Hit | None:
        try:
            return self.finding.stored(question.asked)
        except CacheError:
            # Answers go on without it, and whoever runs the sidecar is told by its own look at the cache.
            return None

    def _renew(self, hit: Hit) -> None:
        if self._generating is None or hit.core is None or self._asking is None or self._asking.problem():
            return
        core = hit.core
        self._generating.behind(core, asked_of(core.question, core.namespace, core.locale))

    async def _sought(
        self, question: Question, asker: Asker, spent: list[Spent], *, cached_only: bool
    ) -> Hit:
        reason = question.private_reason()
        if reason:
            return self._alone(HitKind.HIT_KIND_PRIVATE, reason, cached_only=cached_only)
        try:
            sought = self.finding.near(question, asker.digest, may_judge=not cached_only)
        except CacheError:
            sought = Sought()
        if sought.hit is not None:
            return sought.hit
        old = self._read(question)
        # An alias may have come since it was looked for.
        if old is not None and (cached_only or old.found.freshness != _STALE_IF_ERROR):
            return old
        if old is None and (sought.is_judged or not await self._is_admitted(question, asker)):
            return self._alone(HitKind.HIT_KIND_FIRST_ASKER, reason, cached_only=cached_only)
        try:
            return await self._generated(question, spent, cached_only=cached_only)
        except NoAnswerError:
            if old is None:
                raise
            return old

    def _alone(self, kind: HitKind, reason: PrivateReason, *, cached_only: bool) -> Hit:
        """Return the hit of an answer for this call alone."""
        self._require_model(reason, cached_only=cached_only)
        return Hit(CoreFound(hit=kind, private_reason=reason))

    def _require_model(self, reason: PrivateReason, *, cached_only: bool) -> Asking:
        shared = "no core answers it" if not reason else "it is not shared"
        if cached_only:
            raise _no_answer(reason, shared, "cached_only is set, so that no model was asked")
        if self._asking is None:
            raise _no_answer(reason, shared, "no model is configured (tiering.provider)")
        problem = self._asking.problem()
        if problem:
            raise _no_answer(reason, shared, problem)
        return self._asking

    async def _is_admitted(self, question: Question, asker: Asker) -> bool:
        core_id = self._cache.cores.id_of(question.asked)
        askers_min = self._settings().askers_min
        if askers_min == 1:
            return True
        try:
            return await asyncio.to_thread(self._cache.askers.admit, core_id, asker.digest, askers_min)
        except CacheError:
            # Nobody knows who asked before: an answer for this call alone costs no more than it does untiered.
            return False

    async def _generated(self, question: Question, spent: list[Spent], *, cached_only: bool) -> Hit:
        self._require_model(PrivateReason.PRIVATE_REASON_UNSPECIFIED, cached_only=cached_only)
        if self._generating is None:
            raise AssertionError("a model without somebody who lets it write")
        try:
            flown = await self._generating.core(question.asked, question.tags, spent)
        except NoAnswerError as exc:
            if not exc.private_reason:
                raise
            return self._alone(HitKind.HIT_KIND_PRIVATE, exc.private_reason, cached_only=cached_only)
        except UnusableAnswerError as exc:
            raise _no_answer(PrivateReason.PRIVATE_REASON_UNSPECIFIED, exc.message) from exc
        kind = HitKind.HIT_KIND_JOINED if flown.joined else HitKind.HIT_KIND_GENERATED
        hit = self.finding.hit(kind, flown.core)
        if hit is None:
            raise _no_answer(PrivateReason.PRIVATE_REASON_UNSPECIFIED, "the core's time was over at once")
        return hit

    # -- from a core to words ---------------------------------------------------------------------------------

    async def _words(
        self, hit: Hit, question: Question, asker: Asker, spent: list[Spent]
    ) -> AsyncIterator[AnswerResponse]:
        if hit.core is None:
            text = await self._for_this_call(hit, question, asker, spent)
            yield AnswerResponse(text=text)
            yield AnswerResponse(done=self._done(hit, question, asker, None, spent))
            return
        words = self._wrapping.at_hand(hit.core, asker.style)
        sent = ""
        if words is None:
            sent = self._wrapping.beginning(hit.core, asker.style)
            if sent:
                yield AnswerResponse(text=sent)
            words = await self._wrapping.made(hit.core, asker.style, spent)
        rest = words.text.removeprefix(sent)
        if rest:
            yield AnswerResponse(text=rest)
        yield AnswerResponse(done=self._done(hit, question, asker, words, spent))

    async def _for_this_call(self, hit: Hit, question: Question, asker: Asker, spent: list[Spent]) -> str:
        reason = hit.found.private_reason
        asking = self._require_model(reason, cached_only=False)
        tiering = self._settings()
        request = private_request(
            question.text,
            conversation=question.conversation,
            foreword=asker.foreword(),
            style=asker.style,
            context=self._cache.context,
            locale=question.asked.locale,
            model=tiering.model,
            output_tokens_max=tiering.output_tokens_max,
        )
        try:
            return read_private(await asking.ask(Tier.TIER_PRIVATE, request, spent))
        except UnusableAnswerError as exc:
            raise _no_answer(reason, exc.message) from exc

    def _done(
        self, hit: Hit, question: Question, asker: Asker, words: Words | None, spent: Sequence[Spent]
    ) -> AnswerDone:
        """Put an answer on the account; return what is told of it."""
        untiered = sum(each.pico_usd for each in spent) if words is None else self._untiered(question, words)
        done = AnswerDone(
            answer_id=token_hex(16),
            style=asker.style,
            costs=tier_costs(spent),
            untiered_micro_usd=micro_usd(untiered),
            profile_revision=asker.profile_revision,
        )
        if words is not None:
            done.section_ids.extend(words.section_ids)
            done.wrapper, done.fallback = words.wrapper, words.fallback
        self._cache.accounts.answered(
            core_id_of(hit.core) if hit.core is not None else None,
            asker.digest,
            hit.found,
            done,
            alias=hit.alias,
            untiered_pico_usd=untiered,
            spent=spent,
        )
        return done

    def _untiered(self, question: Question, words: Words) -> int:
        price = self._prices.get(self._settings().model)
        if price is None:
            return 0
        read = _UNTIERED_FRAME_TOKENS + len(question.text) // 4
        return untiered_pico_usd(price, read, words.token_count)


def _no_answer(reason: PrivateReason, *tried: str) -> NoAnswerError:
    what = "the question is not shared" if reason else "there is no core for the question"
    return NoAnswerError(
        f"{what}, and no model can be asked now: {'; '.join(tried)}",
        tried=tried,
        private_reason=reason,
        hint="put a core (foreword answer import), set tiering.provider, or answer with a model of your own",
    )
