"""The calls a client makes: each method's path and messages, and a call ready to be made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from google.protobuf.message import Message

from foreword import arguments
from foreword.client.candidates import make_candidates, make_context
from foreword.errors import FieldError, ForewordError
from foreword.v1.activity_service_pb2 import (
    DeleteEventsRequest,
    DeleteEventsResponse,
    RecordEventsRequest,
    RecordEventsResponse,
    StreamEventsRequest,
    StreamEventsResponse,
)
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
    Turn,
    WrapCoreRequest,
    WrapCoreResponse,
)
from foreword.v1.core_pb2 import Core
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.ledger_pb2 import LedgerGroup
from foreword.v1.model_work_pb2 import ModelOutcome
from foreword.v1.operator_service_pb2 import (
    ExplainBeliefRequest,
    ExplainBeliefResponse,
    GetBackfillRequest,
    GetBackfillResponse,
    GetLedgerRequest,
    GetLedgerResponse,
    GetStatusRequest,
    GetStatusResponse,
    ListTopicsRequest,
    ListTopicsResponse,
    ListUsersRequest,
    ListUsersResponse,
    MergeTopicsRequest,
    MergeTopicsResponse,
    PauseRefreshesRequest,
    PauseRefreshesResponse,
    PauseUserRequest,
    PauseUserResponse,
    RefreshUserRequest,
    RefreshUserResponse,
    ResumeRefreshesRequest,
    ResumeRefreshesResponse,
    ResumeUserRequest,
    ResumeUserResponse,
    SplitTopicRequest,
    SplitTopicResponse,
    StartBackfillRequest,
    StartBackfillResponse,
    SteerBackfillRequest,
    SteerBackfillResponse,
)
from foreword.v1.profile_pb2 import Segment
from foreword.v1.profile_service_pb2 import (
    BatchGetProfilesRequest,
    BatchGetProfilesResponse,
    GetForewordRequest,
    GetForewordResponse,
    GetProfileRequest,
    GetProfileResponse,
    ListRevisionsRequest,
    ListRevisionsResponse,
    LookupProfilesRequest,
    LookupProfilesResponse,
    RollbackProfileRequest,
    RollbackProfileResponse,
    WatchProfilesRequest,
    WatchProfilesResponse,
)
from foreword.v1.ranking_service_pb2 import (
    ExplainRankingRequest,
    ExplainRankingResponse,
    RankActionsRequest,
    RankActionsResponse,
    RecordFeedbackRequest,
    RecordFeedbackResponse,
)
from foreword.v1.user_data_service_pb2 import (
    EraseUserRequest,
    EraseUserResponse,
    ExportUserRequest,
    ExportUserResponse,
)

ResponseT = TypeVar("ResponseT", bound=Message)

# Users or events that one call takes.
BATCH_MAX = 1000


# Values of an enum, by number or by name.
SegmentLike: TypeAlias = "Segment | str"
FreshnessLike: TypeAlias = "Freshness | str"
LedgerGroupLike: TypeAlias = "LedgerGroup | str"
ModelOutcomeLike: TypeAlias = "ModelOutcome | str"
# A turn of a conversation, or its role and text by name.
TurnLike: TypeAlias = "Turn | Mapping[str, str]"
# What an application writes for an answer: Markdown, or the core itself.
CoreLike: TypeAlias = "Core | str"


class Method(NamedTuple, Generic[ResponseT]):
    """A method of a service."""

    path: str
    request: type[Message]
    response: type[ResponseT]


# A billion dollars, and exact in every language.
MICRO_USD_MAX = 10**15

GET_PROFILE = Method("/foreword.v1.ProfileService/GetProfile", GetProfileRequest, GetProfileResponse)
BATCH_GET_PROFILES = Method(
    "/foreword.v1.ProfileService/BatchGetProfiles", BatchGetProfilesRequest, BatchGetProfilesResponse
)
LOOKUP_PROFILES = Method(
    "/foreword.v1.ProfileService/LookupProfiles", LookupProfilesRequest, LookupProfilesResponse
)
WATCH_PROFILES = Method(
    "/foreword.v1.ProfileService/WatchProfiles", WatchProfilesRequest, WatchProfilesResponse
)
GET_FOREWORD = Method("/foreword.v1.ProfileService/GetForeword", GetForewordRequest, GetForewordResponse)
LIST_REVISIONS = Method(
    "/foreword.v1.ProfileService/ListRevisions", ListRevisionsRequest, ListRevisionsResponse
)
ROLLBACK_PROFILE = Method(
    "/foreword.v1.ProfileService/RollbackProfile", RollbackProfileRequest, RollbackProfileResponse
)
RECORD_EVENTS = Method("/foreword.v1.ActivityService/RecordEvents", RecordEventsRequest, RecordEventsResponse)
STREAM_EVENTS = Method("/foreword.v1.ActivityService/StreamEvents", StreamEventsRequest, StreamEventsResponse)
GET_STATUS = Method("/foreword.v1.OperatorService/GetStatus", GetStatusRequest, GetStatusResponse)
DELETE_EVENTS = Method("/foreword.v1.ActivityService/DeleteEvents", DeleteEventsRequest, DeleteEventsResponse)
REFRESH_USER = Method("/foreword.v1.OperatorService/RefreshUser", RefreshUserRequest, RefreshUserResponse)
PAUSE_REFRESHES = Method(
    "/foreword.v1.OperatorService/PauseRefreshes", PauseRefreshesRequest, PauseRefreshesResponse
)
RESUME_REFRESHES = Method(
    "/foreword.v1.OperatorService/ResumeRefreshes", ResumeRefreshesRequest, ResumeRefreshesResponse
)
PAUSE_USER = Method("/foreword.v1.OperatorService/PauseUser", PauseUserRequest, PauseUserResponse)
RESUME_USER = Method("/foreword.v1.OperatorService/ResumeUser", ResumeUserRequest, ResumeUserResponse)
LIST_USERS = Method("/foreword.v1.OperatorService/ListUsers", ListUsersRequest, ListUsersResponse)
LIST_TOPICS = Method("/foreword.v1.OperatorService/ListTopics", ListTopicsRequest, ListTopicsResponse)
MERGE_TOPICS = Method("/foreword.v1.OperatorService/MergeTopics", MergeTopicsRequest, MergeTopicsResponse)
EXPLAIN_BELIEF = Method(
    "/foreword.v1.OperatorService/ExplainBelief", ExplainBeliefRequest, ExplainBeliefResponse
)
SPLIT_TOPIC = Method("/foreword.v1.OperatorService/SplitTopic", SplitTopicRequest, SplitTopicResponse)
START_BACKFILL = Method(
    "/foreword.v1.OperatorService/StartBackfill", StartBackfillRequest, StartBackfillResponse
)
GET_BACKFILL = Method("/foreword.v1.OperatorService/GetBackfill", GetBackfillRequest, GetBackfillResponse)
STEER_BACKFILL = Method(
    "/foreword.v1.OperatorService/SteerBackfill", SteerBackfillRequest, SteerBackfillResponse
)
GET_LEDGER = Method("/foreword.v1.OperatorService/GetLedger", GetLedgerRequest, GetLedgerResponse)
ERASE_USER = Method("/foreword.v1.UserDataService/EraseUser", EraseUserRequest, EraseUserResponse)
EXPORT_USER = Method("/foreword.v1.UserDataService/ExportUser", ExportUserRequest, ExportUserResponse)
ANSWER = Method("/foreword.v1.AnswerService/Answer", AnswerRequest, AnswerResponse)
PUT_CORE = Method("/foreword.v1.AnswerService/PutCore", PutCoreRequest, PutCoreResponse)
GET_CORE = Method("/foreword.v1.AnswerService/GetCore", GetCoreRequest, GetCoreResponse)
WRAP_CORE = Method("/foreword.v1.AnswerService/WrapCore", WrapCoreRequest, WrapCoreResponse)
INVALIDATE_CORES = Method(
    "/foreword.v1.AnswerService/InvalidateCores", InvalidateCoresRequest, InvalidateCoresResponse
)
EXPLAIN_ANSWER = Method(
    "/foreword.v1.AnswerService/ExplainAnswer", ExplainAnswerRequest, ExplainAnswerResponse
)
AUDIT_ANSWERS = Method("/foreword.v1.AnswerService/AuditAnswers", AuditAnswersRequest, AuditAnswersResponse)
LIST_CORES = Method("/foreword.v1.AnswerService/ListCores", ListCoresRequest, ListCoresResponse)
RANK_ACTIONS = Method("/foreword.v1.RankingService/RankActions", RankActionsRequest, RankActionsResponse)
RECORD_FEEDBACK = Method(
    "/foreword.v1.RankingService/RecordFeedback", RecordFeedbackRequest, RecordFeedbackResponse
)
EXPLAIN_RANKING = Method(
    "/foreword.v1.RankingService/ExplainRanking", ExplainRankingRequest, ExplainRankingResponse
)
STREAMING: tuple[Method[Any], ...] = (EXPORT_USER, ANSWER, WATCH_PROFILES)
UNARY: tuple[Method[Any], ...] = (
    GET_PROFILE,
    BATCH_GET_PROFILES,
    GET_FOREWORD,
    LIST_REVISIONS,
    ROLLBACK_PROFILE,
    RECORD_EVENTS,
    DELETE_EVENTS,
    GET_STATUS,
    REFRESH_USER,
    PAUSE_REFRESHES,
    RESUME_REFRESHES,
    PAUSE_USER,
    RESUME_USER,
    LIST_USERS,
    GET_LEDGER,
    LIST_TOPICS,
    MERGE_TOPICS,
    SPLIT_TOPIC,
    EXPLAIN_BELIEF,
    START_BACKFILL,
    GET_BACKFILL,
    STEER_BACKFILL,
    ERASE_USER,
    PUT_CORE,
    GET_CORE,
    WRAP_CORE,
    INVALIDATE_CORES,
    EXPLAIN_ANSWER,
    AUDIT_ANSWERS,
    LIST_CORES,
    RANK_ACTIONS,
    RECORD_FEEDBACK,
    EXPLAIN_RANKING,
)


class Call(NamedTuple, Generic[ResponseT]):
    """One call as the caller asked for it, its arguments not yet looked at."""

    method: Method[ResponseT]
    arguments: Mapping[str, Any]
    otherwise: Callable[[ForewordError], ResponseT]
    """What a failing call is answered with."""
    always_raises: bool = False
    """Whether it raises all the same, because part of an answer must not pass for the whole."""
    never_raises: bool = False
    """Whether it does not even where failures are raised, because what stands in for its answer is as good as one."""
    patience_seconds: float = 0.0
    """Longest time of a call that waits for a model, in place of the client's; zero for all others."""

    def request(self) -> Message:
        """Return the message to send.

        Raises:
            FieldError: An argument is of the wrong kind; names it, with what was found and what is allowed.
        """
        fields = {name: _CHECKS[name](name, value) for name, value in self.arguments.items()}
        if "wait_seconds" in fields:
            fields["wait"] = duration(fields.pop("wait_seconds"))
        return self.method.request(**fields)

    @property
    def wait_seconds(self) -> float:
        """How long the sidecar may wait before it answers."""
        wait_seconds: float = self.arguments.get("wait_seconds", 0.0)
        return wait_seconds


def duration(seconds: float) -> dict[str, int]:
    """Return the fields of a Duration."""
    whole = int(seconds)
    return {"seconds": whole, "nanos": int((seconds - whole) * 1e9)}


def _segments(name: str, value: Any) -> list[Any]:
    return arguments.choices(name, value, Segment)


def _freshness(name: str, value: Any) -> list[Any]:
    return arguments.choices(name, value, Freshness)


def _groups(name: str, value: Any) -> list[Any]:
    return arguments.choices(name, value, LedgerGroup)


def _outcomes(name: str, value: Any) -> list[Any]:
    return arguments.choices(name, value, ModelOutcome)


def _words(name: str, value: Any) -> str:
    """Return what a user wrote; what is wrong with it is said without it, since it may be logged."""
    try:
        return arguments.text(name, value)
    except FieldError as exc:
        raise FieldError(name, f"a value of the type {type(value).__name__}", exc.allowed) from None


def _turns(name: str, value: Any) -> list[Turn]:
    try:
        return [turn if isinstance(turn, Turn) else Turn(**turn) for turn in value]
    except (TypeError, ValueError):
        allowed = "a list of turns, each a Turn or a mapping of role and text"
        raise FieldError(name, f"a value of the type {type(value).__name__}", allowed) from None


def _core(name: str, value: Any) -> Core:
    if not isinstance(value, Core):
        raise FieldError(name, f"a value of the type {type(value).__name__}", "a Core")
    return value


def _token(name: str, value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise FieldError(name, arguments.shown(value), "bytes, as an earlier message had them")
    return value


def _as_it_is(_name: str, value: Any) -> Any:
    return value


def _wait(name: str, value: Any) -> float:
    return arguments.seconds(name, value, least=0)


def _money(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MICRO_USD_MAX:
        raise FieldError(
            name, arguments.shown(value), "a whole number of millionths of a US dollar, 0 or more"
        )
    return value


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "user_id": arguments.text,
    "user_ids": arguments.texts,
    "all_namespaces": arguments.flag,
    "resume_token": _token,
    "after_revision": arguments.count,
    "from_now": arguments.flag,
    "event_ids": arguments.texts,
    "namespace": arguments.text,
    "belief_id": arguments.text,
    "revision": arguments.count,
    "session_id": arguments.text,
    "max_tokens": arguments.tokens,
    "wait_seconds": _wait,
    "page_size": arguments.count,
    "page_token": arguments.text,
    "user_id_prefix": arguments.text,
    "segments": _segments,
    "segment_names": arguments.texts,
    "freshness": _freshness,
    "failed": arguments.flag,
    "mode": _as_it_is,
    "from_day": arguments.text,
    "to_day": arguments.text,
    "group_by": _groups,
    "calls_max": arguments.count,
    "attempts_max": arguments.count,
    "outcomes": _outcomes,
    "merged_or_proposed": arguments.flag,
    "canonical": arguments.text,
    "topic": arguments.text,
    "topics": arguments.texts,
    "question": _words,
    "standalone_question": _words,
    "conversation": _turns,
    "cached_only": arguments.flag,
    "locale": arguments.text,
    "tags": arguments.texts,
    "tag": arguments.text,
    "aliases": arguments.texts,
    "core_id": arguments.text,
    "alias_id": arguments.text,
    "answer_id": arguments.text,
    "core": _core,
    "markdown": _words,
    "everything": arguments.flag,
    "replace": arguments.flag,
    "dry_run": arguments.flag,
    "served_only": arguments.flag,
    "count": arguments.count,
    "budget_micro_usd": _money,
    "users_per_second": arguments.number,
    "estimate_only": arguments.flag,
    "backfill_id": _as_it_is,
    "action": _as_it_is,
    "candidates": make_candidates,
    "context": make_context,
    "explore": arguments.flag,
    "limit": arguments.count,
    "decision_id": arguments.text,
    "action_id": arguments.text,
    "feedback_id": arguments.text,
    # Made by ours, from what the caller gave.
    "feedback": _as_it_is,
    "reward": _as_it_is,
    "text": _as_it_is,
    "for_backfill": _as_it_is,
    "events": _as_it_is,
    "claim": _as_it_is,
}
