"""ProfileService: what is known of users, as it is stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from foreword import keys
from foreword.admission import SESSION_ID_BYTES_MAX
from foreword.budget import TOKENS_MAX, budget_tokens
from foreword.clock import Clock
from foreword.errors import FieldError, ForewordError, StoreError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.signs import signs_of
from foreword.store.responses import (
    asks_for_refresh,
    batch_response,
    cut_to_budget,
    foreword_response,
    lookup_response,
    profile_response,
)
from foreword.text_size import check_text
from foreword.tokens import count_tokens
from foreword.v1.profile_service_pb2 import (
    BatchGetProfilesRequest,
    GetForewordRequest,
    GetForewordResponse,
    GetProfileRequest,
    ListRevisionsRequest,
    ListRevisionsResponse,
    LookupProfilesRequest,
    LookupProfilesResponse,
    LookupRefusal,
    RollbackProfileRequest,
    RollbackProfileResponse,
    WatchProfilesRequest,
)
from sidecar import access, checks
from sidecar.activity import Activity
from sidecar.open_triggers import OpenTriggers
from sidecar.profiles import Profiles
from sidecar.reads import Reads
from sidecar.revisions import list_revisions
from sidecar.rollbacks import rollback_profile
from sidecar.rpc import Context, Handler, bidirectional, check_deadline, send, sending, unary
from sidecar.session_overlay import EVENTS_MAX, Session, add_overlay, make_room, session_of
from sidecar.shared_names import SharedNames
from sidecar.status import classify
from sidecar.streams import Streams
from sidecar.topics import Topics
from sidecar.watches import Watches

NAME = "foreword.v1.ProfileService"

# Keys of a batch looked up in one go, half a millisecond; in between others are answered.
SLICE_KEYS = 100


class ProfileService:
    """Answers reads from stored bytes; parses only a foreword that is cut or overlaid."""

    def __init__(
        self,
        profiles: Profiles,
        activity: Activity,
        triggers: OpenTriggers,
        reads: Reads,
        topics: Topics,
        *,
        streams: Streams,
        watches: Watches,
        live: FollowedConfig,
        clock: Clock,
    ) -> None:
        self._profiles = profiles
        self._activity = activity
        self._triggers = triggers
        self._count = reads.count
        self._topics = topics
        self._streams = streams
        self._watches = watches
        self._live = live
        self._shared_names = SharedNames(profiles, clock)
        self._clock = clock
        self._now_ms = clock.now_ms
        # Reads the pieces that tokens are counted by, so that the first call that needs them does not wait for it.
        count_tokens("a")

    def handlers(self) -> dict[str, Handler]:
        """Return the handler of each method."""
        return {
            "GetProfile": unary(GetProfileRequest, self.get_profile),
            "BatchGetProfiles": unary(BatchGetProfilesRequest, self.batch_get_profiles),
            "LookupProfiles": bidirectional(LookupProfilesRequest, self.lookup_profiles),
            "GetForeword": unary(GetForewordRequest, self.get_foreword),
            "ListRevisions": unary(ListRevisionsRequest, self.list_revisions),
            "RollbackProfile": unary(RollbackProfileRequest, self.rollback_profile),
            "WatchProfiles": sending(WatchProfilesRequest, self._watches.watch_profiles),
        }

    async def get_profile(self, request: GetProfileRequest, _context: Context) -> bytes:
        """Return a serialized GetProfileResponse."""
        return self._profile(request)

    async def lookup_profiles(self, requests: AsyncIterator[LookupProfilesRequest], context: Context) -> None:
        """Send a LookupProfilesResponse for each request; further ones wait in the connection until it is taken."""
        with self._streams.entered():
            async for request in requests:
                await send(context, self._looked_up(request))

    def _looked_up(self, request: LookupProfilesRequest) -> bytes:
        try:
            access.check_space(request.namespace)
            return lookup_response(self._profile(request), request.lookup_id)
        except ForewordError as exc:
            refused = LookupProfilesResponse(lookup_id=request.lookup_id, refusal=_refusal(exc))
            return refused.SerializeToString()

    def _profile(self, request: GetProfileRequest | LookupProfilesRequest) -> bytes:
        user = keys.user_key(request.user_id, request.namespace)
        row = self._profiles.profile_row(user)
        response = (
            self._profiles.default_profile_response(request.user_id, request.namespace)
            if row is None
            else profile_response(row, self._now_ms())
        )
        self._count(row, response)
        if asks_for_refresh(row) or self._triggers.notes_reads:
            self._triggers.ask(user)
        return response

    async def batch_get_profiles(self, request: BatchGetProfilesRequest, context: Context) -> bytes:
        """Return a serialized BatchGetProfilesResponse."""
        ids = list(request.user_ids)
        checks.check_count("user_ids", len(ids))
        responses: list[bytes] = []
        for start in range(0, len(ids), SLICE_KEYS):
            if start:
                await asyncio.sleep(0)
                check_deadline(context)
            responses += self._answer(ids[start : start + SLICE_KEYS], request.namespace, start)
        return batch_response(responses)

    async def get_foreword(
        self, request: GetForewordRequest, _context: Context
    ) -> bytes | GetForewordResponse:
        """Return a GetForewordResponse, as stored unless a smaller budget or a session is asked for."""
        user = keys.user_key(request.user_id, request.namespace)
        tokens_max = budget_tokens(request.max_tokens)
        check_text("session_id", request.session_id, SESSION_ID_BYTES_MAX)
        row = self._profiles.foreword_row(user)
        whole = (
            self._profiles.default_foreword_response(request.namespace)
            if row is None
            else foreword_response(row, self._now_ms())
        )
        self._count(row, whole)
        if asks_for_refresh(row) or self._triggers.notes_reads:
            self._triggers.ask(user)
        if tokens_max == TOKENS_MAX and not request.session_id:
            return whole
        response = GetForewordResponse.FromString(whole)
        if not request.session_id:
            cut_to_budget(response, tokens_max)
            return response
        session = self._session(user, request.session_id)
        make_room(response, session, tokens_max)
        add_overlay(response, session, tokens_max)
        return response

    async def list_revisions(self, request: ListRevisionsRequest, _context: Context) -> ListRevisionsResponse:
        """Return the kept revisions of a user, the newest first; asks for no refresh."""
        user = keys.user_key(request.user_id, request.namespace)
        # In a thread: store.revisions_max may be large, and a profile takes a tenth of a millisecond to compare.
        return await asyncio.to_thread(list_revisions, self._profiles, user)

    async def rollback_profile(
        self, request: RollbackProfileRequest, context: Context
    ) -> RollbackProfileResponse:
        """Ask for a return to an earlier revision and wait until it is served."""
        return await rollback_profile(
            request, context, profiles=self._profiles, activity=self._activity, clock=self._clock
        )

    def _answer(self, ids: list[str], namespace: str, start: int) -> list[bytes]:
        users = [_user_of_batch(user_id, namespace, start + place) for place, user_id in enumerate(ids)]
        now_ms = self._now_ms()
        notes_reads = self._triggers.notes_reads
        responses = []
        for user_id, user, row in zip(ids, users, self._profiles.profile_rows(users), strict=True):
            response = (
                self._profiles.default_profile_response(user_id, namespace)
                if row is None
                else profile_response(row, now_ms)
            )
            self._count(row, response)
            if asks_for_refresh(row) or notes_reads:
                self._triggers.ask(user)
            responses.append(response)
        return responses

    def _session(self, user: UserKey, session_id: str) -> Session:
        reader = self._activity.reader
        try:
            events = reader.events(user, limit=EVENTS_MAX) if reader is not None else []
        except StoreError:
            # The core is worth serving without the session.
            return Session()
        _, namespace = keys.split_user_key(user)
        config = self._live.current
        names = config.foreword.words_of(namespace).names(self._shared_names.users_of(namespace))
        synonyms = self._topics.synonyms(namespace)
        return session_of(events, session_id, names, signs_of(config.agent.signs), synonyms)


def _refusal(error: ForewordError) -> LookupRefusal:
    _, reason = classify(error)
    if isinstance(error, FieldError):
        said = f"found {error.found}; allowed: {error.allowed}"
        return LookupRefusal(field=error.field, message=said, reason=reason)
    return LookupRefusal(message=error.message, reason=reason)


def _user_of_batch(user_id: str, namespace: str, place: int) -> keys.UserKey:
    # The place is put into words only when something is wrong, not a thousand times when nothing is.
    if not user_id or len(user_id) * 4 > keys.USER_ID_BYTES_MAX:
        check_text(f"user_ids[{place}]", user_id, keys.USER_ID_BYTES_MAX, bytes_min=1)
    return keys.user_key(user_id, namespace)
