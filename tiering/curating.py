"""Cores as the application and people handle them: put, look up, claim, put into words, remove."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from foreword.clock import Clock
from foreword.config import Tiering
from foreword.errors import FieldError
from foreword.naming import quoted
from foreword.store.v1.answers_pb2 import Lease, StoredAlias
from foreword.v1.answer_pb2 import AppliedStyle, CoreFound, HitKind
from foreword.v1.answer_service_pb2 import (
    GetCoreRequest,
    GetCoreResponse,
    InvalidateCoresRequest,
    InvalidateCoresResponse,
    InvalidatedCore,
    PutCoreRequest,
    PutCoreResponse,
    WrapCoreRequest,
    WrapCoreResponse,
)
from foreword.v1.core_pb2 import Core, CoreAlias, CoreFreshness, CoreOrigin
from tiering.asked import Question, asked_of, check_tags
from tiering.cache import Cache
from tiering.checking import check_core, personal_fields
from tiering.cores import Asked, core_id_of
from tiering.digest import DIGEST_BYTES, CoreId
from tiering.finding import Finding, Hit
from tiering.finishing import finish
from tiering.markdown import read_article
from tiering.question import check_question
from tiering.wrapping import by_code

ALIASES_MAX = 50
LISTED_MAX = 1000
_APPLICATION = "application"
# What 63 bits hold in full.
_FENCE_DIGITS_MAX = 18
_CURATED = CoreOrigin.CORE_ORIGIN_CURATED
# What is set anew each time a core is put: two that differ in nothing else say the same.
_SET_EACH_TIME = ("core_id", "created_at", "revisions")


class Curating:
    """Handles cores. Every method may write to disk: call it in a thread.

    Args:
        cache: Where they are.
        finding: Finds them.
        settings: Returns what is in force.
        clock: Tells the time.
    """

    def __init__(self, cache: Cache, finding: Finding, settings: Callable[[], Tiering], clock: Clock) -> None:
        self._cache = cache
        self._finding = finding
        self._settings = settings
        self._clock = clock

    # -- put --------------------------------------------------------------------------------------------------

    def put(self, request: PutCoreRequest) -> PutCoreResponse:
        """Store a core that the application has.

        Raises:
            FieldError: The core or the request is not as it should be.
            CoreExistsError: There is another one for this question, and `replace` is not set.
            CacheError: Nothing was stored.
        """
        check_tags(request.tags)
        core, others = _content(request)
        # What was claimed says what it answers; what a person writes says so itself.
        first, second = core.question, request.question
        question = (second or first) if request.claim else (first or second)
        check_question("question", question)
        asked = asked_of(
            question, request.namespace, request.locale or core.locale or self._settings().locale
        )
        claim = _claim(request.claim) if request.claim else None
        origin = _CURATED if claim is None else CoreOrigin.CORE_ORIGIN_GENERATED
        finish(core, asked, request.tags, origin, self._clock.now_ms())
        check_core(core)
        if claim is not None:
            return self._put_claimed(asked, core, *claim)
        aliases = self._aliases([*request.aliases, *others], asked)
        former = self._cache.cores.curated(asked)
        response = PutCoreResponse(stored=True)
        if former is not None and _says_the_same(former, core):
            core, response.unchanged = former, True
        else:
            self._cache.put(asked, core, replace=request.replace)
        response.core.CopyFrom(core)
        response.refused_aliases.extend(self._add_aliases(aliases, core_id_of(core)))
        return response

    def _put_claimed(self, asked: Asked, core: Core, claimed: CoreId, lease: Lease) -> PutCoreResponse:
        fields = personal_fields(core)
        if fields:
            raise FieldError(
                fields[0],
                "personal data",
                "facts that everybody may read; what people answer for is put without a claim",
            )
        core.revisions.CopyFrom(self._cache.cores.revisions(asked.namespace))
        # Claimed before an epoch began, or for another question, it is not what was claimed.
        is_claimed = claimed == self._cache.cores.id_of(asked)
        is_stored = is_claimed and self._cache.put(asked, core, lease=lease)
        if is_stored:
            self._cache.claims.give_back(core_id_of(core), lease)
        return PutCoreResponse(core=core, stored=is_stored)

    def _aliases(self, questions: Sequence[str], own: Asked) -> list[Asked]:
        if len(questions) > ALIASES_MAX:
            raise FieldError("aliases", f"{len(questions)} questions", f"at most {ALIASES_MAX}")
        for place, question in enumerate(questions):
            check_question(f"aliases[{place}]", question)
        aliases = [asked_of(question, own.namespace, own.locale) for question in questions]
        return [alias for alias in aliases if alias.normalised != own.normalised]

    def _add_aliases(self, aliases: Sequence[Asked], core_id: CoreId) -> Iterator[str]:
        for asked in aliases:
            if self._cache.cores.curated(asked) is not None:
                yield f"{quoted(asked.question)} has a core of its own"
                continue
            alias = CoreAlias(question=asked.question, judged_by=_APPLICATION)
            alias.created_at.FromMilliseconds(self._clock.now_ms())
            self._cache.cores.add_alias(asked, core_id, StoredAlias(alias=alias))

    # -- get --------------------------------------------------------------------------------------------------

    def get(self, request: GetCoreRequest) -> GetCoreResponse:
        """Return a core and what leads to it; on request let the caller alone write a missing one.

        Raises:
            FieldError: It is named by nothing, or by what is no id and no question.
            CacheError: The cache cannot be read.
        """
        match request.WhichOneof("name"):
            case "core_id":
                core = self._cache.cores.by_id(_id("core_id", request.core_id))
                hit = core and self._finding.hit(HitKind.HIT_KIND_EXACT, core)
                return self._got(hit) if hit else GetCoreResponse()
            case "question":
                return self._get_by_question(request)
        raise FieldError("name", "nothing", "core_id or question")

    def _get_by_question(self, request: GetCoreRequest) -> GetCoreResponse:
        check_question("question", request.question)
        asked = asked_of(request.question, request.namespace, request.locale or self._settings().locale)
        hit = self._finding.stored(asked)
        response = self._got(hit) if hit is not None else GetCoreResponse()
        if not request.claim or (hit and hit.found.freshness == CoreFreshness.CORE_FRESHNESS_FRESH):
            return response
        reason = Question(asked, request.question).private_reason() if hit is None else None
        if reason:
            response.found.CopyFrom(CoreFound(private_reason=reason))
            return response
        target = asked if hit is None or hit.core is None else _asked_of_core(hit.core)
        core_id = self._cache.cores.id_of(target)
        lease = self._cache.claims.take(core_id)
        response.pending = lease is None
        if lease is not None:
            response.claim = f"{core_id.hex()}.{lease.fence}"
        return response

    def _got(self, hit: Hit) -> GetCoreResponse:
        response = GetCoreResponse(found=hit.found)
        if hit.core is not None:
            response.core.CopyFrom(hit.core)
            response.aliases.extend(row.alias for row in self._cache.cores.aliases(core_id_of(hit.core)))
        return response

    # -- words ------------------------------------------------------------------------------------------------

    def wrap(self, request: WrapCoreRequest, style: AppliedStyle) -> WrapCoreResponse | None:
        """Put a core into words of a style, by code; None when there is no core of this id.

        Raises:
            FieldError: The core is not as it should be.
        """
        match request.WhichOneof("content"):
            case "core":
                core = request.core
                check_core(core)
            case "core_id":
                found = self._cache.cores.by_id(_id("core_id", request.core_id))
                if found is None:
                    return None
                core = found
            case _:
                raise FieldError("content", "nothing", "core or core_id")
        words = by_code(core, style)
        return WrapCoreResponse(text=words.text, section_ids=words.section_ids, style=style)

    # -- remove -----------------------------------------------------------------------------------------------

    def invalidate(self, request: InvalidateCoresRequest) -> InvalidateCoresResponse:
        """Remove cores, or what leads to them; with `dry_run` only say which.

        Raises:
            FieldError: It is not said by what.
            CacheError: Some may have gone; asked again, the others go.
        """
        cores, is_real = self._cache.cores, not request.dry_run
        response = InvalidateCoresResponse(epoch=cores.epoch(request.namespace))
        match request.WhichOneof("selector"):
            case "tag":
                self._drop(
                    response, cores.tagged(request.namespace, request.tag), request.tag, is_real=is_real
                )
            case "core_id":
                self._drop(response, [_id("core_id", request.core_id)], request.core_id, is_real=is_real)
            case "question":
                check_question("question", request.question)
                locale = request.locale or self._settings().locale
                found = cores.find(asked_of(request.question, request.namespace, locale))
                ids = [core_id_of(found.core)] if found is not None and found.alias is None else []
                self._drop(response, ids, request.question, is_real=is_real)
            case "alias_id":
                alias_id = _id("alias_id", request.alias_id)
                response.alias_count = int(cores.alias_by_id(alias_id) is not None)
                if is_real:
                    cores.drop_alias(alias_id)
            case "everything" if request.everything:
                if is_real:
                    response.epoch = cores.begin_epoch(request.namespace)
            case "everything":
                raise FieldError("everything", "false", "true, or another selector")
            case _:
                raise FieldError("selector", "nothing", "tag, core_id, alias_id, question or everything")
        return response

    def _drop(
        self, response: InvalidateCoresResponse, ids: Sequence[CoreId], met_by: str, *, is_real: bool
    ) -> None:
        for core_id in ids:
            core = self._cache.cores.by_id(core_id)
            if core is None:
                continue
            response.core_count += 1
            response.alias_count += len(self._cache.cores.aliases(core_id))
            if len(response.cores) < LISTED_MAX:
                response.cores.append(
                    InvalidatedCore(
                        core_id=core.core_id, question=core.question, origin=core.origin, met_by=met_by
                    )
                )
            if is_real:
                self._cache.cores.drop(core_id)


def _content(request: PutCoreRequest) -> tuple[Core, tuple[str, ...]]:
    """Return the core, and other questions that it says it answers."""
    match request.WhichOneof("content"):
        case "core":
            core = Core()
            core.CopyFrom(request.core)
            return core, ()
        case "markdown":
            return read_article(request.markdown, question=request.question)
    raise FieldError("content", "nothing", "core or markdown")


def _asked_of_core(core: Core) -> Asked:
    return asked_of(core.question, core.namespace, core.locale)


def _says_the_same(former: Core, core: Core) -> bool:
    pair = []
    for each in (former, core):
        copy = Core()
        copy.CopyFrom(each)
        for field in _SET_EACH_TIME:
            copy.ClearField(field)
        pair.append(copy)
    return pair[0] == pair[1]


def _id(field: str, text: str) -> CoreId:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if len(data) != DIGEST_BYTES:
        raise FieldError(field, quoted(text), f"{2 * DIGEST_BYTES} hexadecimal digits")
    return CoreId(data)


def _claim(text: str) -> tuple[CoreId, Lease]:
    core_id, _, fence = text.partition(".")
    if not (fence.isascii() and fence.isdecimal()) or len(fence) > _FENCE_DIGITS_MAX:
        raise FieldError("claim", quoted(text), "the claim that GetCore gave")
    return _id("claim", core_id), Lease(fence=int(fence))
