"""What both clients share: where to call, what each call sends, and what it is answered with when it fails."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import grpc

from foreword import arguments
from foreword.addresses import parse_address
from foreword.client import fallbacks
from foreword.client.calls import (
    ANSWER,
    AUDIT_ANSWERS,
    BATCH_GET_PROFILES,
    BATCH_MAX,
    DELETE_EVENTS,
    ERASE_USER,
    EXPLAIN_ANSWER,
    EXPLAIN_BELIEF,
    EXPLAIN_RANKING,
    EXPORT_USER,
    GET_BACKFILL,
    GET_CORE,
    GET_FOREWORD,
    GET_LEDGER,
    GET_PROFILE,
    GET_STATUS,
    INVALIDATE_CORES,
    LIST_CORES,
    LIST_REVISIONS,
    LIST_TOPICS,
    LIST_USERS,
    MERGE_TOPICS,
    PAUSE_REFRESHES,
    PAUSE_USER,
    PUT_CORE,
    RANK_ACTIONS,
    RECORD_EVENTS,
    RECORD_FEEDBACK,
    REFRESH_USER,
    RESUME_REFRESHES,
    RESUME_USER,
    ROLLBACK_PROFILE,
    SPLIT_TOPIC,
    START_BACKFILL,
    STEER_BACKFILL,
    STREAM_EVENTS,
    WATCH_PROFILES,
    WRAP_CORE,
    Call,
    CoreLike,
)
from foreword.client.candidates import given_candidates
from foreword.client.channel import TlsFiles
from foreword.client.failures import Failures
from foreword.client.feedback import Said, feedback_fields
from foreword.client.proof import Proof, Token
from foreword.client.reach import Reach
from foreword.client.recording import Recording
from foreword.client.watching import Watching
from foreword.errors import FieldError, ServiceError
from foreword.v1.activity_service_pb2 import (
    DeleteEventsResponse,
    RecordEventsResponse,
    StreamEventsResponse,
)
from foreword.v1.answer_service_pb2 import (
    AnswerResponse,
    AuditAnswersResponse,
    ExplainAnswerResponse,
    GetCoreResponse,
    InvalidateCoresResponse,
    ListCoresResponse,
    PutCoreResponse,
    WrapCoreResponse,
)
from foreword.v1.core_pb2 import Core
from foreword.v1.event_pb2 import Event
from foreword.v1.operator_service_pb2 import (
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
    BatchGetProfilesResponse,
    GetForewordResponse,
    GetProfileResponse,
    ListRevisionsResponse,
    RollbackProfileResponse,
    WatchProfilesResponse,
)
from foreword.v1.ranking_service_pb2 import (
    ExplainRankingResponse,
    RankActionsResponse,
    RecordFeedbackResponse,
)
from foreword.v1.refresh_pb2 import RefreshMode
from foreword.v1.user_data_service_pb2 import EraseUserResponse, ExportUserResponse

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_TARGET = "unix:./var/foreword/foreword.sock"
TIMEOUT_SECONDS = 2.0
# How long to wait before it is looked again for a core that somebody else writes, which takes seconds: often at first,
# for whoever comes late, then as often as a waiting user does not notice.
_POLLS_SECONDS = (0.05, 0.1, 0.2, 0.4)
# What the sidecar waits for the scheduler's part of an erasure when no time is named.
ERASE_WAIT_SECONDS = 10.0


class Client:
    """Base of both clients.

    Raises:
        FieldError: An argument is of the wrong kind; whatever `raises` says, since nothing is to be served yet.
    """

    def __init__(
        self,
        target: str = DEFAULT_TARGET,
        *,
        namespace: str = "",
        timeout_seconds: float = TIMEOUT_SECONDS,
        raises: bool = False,
        certificate_file: Path | str | None = None,
        token: Token | None = None,
        token_file: Path | str | None = None,
        client_certificate_file: Path | str | None = None,
        client_key_file: Path | str | None = None,
    ) -> None:
        address = parse_address("target", arguments.text("target", target))
        self._target = address.target
        self._namespace = arguments.text("namespace", namespace)
        self._timeout_seconds = arguments.seconds("timeout_seconds", timeout_seconds, least=0)
        self._proof = Proof(
            address,
            certificate_file=certificate_file,
            token=token,
            token_file=token_file,
            client_certificate_file=client_certificate_file,
            client_key_file=client_key_file,
        )
        self._tls = TlsFiles(self._proof)
        self._failures = Failures(address.text, timeout_seconds, raises=raises)
        self._reach = Reach()
        self._stubs: dict[str, Any] = {}
        self._closed = False
        self._prepare()

    def _prepare(self) -> None:
        """Set up what is the client's own; nothing connects before the first call."""
        raise NotImplementedError

    def _foreword(
        self, user_id: str, max_tokens: int, session_id: str, namespace: str | None
    ) -> Call[GetForewordResponse]:
        asked = self._of(user_id, namespace, max_tokens=max_tokens, session_id=session_id)
        return Call(GET_FOREWORD, asked, fallbacks.no_foreword)

    def _profile(self, user_id: str, namespace: str | None) -> Call[GetProfileResponse]:
        asked = self._of(user_id, namespace)
        return Call(GET_PROFILE, asked, lambda _: fallbacks.no_profile(asked))

    def _profiles(self, user_ids: Any, namespace: str | None) -> Iterator[Call[BatchGetProfilesResponse]]:
        """Yield calls of up to 1,000 users; none when `user_ids` is no list of any kind."""
        try:
            ids = arguments.items("user_ids", user_ids)
        except FieldError as exc:
            self._failures.handle(exc)
            return
        space = self._space(namespace)
        for start in range(0, len(ids), BATCH_MAX):
            batch = ids[start : start + BATCH_MAX]
            otherwise = functools.partial(_no_profiles, batch, space)
            yield Call(BATCH_GET_PROFILES, {"user_ids": batch, "namespace": space}, otherwise)

    def _watching(
        self, user_ids: Iterable[str], namespace: str | None, *, all_namespaces: bool, **start: Any
    ) -> Watching:
        asked = {name: value for name, value in start.items() if value}
        asked |= {"user_ids": user_ids, "all_namespaces": all_namespaces}
        if not all_namespaces or namespace:
            asked["namespace"] = self._space(namespace)
        # A failing watch always raises, or goes on.
        return Watching(Call(WATCH_PROFILES, asked, lambda _: WatchProfilesResponse()))

    def _stream_events(self) -> Call[StreamEventsResponse]:
        return Call(STREAM_EVENTS, {}, lambda _: StreamEventsResponse(), always_raises=True)

    def _list_revisions(self, user_id: str, namespace: str | None) -> Call[ListRevisionsResponse]:
        asked = self._of(user_id, namespace)
        return Call(LIST_REVISIONS, asked, lambda _: ListRevisionsResponse(), always_raises=True)

    def _rollback(
        self, user_id: str, revision: int, wait_seconds: float, namespace: str | None
    ) -> Call[RollbackProfileResponse]:
        asked = self._of(user_id, namespace, revision=revision, wait_seconds=wait_seconds)
        return Call(ROLLBACK_PROFILE, asked, fallbacks.not_rolled_back)

    def _explain(self, user_id: str, belief_id: str, namespace: str | None) -> Call[ExplainBeliefResponse]:
        asked = self._of(user_id, namespace, belief_id=belief_id)
        return Call(EXPLAIN_BELIEF, asked, lambda _: ExplainBeliefResponse(), always_raises=True)

    def _recording(self, events: Any, fields: Mapping[str, Any]) -> Recording:
        """Return what is to be recorded, its mistakes told.

        Raises:
            FieldError: With `raises`, when the call as written is at fault.
        """
        recording = Recording(events, fields, self._namespace)
        for mistake in recording.mistakes:
            if mistake.is_of_call and self._failures.raises:
                place = mistake.error.field if fields else mistake.place
                found, allowed, hint = mistake.error.found, mistake.error.allowed, mistake.error.hint
                raise FieldError(place, found, allowed, hint=hint)
            self._failures.log_mistake(mistake.error)
        return recording

    def _record(self, events: list[Event], *, for_backfill: bool = False) -> Call[RecordEventsResponse]:
        otherwise = functools.partial(fallbacks.none_recorded, events)
        return Call(RECORD_EVENTS, {"events": events, "for_backfill": for_backfill}, otherwise)

    def _refresh(
        self, user_id: str, wait_seconds: float, namespace: str | None, *, full: bool
    ) -> Call[RefreshUserResponse]:
        mode = RefreshMode.REFRESH_MODE_FULL if full else RefreshMode.REFRESH_MODE_INCREMENTAL
        asked = self._of(user_id, namespace, wait_seconds=wait_seconds, mode=mode)
        return Call(REFRESH_USER, asked, fallbacks.not_refreshed)

    def _delete_events(
        self, user_id: str, event_ids: Iterable[str], wait_seconds: float, namespace: str | None
    ) -> Call[DeleteEventsResponse]:
        asked = self._of(user_id, namespace, event_ids=event_ids, wait_seconds=wait_seconds)
        # A deletion that did not happen must not pass for one.
        return Call(DELETE_EVENTS, asked, lambda _: DeleteEventsResponse(), always_raises=True)

    def _status(self) -> Call[GetStatusResponse]:
        return Call(GET_STATUS, {}, fallbacks.no_status)

    def _pause_refreshes(self, segment_names: Iterable[str]) -> Call[PauseRefreshesResponse]:
        asked = {"segment_names": segment_names}
        return Call(PAUSE_REFRESHES, asked, lambda _: PauseRefreshesResponse(), always_raises=True)

    def _resume_refreshes(self, segment_names: Iterable[str]) -> Call[ResumeRefreshesResponse]:
        asked = {"segment_names": segment_names}
        return Call(RESUME_REFRESHES, asked, lambda _: ResumeRefreshesResponse(), always_raises=True)

    def _pause_user(self, user_id: str, namespace: str | None) -> Call[PauseUserResponse]:
        asked = self._of(user_id, namespace)
        return Call(PAUSE_USER, asked, lambda _: PauseUserResponse(), always_raises=True)

    def _resume_user(self, user_id: str, namespace: str | None) -> Call[ResumeUserResponse]:
        asked = self._of(user_id, namespace)
        return Call(RESUME_USER, asked, lambda _: ResumeUserResponse(), always_raises=True)

    def _list_users(self, namespace: str | None, **asked: Any) -> Call[ListUsersResponse]:
        return Call(
            LIST_USERS, self._of_any(namespace, asked), lambda _: ListUsersResponse(), always_raises=True
        )

    def _ledger(self, user_id: str, namespace: str | None, **asked: Any) -> Call[GetLedgerResponse]:
        # Without a user the sums and calls are of all tenants, whatever namespace the client has.
        if user_id or namespace is not None:
            asked |= self._of(user_id, namespace)
        return Call(GET_LEDGER, asked, lambda _: GetLedgerResponse(), always_raises=True)

    def _list_topics(self, namespace: str | None, **asked: Any) -> Call[ListTopicsResponse]:
        asked["namespace"] = self._space(namespace)
        return Call(LIST_TOPICS, asked, lambda _: ListTopicsResponse(), always_raises=True)

    def _merge_topics(self, canonical: str, topics: Any, namespace: str | None) -> Call[MergeTopicsResponse]:
        asked = {"canonical": canonical, "topics": topics, "namespace": self._space(namespace)}
        return Call(MERGE_TOPICS, asked, lambda _: MergeTopicsResponse(), always_raises=True)

    def _split_topic(self, topic: str, namespace: str | None) -> Call[SplitTopicResponse]:
        asked = {"topic": topic, "namespace": self._space(namespace)}
        return Call(SPLIT_TOPIC, asked, lambda _: SplitTopicResponse(), always_raises=True)

    def _start_backfill(self, namespace: str | None, **asked: Any) -> Call[StartBackfillResponse]:
        given = {name: value for name, value in asked.items() if value is not None}
        # An estimated one has its namespace already.
        asked = given if "backfill_id" in given else self._of_any(namespace, given)
        return Call(START_BACKFILL, asked, lambda _: StartBackfillResponse(), always_raises=True)

    def _get_backfill(self) -> Call[GetBackfillResponse]:
        return Call(GET_BACKFILL, {}, lambda _: GetBackfillResponse(), always_raises=True)

    def _steer_backfill(self, action: Any) -> Call[SteerBackfillResponse]:
        asked = {"action": action}
        return Call(STEER_BACKFILL, asked, lambda _: SteerBackfillResponse(), always_raises=True)

    def _erase(self, user_id: str, wait_seconds: float, namespace: str | None) -> Call[EraseUserResponse]:
        asked = self._of(user_id, namespace, wait_seconds=wait_seconds)
        return Call(ERASE_USER, asked, fallbacks.not_erased)

    def _export(self, user_id: str, namespace: str | None) -> Call[ExportUserResponse]:
        # A failing export always raises, so nothing stands in for its answer.
        return Call(EXPORT_USER, self._of(user_id, namespace), lambda _: ExportUserResponse())

    def _answer(
        self, user_id: str, namespace: str | None, timeout_seconds: float, **asked: Any
    ) -> Call[AnswerResponse]:
        patience_seconds = arguments.seconds("timeout_seconds", timeout_seconds, least=0)
        # An Answer says itself that it failed.
        return Call(
            ANSWER,
            self._of(user_id, namespace, **asked),
            lambda _: AnswerResponse(),
            patience_seconds=patience_seconds,
        )

    def _claim_core(self, question: str, locale: str, namespace: str | None) -> Call[GetCoreResponse]:
        asked = {"question": question, "locale": locale, "namespace": self._space(namespace), "claim": True}
        return Call(GET_CORE, asked, lambda _: GetCoreResponse(), never_raises=True)

    def _put_claimed(
        self,
        found: GetCoreResponse,
        written: CoreLike,
        question: str,
        namespace: str | None,
        **asked: Any,
    ) -> Call[PutCoreResponse]:
        # The claim on a stale core is for the question that it answers, which an alias may have led to.
        question = found.core.question or question
        # What was written answers, whether it is stored or not.
        otherwise = PutCoreResponse(core=fallbacks.core_of(written, question))
        put = self._put_core(written, namespace, claim=found.claim, question=question, **asked)
        return put._replace(otherwise=lambda _: otherwise, always_raises=False, never_raises=True)

    def _put_core(self, content: CoreLike, namespace: str | None, **asked: Any) -> Call[PutCoreResponse]:
        asked |= {"markdown" if isinstance(content, str) else "core": content}
        asked["namespace"] = self._space(namespace)
        return Call(PUT_CORE, asked, lambda _: PutCoreResponse(), always_raises=True)

    def _get_core(
        self, question: str, core_id: str, locale: str, namespace: str | None
    ) -> Call[GetCoreResponse]:
        asked = {"core_id": core_id} if core_id else {"question": question}
        asked |= {"locale": locale, "namespace": self._space(namespace)}
        return Call(GET_CORE, asked, lambda _: GetCoreResponse(), always_raises=True)

    def _wrap(self, core: Core, user_id: str, locale: str, namespace: str | None) -> Call[WrapCoreResponse]:
        asked = self._of(user_id, namespace, core=core, locale=locale)
        otherwise = WrapCoreResponse(text=fallbacks.plain_text(core))
        return Call(WRAP_CORE, asked, lambda _: otherwise, never_raises=True)

    def _invalidate(
        self, locale: str, namespace: str | None, *, dry_run: bool, **selectors: Any
    ) -> Call[InvalidateCoresResponse]:
        asked = {name: value for name, value in selectors.items() if value}
        if len(asked) != 1:
            raise FieldError("selector", ", ".join(asked) or "none", f"exactly one of {', '.join(selectors)}")
        asked |= {"locale": locale, "namespace": self._space(namespace), "dry_run": dry_run}
        return Call(INVALIDATE_CORES, asked, lambda _: InvalidateCoresResponse(), always_raises=True)

    def _explain_answer(self, answer_id: str) -> Call[ExplainAnswerResponse]:
        asked = {"answer_id": answer_id}
        return Call(EXPLAIN_ANSWER, asked, lambda _: ExplainAnswerResponse(), always_raises=True)

    def _audit_answers(self, namespace: str | None, **asked: Any) -> Call[AuditAnswersResponse]:
        return Call(
            AUDIT_ANSWERS,
            self._of_any(namespace, asked),
            lambda _: AuditAnswersResponse(),
            always_raises=True,
        )

    def _list_cores(self, namespace: str | None, **asked: Any) -> Call[ListCoresResponse]:
        return Call(
            LIST_CORES, self._of_any(namespace, asked), lambda _: ListCoresResponse(), always_raises=True
        )

    def _candidates(self, candidates: Any) -> list[Any]:
        """Return the candidates as a list; none when they are no list of any kind, which is raised or logged."""
        try:
            return given_candidates(candidates)
        except FieldError as exc:
            self._failures.handle(exc)
            return []

    def _rank(
        self, user_id: str, candidates: list[Any], namespace: str | None, **asked: Any
    ) -> Call[RankActionsResponse]:
        asked = self._of(user_id, namespace, candidates=candidates, **asked)
        # Without an order in it: the candidates stand as they were given.
        return Call(RANK_ACTIONS, asked, lambda _: RankActionsResponse())

    def _feedback(
        self, decision_id: Any, said: Said, namespace: str | None, **asked: Any
    ) -> Call[RecordFeedbackResponse] | None:
        """Return what to send; None when nothing can be learned of it.

        Raises:
            FieldError: With `raises`, when something is of the wrong kind, missing, or contradicts another.
        """
        try:
            fields = feedback_fields(decision_id, said, **asked)
        except FieldError as exc:
            self._failures.handle(exc)
            return None
        if fields is None:
            if self._failures.raises:
                raise FieldError("decision_id", "that of an unranked order", "that of a ranked one")
            return None
        fields["namespace"] = self._space(namespace)
        if "decision_id" not in fields:
            fields["context"] = (fields["context"], "", "")
        return Call(RECORD_FEEDBACK, fields, lambda _: RecordFeedbackResponse())

    def _explain_ranking(self, decision_id: str, limit: int) -> Call[ExplainRankingResponse]:
        asked = {"decision_id": decision_id, "limit": limit}
        return Call(EXPLAIN_RANKING, asked, lambda _: ExplainRankingResponse(), always_raises=True)

    def _of_any(self, namespace: str | None, asked: dict[str, Any]) -> dict[str, Any]:
        """Add the tenant's space, if either the call or the client names one; else all are meant."""
        space = (self._namespace or None) if namespace is None else namespace
        return asked if space is None else {**asked, "namespace": space}

    def _of(self, user_id: str, namespace: str | None, **more: Any) -> dict[str, Any]:
        return {"user_id": user_id, "namespace": self._space(namespace), **more}

    def _space(self, namespace: str | None) -> str:
        return self._namespace if namespace is None else namespace


def closed() -> ServiceError:
    """Return the error of a call after `close`."""
    return ServiceError("the client is closed", reason=grpc.StatusCode.CANCELLED.name)


def polls_seconds() -> Iterator[float]:
    """Yield how long to wait each time before a core is looked for again."""
    yield from _POLLS_SECONDS
    while True:
        yield _POLLS_SECONDS[-1]


def is_awaited(found: GetCoreResponse) -> bool:
    """Return whether somebody else writes the core, and none can serve until then."""
    return found.pending and not found.HasField("core")


def _no_profiles(user_ids: list[Any], namespace: str, _error: Exception) -> BatchGetProfilesResponse:
    return fallbacks.no_profiles(user_ids, namespace)
