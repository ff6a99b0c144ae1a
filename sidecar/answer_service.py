"""AnswerService: answers from cores that many share, in words for one."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator

from cachetools import LRUCache

from foreword import keys
from foreword.errors import FieldError
from foreword.followed_config import FollowedConfig
from foreword.keys import NAMESPACE_BYTES_MAX, UserKey
from foreword.naming import quoted
from foreword.store.codec import HEADER_BYTES
from foreword.text_size import check_text
from foreword.v1.answer_pb2 import AppliedStyle
from foreword.v1.answer_service_pb2 import (
    AnswerRequest,
    AnswerResponse,
    AuditAnswersRequest,
    AuditAnswersResponse,
    ExplainAnswerRequest,
    ExplainAnswerResponse,
    GetCoreRequest,
    GetCoreResponse,
    InvalidateCoresRequest,
    InvalidateCoresResponse,
    ListCoresRequest,
    ListCoresResponse,
    PutCoreRequest,
    PutCoreResponse,
    WrapCoreRequest,
    WrapCoreResponse,
)
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse
from sidecar import access
from sidecar.activity import Activity
from sidecar.answering import Answering
from sidecar.core_list import list_cores
from sidecar.profiles import Profiles
from sidecar.rpc import Context, Handler, streaming, unary
from tiering.style import style_of

NAME = "foreword.v1.AnswerService"

# Some 500 bytes each; a profile of 20 KB takes longer to parse than all the rest of an answer takes.
_STYLES_MAX = 50_000
_AUDITED = 100
_AUDITED_MAX = 1000
_ANSWER_ID_BYTES = 16
# A keyed digest is never this.
_NO_CORE = "0" * 32


class AnswerService:
    """Answers questions and handles cores."""

    def __init__(
        self, answering: Answering, profiles: Profiles, activity: Activity, live: FollowedConfig
    ) -> None:
        self._answering = answering
        self._profiles = profiles
        self._activity = activity
        self._live = live
        self._styles: LRUCache[tuple[UserKey, str], tuple[bytes, AppliedStyle, int]] = LRUCache(_STYLES_MAX)

    def handlers(self) -> dict[str, Handler]:
        """Return the handler of each method."""
        return {
            "Answer": streaming(AnswerRequest, self.answer),
            "PutCore": unary(PutCoreRequest, self.put_core),
            "GetCore": unary(GetCoreRequest, self.get_core),
            "WrapCore": unary(WrapCoreRequest, self.wrap_core),
            "InvalidateCores": unary(InvalidateCoresRequest, self.invalidate_cores),
            "ExplainAnswer": unary(ExplainAnswerRequest, self.explain_answer),
            "AuditAnswers": unary(AuditAnswersRequest, self.audit_answers),
            "ListCores": unary(ListCoresRequest, self.list_cores),
        }

    async def answer(self, request: AnswerRequest, _context: Context) -> AsyncIterator[AnswerResponse]:
        """Yield the parts of an answer."""
        # Imported only now, as what is open: see Answering.
        from tiering.answers import Asker

        user = keys.user_key(request.user_id, request.namespace)
        cache, answers, _ = self._answering.open_parts()
        style, revision = self._style(user, request.locale or self._live.current.tiering.locale)
        asker = Asker(
            digest=cache.digests.asker(request.namespace, request.user_id),
            style=style,
            profile_revision=revision,
            foreword=lambda: self._foreword(user),
        )
        async for part in answers.answer(request, asker):
            yield part

    async def put_core(self, request: PutCoreRequest, _context: Context) -> PutCoreResponse:
        """Store a core that the application has."""
        self._activity.refuse_draining()
        _, _, curating = self._answering.open_parts()
        return await asyncio.to_thread(curating.put, request)

    async def get_core(self, request: GetCoreRequest, _context: Context) -> GetCoreResponse:
        """Return a core and what leads to it."""
        _, _, curating = self._answering.open_parts()
        found = await asyncio.to_thread(curating.get, request)
        # An id says nothing of a namespace: a core of another one is as none.
        return found if access.sight()(found.core.namespace) or not found.core.core_id else GetCoreResponse()

    async def wrap_core(self, request: WrapCoreRequest, _context: Context) -> WrapCoreResponse:
        """Put a core into words for one user."""
        user = keys.user_key(request.user_id, request.namespace)
        _, _, curating = self._answering.open_parts()
        locale = request.locale or request.core.locale or self._live.current.tiering.locale
        style, _ = self._style(user, locale)
        wrapped = curating.wrap(request, style) if await self._sees_core(request.core_id) else None
        if wrapped is None:
            raise FieldError("core_id", quoted(request.core_id), "the id of a stored core")
        return wrapped

    async def invalidate_cores(
        self, request: InvalidateCoresRequest, _context: Context
    ) -> InvalidateCoresResponse:
        """Remove cores, or what leads to them."""
        check_text("namespace", request.namespace, NAMESPACE_BYTES_MAX)
        self._activity.refuse_draining()
        _, _, curating = self._answering.open_parts()
        if not await self._sees_core(request.core_id):
            # Nothing goes of what is not there, and of what is another's.
            request.core_id = _NO_CORE
        return await asyncio.to_thread(curating.invalidate, request)

    async def explain_answer(self, request: ExplainAnswerRequest, _context: Context) -> ExplainAnswerResponse:
        """Return why an answer was what it was."""
        try:
            answer_id = bytes.fromhex(request.answer_id)
        except ValueError:
            answer_id = b""
        if len(answer_id) != _ANSWER_ID_BYTES:
            raise FieldError("answer_id", quoted(request.answer_id), "32 hexadecimal digits")
        cache, _, _ = self._answering.open_parts()
        explanation = await asyncio.to_thread(cache.accounts.explanation, answer_id, cache.cores.by_id)
        return ExplainAnswerResponse(explanation=explanation)

    async def audit_answers(self, request: AuditAnswersRequest, _context: Context) -> AuditAnswersResponse:
        """Return near questions that were met."""
        if request.count < 0:
            raise FieldError("count", str(request.count), f"0 to {_AUDITED_MAX:,}")
        count = min(request.count or _AUDITED, _AUDITED_MAX)
        namespace = request.namespace if request.HasField("namespace") else None
        cache, _, _ = self._answering.open_parts()
        hits = await asyncio.to_thread(
            lambda: cache.accounts.audited(count, served_only=request.served_only, namespace=namespace)
        )
        return AuditAnswersResponse(hits=hits)

    async def list_cores(self, request: ListCoresRequest, _context: Context) -> ListCoresResponse:
        """Return a page of the cores that are stored."""
        cache, answers, _ = self._answering.open_parts()
        return await asyncio.to_thread(list_cores, request, cache, answers.finding)

    async def _sees_core(self, core_id: str) -> bool:
        """Return whether a caller may know of a core that is named by its id; of one that is not there, too."""
        if not core_id or access.sees_all():
            return True
        _, _, curating = self._answering.open_parts()
        core = (await asyncio.to_thread(curating.get, GetCoreRequest(core_id=core_id))).core
        return not core.core_id or access.sight()(core.namespace)

    def _style(self, user: UserKey, locale: str) -> tuple[AppliedStyle, int]:
        """Return how a user's answers are presented, and the revision of the profile that says so; 0 without one."""
        row = self._profiles.profile_row(user)
        if row is not None:
            # With revision and checksum in it, it changes with the profile.
            mark, body = row[:HEADER_BYTES], row[HEADER_BYTES:]
        else:
            body = self._profiles.default_profile_response(*keys.split_user_key(user))
            # Some thousand users may be held, and each would hold the bytes of its own.
            mark = zlib.crc32(body).to_bytes(4)
        known = self._styles.get((user, locale))
        if known is None or known[0] != mark:
            profile = GetProfileResponse.FromString(body).profile
            known = self._styles[user, locale] = (mark, style_of(profile, locale), profile.revision)
        return known[1], known[2]

    def _foreword(self, user: UserKey) -> str:
        row = self._profiles.foreword_row(user)
        if row is not None:
            return GetForewordResponse.FromString(row[HEADER_BYTES:]).text
        _, namespace = keys.split_user_key(user)
        return GetForewordResponse.FromString(self._profiles.default_foreword_response(namespace)).text
