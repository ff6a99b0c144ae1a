"""The client for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, TypeAlias, Unpack, overload

import grpc
from google.protobuf.message import Message

from foreword.client import fallbacks
from foreword.client.answers import ANSWER_SECONDS, AsyncAnswer
from foreword.client.base import ERASE_WAIT_SECONDS, Client, closed, is_awaited, polls_seconds
from foreword.client.calls import (
    EXPORT_USER,
    LOOKUP_PROFILES,
    WATCH_PROFILES,
    Call,
    CoreLike,
    FreshnessLike,
    LedgerGroupLike,
    ModelOutcomeLike,
    ResponseT,
    SegmentLike,
    TurnLike,
)
from foreword.client.candidates import CandidateLike, ContextLike
from foreword.client.channel import HEALTH_CHECK, OPTIONS, TLS_OPTIONS, stubs
from foreword.client.events import EventFields, EventLike
from foreword.client.feedback import Said
from foreword.client.feeding import Feeding
from foreword.client.lookups import Lookups
from foreword.client.ranking import CandidateT, Ranking, ranking_of
from foreword.client.reach import Reach, is_passing
from foreword.errors import ForewordError
from foreword.v1.activity_service_pb2 import (
    DeleteEventsResponse,
    RecordEventsResponse,
    StreamEventsRequest,
    StreamEventsResponse,
)
from foreword.v1.answer_service_pb2 import (
    AuditAnswersResponse,
    ExplainAnswerResponse,
    GetCoreResponse,
    InvalidateCoresResponse,
    ListCoresResponse,
    PutCoreResponse,
)
from foreword.v1.backfill_pb2 import BackfillMode
from foreword.v1.core_pb2 import Core
from foreword.v1.operator_service_pb2 import (
    BackfillAction,
    ExplainBeliefResponse,
    GetBackfillResponse,
    GetLedgerResponse,
    GetStatusResponse,
    ListTopicsResponse,
    ListUsersResponse,
    MergeTopicsResponse,
    PauseRefreshesResponse,
    PauseUserResponse,
    RefreshUserResponse,
    ResumeRefreshesResponse,
    ResumeUserResponse,
    SplitTopicResponse,
    StartBackfillResponse,
    SteerBackfillResponse,
)
from foreword.v1.profile_service_pb2 import (
    GetForewordResponse,
    GetProfileResponse,
    ListRevisionsResponse,
    LookupProfilesResponse,
    RollbackProfileResponse,
    WatchProfilesResponse,
)
from foreword.v1.ranking_service_pb2 import ExplainRankingResponse, RecordFeedbackResponse
from foreword.v1.user_data_service_pb2 import EraseUserResponse, ExportUserResponse

# An application's own inference: takes a question, returns Markdown or a core.
Generate: TypeAlias = Callable[[str], Awaitable[CoreLike]]


async def _in_turn(requests: Iterator[Message]) -> AsyncIterator[Message]:
    for request in requests:
        yield request


async def _as_it_is(call: Awaitable[Any]) -> Any:
    return await call


class AsyncForeword(Client):
    """Talks to a sidecar from asyncio; otherwise as `Foreword`. It connects at the first call, in the loop of that."""

    def _prepare(self) -> None:
        self._channel: grpc.aio.Channel | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asking: asyncio.Task[None] | None = None

    async def text(
        self, user_id: str, max_tokens: int = 200, session_id: str = "", *, namespace: str | None = None
    ) -> str:
        """Return the prompt-ready text about a user; see `Foreword.text`."""
        return (await self.foreword(user_id, max_tokens, session_id, namespace=namespace)).text

    async def foreword(
        self, user_id: str, max_tokens: int = 200, session_id: str = "", *, namespace: str | None = None
    ) -> GetForewordResponse:
        """Return the text with its revision, etag, freshness and cuts; see `Foreword.foreword`."""
        return await self._ask(self._foreword(user_id, max_tokens, session_id, namespace))

    async def profile(self, user_id: str, *, namespace: str | None = None) -> GetProfileResponse:
        """Return the profile of a user and how current it is; see `Foreword.profile`."""
        return await self._ask(self._profile(user_id, namespace))

    async def profiles(
        self, user_ids: Iterable[str], *, namespace: str | None = None
    ) -> list[GetProfileResponse]:
        """Return the profiles of any number of users, in order; see `Foreword.profiles`."""
        found: list[GetProfileResponse] = []
        for call in self._profiles(user_ids, namespace):
            found += (await self._ask(call)).results
        return found

    async def lookup(
        self, user_ids: Iterable[str], *, namespace: str | None = None
    ) -> AsyncIterator[LookupProfilesResponse]:
        """Yield the profile of each user, in order, over one stream; see `Foreword.lookup`.

        Args:
            user_ids: The users, any number; taken from ahead of the answers.
            namespace: The tenant's space; None takes the client's.
        """
        lookups = Lookups(user_ids, self._space(namespace))
        wait_seconds: float | None = 0.0
        while wait_seconds is not None:
            call = self._stub(LOOKUP_PROFILES.path)(_in_turn(lookups.requests()))
            try:
                async for answer in call:
                    lookups.answered()
                    yield answer
            except grpc.RpcError as exc:
                error = self._failures.translate(exc)
            else:
                lookups.end()
                return
            finally:
                call.cancel()
            wait_seconds = lookups.broke(error, self._reach)
            await asyncio.sleep(wait_seconds or 0)
        self._failures.handle(error)
        for answer in lookups.defaults():
            yield answer
        lookups.end()

    async def watch(
        self,
        user_ids: Iterable[str] = (),
        *,
        namespace: str | None = None,
        all_namespaces: bool = False,
        resume_token: bytes = b"",
        after_revision: int = 0,
        from_now: bool = False,
    ) -> AsyncIterator[WatchProfilesResponse]:
        """Yield what happens to profiles; see `Foreword.watch`."""
        watching = self._watching(
            user_ids,
            namespace,
            all_namespaces=all_namespaces,
            resume_token=resume_token,
            after_revision=after_revision,
            from_now=from_now,
        )
        while True:
            call = self._stub(WATCH_PROFILES.path)(watching.request)
            error = None
            try:
                async for message in call:
                    watching.received(message)
                    yield message
            except grpc.RpcError as exc:
                error = self._failures.translate(exc)
            finally:
                call.cancel()
            await asyncio.sleep(watching.broke(error))

    async def stream_events(self, events: Iterable[EventLike]) -> StreamEventsResponse:
        """Record a long feed of events; see `Foreword.stream_events`."""
        feeding, call = Feeding(events, self._namespace), self._stream_events()
        for messages in feeding.streams():
            deadline = time.monotonic() + self._timeout_seconds * len(messages)
            try:
                feeding.add(messages, await self._make(call, messages, deadline))
            except (ForewordError, ValueError, grpc.aio.BaseError) as exc:
                self._failures.handle(exc, always_raises=True)
        return feeding.response

    async def list_revisions(self, user_id: str, *, namespace: str | None = None) -> ListRevisionsResponse:
        """Return the kept revisions of a user, newest first; see `Foreword.list_revisions`."""
        return await self._ask(self._list_revisions(user_id, namespace))

    async def rollback(
        self, user_id: str, revision: int, wait_seconds: float = 0, *, namespace: str | None = None
    ) -> RollbackProfileResponse:
        """Return a user to an earlier revision; see `Foreword.rollback`."""
        return await self._ask(self._rollback(user_id, revision, wait_seconds, namespace))

    async def explain(
        self, user_id: str, belief_id: str = "", *, namespace: str | None = None
    ) -> ExplainBeliefResponse:
        """Return what is believed of a user and why; see `Foreword.explain`."""
        return await self._ask(self._explain(user_id, belief_id, namespace))

    @overload
    async def record(self, events: EventLike | Iterable[EventLike], /) -> RecordEventsResponse: ...

    @overload
    async def record(self, /, **fields: Unpack[EventFields]) -> RecordEventsResponse: ...

    async def record(
        self, events: EventLike | Iterable[EventLike] = (), /, **fields: Any
    ) -> RecordEventsResponse:
        """Record any number of events; see `Foreword.record`."""
        recording = self._recording(events, fields)
        for batch in recording.batches():
            recording.add(batch, await self._ask(self._record([event for _, event in batch])))
        return recording.response

    async def record_history(self, events: EventLike | Iterable[EventLike], /) -> RecordEventsResponse:
        """Record history that a backfill will take up; see `Foreword.record_history`."""
        recording = self._recording(events, {})
        for batch in recording.batches():
            call = self._record([event for _, event in batch], for_backfill=True)
            recording.add(batch, await self._ask(call))
        return recording.response

    async def refresh(
        self,
        user_id: str,
        wait_seconds: float = 0,
        *,
        full: bool = False,
        namespace: str | None = None,
    ) -> RefreshUserResponse:
        """Ask for a refresh of a user; see `Foreword.refresh`."""
        return await self._ask(self._refresh(user_id, wait_seconds, namespace, full=full))

    async def delete_events(
        self,
        user_id: str,
        event_ids: Iterable[str],
        wait_seconds: float = 0,
        *,
        namespace: str | None = None,
    ) -> DeleteEventsResponse:
        """Delete events of a user; see `Foreword.delete_events`."""
        return await self._ask(self._delete_events(user_id, event_ids, wait_seconds, namespace))

    async def status(self) -> GetStatusResponse:
        """Return counts, freshness and what is wrong now."""
        return await self._ask(self._status())

    async def pause_refreshes(self, segment_names: Iterable[str] = ()) -> PauseRefreshesResponse:
        """Stop refreshing the users of segments, or all; see `Foreword.pause_refreshes`."""
        return await self._ask(self._pause_refreshes(segment_names))

    async def resume_refreshes(self, segment_names: Iterable[str] = ()) -> ResumeRefreshesResponse:
        """End the pauses of segments, or all; see `Foreword.resume_refreshes`."""
        return await self._ask(self._resume_refreshes(segment_names))

    async def pause_user(self, user_id: str, *, namespace: str | None = None) -> PauseUserResponse:
        """Stop refreshing one user; see `Foreword.pause_user`."""
        return await self._ask(self._pause_user(user_id, namespace))

    async def resume_user(self, user_id: str, *, namespace: str | None = None) -> ResumeUserResponse:
        """End the pause of one user; see `Foreword.resume_user`."""
        return await self._ask(self._resume_user(user_id, namespace))

    async def list_users(
        self,
        *,
        segments: Iterable[SegmentLike] = (),
        segment_names: Iterable[str] = (),
        freshness: Iterable[FreshnessLike] = (),
        failed: bool = False,
        page_size: int = 0,
        page_token: str = "",
        user_id_prefix: str = "",
        namespace: str | None = None,
    ) -> ListUsersResponse:
        """Return a page of users with the state of their profiles; see `Foreword.list_users`."""
        return await self._ask(
            self._list_users(
                namespace,
                segments=segments,
                segment_names=segment_names,
                freshness=freshness,
                failed=failed,
                page_size=page_size,
                page_token=page_token,
                user_id_prefix=user_id_prefix,
            )
        )

    async def ledger(
        self,
        *,
        from_day: str = "",
        to_day: str = "",
        group_by: Iterable[LedgerGroupLike] = (),
        calls_max: int = 0,
        attempts_max: int = 0,
        outcomes: Iterable[ModelOutcomeLike] = (),
        user_id: str = "",
        namespace: str | None = None,
    ) -> GetLedgerResponse:
        """Return what language models cost; see `Foreword.ledger`."""
        return await self._ask(
            self._ledger(
                user_id,
                namespace,
                from_day=from_day,
                to_day=to_day,
                group_by=group_by,
                calls_max=calls_max,
                attempts_max=attempts_max,
                outcomes=outcomes,
            )
        )

    async def topics(
        self,
        *,
        merged_or_proposed: bool = False,
        page_size: int = 0,
        page_token: str = "",
        namespace: str | None = None,
    ) -> ListTopicsResponse:
        """Return a page of the topics of a namespace, the commonest first, with what else means the same.

        Args:
            merged_or_proposed: Only topics that others were merged into, or that a merge is proposed for.
            page_size: Most topics of the page, at most 1,000; 0 means 100.
            page_token: The `next_page_token` of the page before; empty for the first page.
            namespace: The tenant's space; None takes the client's.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says: part of a list must not pass for the whole.
        """
        return await self._ask(
            self._list_topics(
                namespace, merged_or_proposed=merged_or_proposed, page_size=page_size, page_token=page_token
            )
        )

    async def merge_topics(
        self, canonical: str, topics: Iterable[str], *, namespace: str | None = None
    ) -> MergeTopicsResponse:
        """Make topics one: from each user's next refresh on, events of each count as events of the canonical one.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says.
        """
        return await self._ask(self._merge_topics(canonical, topics, namespace))

    async def split_topic(self, topic: str, *, namespace: str | None = None) -> SplitTopicResponse:
        """Make a topic one of its own again, which no proposal merges any more; raises as `merge_topics` does."""
        return await self._ask(self._split_topic(topic, namespace))

    async def start_backfill(
        self,
        *,
        mode: BackfillMode = BackfillMode.BACKFILL_MODE_UNSPECIFIED,
        budget_micro_usd: int | None = None,
        users_per_second: float = 0,
        estimate_only: bool = False,
        backfill_id: bytes | None = None,
        namespace: str | None = None,
    ) -> StartBackfillResponse:
        """Have profiles written for all users, or only estimated; see `Foreword.start_backfill`."""
        call = self._start_backfill(
            namespace,
            mode=mode or None,
            budget_micro_usd=budget_micro_usd,
            users_per_second=users_per_second or None,
            estimate_only=estimate_only or None,
            backfill_id=backfill_id,
        )
        return await self._ask(call)

    async def get_backfill(self) -> GetBackfillResponse:
        """Return the newest backfill; raises as `start_backfill` does."""
        return await self._ask(self._get_backfill())

    async def steer_backfill(self, action: BackfillAction) -> SteerBackfillResponse:
        """Pause, resume or cancel the backfill under way; raises as `start_backfill` does."""
        return await self._ask(self._steer_backfill(action))

    async def erase(
        self, user_id: str, wait_seconds: float = ERASE_WAIT_SECONDS, *, namespace: str | None = None
    ) -> EraseUserResponse:
        """Remove everything kept of a user; see `Foreword.erase`."""
        return await self._ask(self._erase(user_id, wait_seconds, namespace))

    async def export(
        self, user_id: str, *, namespace: str | None = None
    ) -> AsyncIterator[ExportUserResponse]:
        """Yield everything kept of a user; see `Foreword.export`.

        Raises:
            FieldError: An argument is of the wrong kind.
            ServiceError: Always when it fails, whatever `raises` says: part of an export must not pass for the whole.
        """
        request = self._export(user_id, namespace).request()
        try:
            async for record in self._stub(EXPORT_USER.path)(request):
                yield record
        except (grpc.RpcError, grpc.aio.BaseError, ValueError) as exc:
            raise self._failures.translate(exc) from exc

    def answer(
        self,
        user_id: str,
        question: str,
        *,
        standalone_question: str = "",
        locale: str = "",
        namespace: str | None = None,
        conversation: Sequence[TurnLike] = (),
        tags: Iterable[str] = (),
        cached_only: bool = False,
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> AsyncAnswer:
        """Answer a question of a user: `async for` gives the words as they come, `(await ...).text` all of them; see
        `Foreword.answer`.
        """
        call = self._answer(
            user_id,
            namespace,
            timeout_seconds,
            question=question,
            standalone_question=standalone_question,
            locale=locale,
            conversation=conversation,
            tags=tags,
            cached_only=cached_only,
        )
        return AsyncAnswer(call, self._make, self._failures)

    async def core_or(
        self,
        question: str,
        generate: Generate,
        *,
        locale: str = "",
        namespace: str | None = None,
        tags: Iterable[str] = (),
        wait_seconds: float = ANSWER_SECONDS,
    ) -> Core:
        """Return the core of a question, written by the application where there is none; see `Foreword.core_or`."""
        claim = self._claim_core(question, locale, namespace)
        deadline = time.monotonic() + wait_seconds
        waits_seconds = polls_seconds()
        found = await self._ask(claim)
        while is_awaited(found) and time.monotonic() < deadline:
            await asyncio.sleep(next(waits_seconds))
            found = await self._ask(claim)
        if found.HasField("core") and not found.claim:
            return found.core
        try:
            written = await generate(question)
        except Exception as exc:
            if not found.HasField("core"):
                raise
            self._failures.log_unwritten(exc)
            return found.core
        if not found.claim:
            return fallbacks.core_of(written, question)
        put = self._put_claimed(found, written, question, namespace, locale=locale, tags=tags)
        return (await self._ask(put)).core

    async def wrap(self, core: Core, user_id: str, *, locale: str = "", namespace: str | None = None) -> str:
        """Return what a core says in words for one user; see `Foreword.wrap`."""
        if not core.lead_short:
            return fallbacks.plain_text(core)
        return (await self._ask(self._wrap(core, user_id, locale, namespace))).text

    async def put_core(
        self,
        content: CoreLike,
        *,
        question: str = "",
        locale: str = "",
        namespace: str | None = None,
        tags: Iterable[str] = (),
        aliases: Iterable[str] = (),
        replace: bool = False,
    ) -> PutCoreResponse:
        """Store a core that people wrote; see `Foreword.put_core`."""
        asked = {"question": question, "locale": locale, "tags": tags, "aliases": aliases, "replace": replace}
        return await self._ask(self._put_core(content, namespace, **asked))

    async def get_core(
        self, question: str = "", *, core_id: str = "", locale: str = "", namespace: str | None = None
    ) -> GetCoreResponse:
        """Return the core of a question or id, and what leads to it; see `Foreword.get_core`."""
        return await self._ask(self._get_core(question, core_id, locale, namespace))

    async def invalidate(
        self,
        *,
        tag: str = "",
        core_id: str = "",
        alias_id: str = "",
        question: str = "",
        everything: bool = False,
        dry_run: bool = False,
        locale: str = "",
        namespace: str | None = None,
    ) -> InvalidateCoresResponse:
        """Remove cores, or an alias that leads to one; see `Foreword.invalidate`."""
        selectors = {"tag": tag, "core_id": core_id, "alias_id": alias_id, "question": question}
        return await self._ask(
            self._invalidate(locale, namespace, dry_run=dry_run, everything=everything, **selectors)
        )

    async def explain_answer(self, answer_id: str) -> ExplainAnswerResponse:
        """Return why an answer was what it was; see `Foreword.explain_answer`."""
        return await self._ask(self._explain_answer(answer_id))

    async def audit_answers(
        self, count: int = 0, *, served_only: bool = False, namespace: str | None = None
    ) -> AuditAnswersResponse:
        """Return near questions that were met, newest first; see `Foreword.audit_answers`."""
        return await self._ask(self._audit_answers(namespace, count=count, served_only=served_only))

    async def list_cores(
        self, *, page_size: int = 0, page_token: str = "", namespace: str | None = None
    ) -> ListCoresResponse:
        """Return a page of the cores that are stored; see `Foreword.list_cores`."""
        return await self._ask(self._list_cores(namespace, page_size=page_size, page_token=page_token))

    async def rank(
        self,
        user_id: str,
        candidates: Iterable[CandidateT],
        *,
        context: ContextLike | None = None,
        text: str = "",
        session_id: str = "",
        explore: bool = True,
        limit: int = 0,
        namespace: str | None = None,
    ) -> Ranking[CandidateT]:
        """Return candidates in the order in which they suit a user now; see `Foreword.rank`."""
        given = self._candidates(candidates)
        moment = (context, text, session_id)
        call = self._rank(user_id, given, namespace, context=moment, explore=explore, limit=limit)
        return ranking_of(given, limit, await self._ask(call))

    async def feedback(
        self,
        decision_id: str | None = None,
        *,
        action_id: str = "",
        accepted: bool | None = None,
        liked: bool | None = None,
        correction: str = "",
        reward: float | None = None,
        feedback_id: str = "",
        user_id: str = "",
        action: CandidateLike | None = None,
        context: ContextLike | None = None,
        namespace: str | None = None,
    ) -> RecordFeedbackResponse:
        """Tell what a user said of an action; see `Foreword.feedback`."""
        call = self._feedback(
            decision_id,
            Said(accepted, liked, correction, reward),
            namespace,
            action_id=action_id,
            feedback_id=feedback_id,
            user_id=user_id,
            action=action,
            context=context,
        )
        return RecordFeedbackResponse() if call is None else await self._ask(call)

    async def explain_ranking(self, decision_id: str, limit: int = 0) -> ExplainRankingResponse:
        """Return why an order was what it was; see `Foreword.explain_ranking`."""
        return await self._ask(self._explain_ranking(decision_id, limit))

    async def close(self) -> None:
        """Disconnect."""
        self._closed = True
        channel, self._channel, self._stubs = self._channel, None, {}
        if channel is not None:
            # What it has under way is cancelled, the question about the sidecar's health too.
            await channel.close()

    async def __aenter__(self) -> AsyncForeword:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _ask(self, call: Call[ResponseT]) -> ResponseT:
        try:
            request = call.request()
            response: ResponseT = await self._make(
                call, request, time.monotonic() + self._timeout_seconds + call.wait_seconds
            )
        except (grpc.aio.BaseError, ForewordError, ValueError) as exc:
            return call.otherwise(
                self._failures.handle(exc, always_raises=call.always_raises, never_raises=call.never_raises)
            )
        return response

    async def _make(
        self,
        call: Call[ResponseT],
        request: Message | list[StreamEventsRequest],
        deadline: float,
        receive: Callable[[Any], Awaitable[Any]] = _as_it_is,
    ) -> Any:
        """Make a call until somebody is there to answer; `receive` waits for the first part of an answer in several."""
        stub = self._stub(call.method.path)
        reach = self._reach
        if reach.is_silent:
            if reach.begin_asking():
                # Kept, since the loop holds tasks weakly.
                self._asking = asyncio.create_task(self._ask_health(reach))
            raise self._failures.silent()
        waits_seconds = iter(reach.waits_seconds)
        while True:
            try:
                response = await receive(stub(request, timeout=deadline - time.monotonic()))
            except grpc.RpcError as exc:
                error = self._failures.translate(exc, call.patience_seconds)
                wait_seconds = next(waits_seconds, None) if is_passing(error) else None
                if wait_seconds is None or time.monotonic() + wait_seconds >= deadline:
                    reach.failed(error, waits_for_model=call.patience_seconds > 0)
                    raise error from exc
                await asyncio.sleep(wait_seconds)
            else:
                reach.answered()
                return response

    async def _ask_health(self, reach: Reach) -> None:
        error = None
        try:
            await self._stub(HEALTH_CHECK)(b"", timeout=self._timeout_seconds)
        except (grpc.RpcError, ForewordError) as exc:
            error = self._failures.translate(exc)
        finally:
            reach.end_asking(error)

    def _stub(self, path: str) -> Any:
        if (
            self._channel is None
            or self._loop is not asyncio.get_running_loop()
            or (self._tls.have_changed() and self._tls.take_over())
        ):
            self._open()
        return self._stubs[path]

    def _open(self) -> None:
        if self._closed:
            raise closed()
        secret = self._tls.credentials()
        # A former channel is not closed: what is under way on it goes on, and its connection ends with that.
        self._channel = (
            grpc.aio.secure_channel(self._target, secret, TLS_OPTIONS)
            if secret
            else grpc.aio.insecure_channel(self._target, OPTIONS)
        )
        self._stubs = stubs(self._channel, self._proof)
        self._reach = Reach()
        self._loop = asyncio.get_running_loop()
