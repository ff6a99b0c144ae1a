import datetime

from foreword.v1 import answer_pb2 as _answer_pb2
from foreword.v1 import backfill_pb2 as _backfill_pb2
from foreword.v1 import event_pb2 as _event_pb2
from foreword.v1 import freshness_pb2 as _freshness_pb2
from foreword.v1 import ledger_pb2 as _ledger_pb2
from foreword.v1 import model_status_pb2 as _model_status_pb2
from foreword.v1 import model_work_pb2 as _model_work_pb2
from foreword.v1 import profile_pb2 as _profile_pb2
from foreword.v1 import ranking_pb2 as _ranking_pb2
from foreword.v1 import refresh_pb2 as _refresh_pb2
from foreword.v1 import topic_alias_pb2 as _topic_alias_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventAbsence(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_ABSENCE_UNSPECIFIED: _ClassVar[EventAbsence]
    EVENT_ABSENCE_DELETED: _ClassVar[EventAbsence]
    EVENT_ABSENCE_PAST_RETENTION: _ClassVar[EventAbsence]
    EVENT_ABSENCE_UNKNOWN: _ClassVar[EventAbsence]

class BackfillAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BACKFILL_ACTION_UNSPECIFIED: _ClassVar[BackfillAction]
    BACKFILL_ACTION_PAUSE: _ClassVar[BackfillAction]
    BACKFILL_ACTION_RESUME: _ClassVar[BackfillAction]
    BACKFILL_ACTION_CANCEL: _ClassVar[BackfillAction]
EVENT_ABSENCE_UNSPECIFIED: EventAbsence
EVENT_ABSENCE_DELETED: EventAbsence
EVENT_ABSENCE_PAST_RETENTION: EventAbsence
EVENT_ABSENCE_UNKNOWN: EventAbsence
BACKFILL_ACTION_UNSPECIFIED: BackfillAction
BACKFILL_ACTION_PAUSE: BackfillAction
BACKFILL_ACTION_RESUME: BackfillAction
BACKFILL_ACTION_CANCEL: BackfillAction

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SegmentStatus(_message.Message):
    __slots__ = ("segment", "fresh_count", "stale_count", "expired_count", "default_count", "segment_name", "paused_since", "promised_share", "found_share", "broken_since", "age_p50", "age_p95", "age_max")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    FRESH_COUNT_FIELD_NUMBER: _ClassVar[int]
    STALE_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_COUNT_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_COUNT_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    PAUSED_SINCE_FIELD_NUMBER: _ClassVar[int]
    PROMISED_SHARE_FIELD_NUMBER: _ClassVar[int]
    FOUND_SHARE_FIELD_NUMBER: _ClassVar[int]
    BROKEN_SINCE_FIELD_NUMBER: _ClassVar[int]
    AGE_P50_FIELD_NUMBER: _ClassVar[int]
    AGE_P95_FIELD_NUMBER: _ClassVar[int]
    AGE_MAX_FIELD_NUMBER: _ClassVar[int]
    segment: _profile_pb2.Segment
    fresh_count: int
    stale_count: int
    expired_count: int
    default_count: int
    segment_name: str
    paused_since: _timestamp_pb2.Timestamp
    promised_share: float
    found_share: float
    broken_since: _timestamp_pb2.Timestamp
    age_p50: _duration_pb2.Duration
    age_p95: _duration_pb2.Duration
    age_max: _duration_pb2.Duration
    def __init__(self, segment: _Optional[_Union[_profile_pb2.Segment, str]] = ..., fresh_count: _Optional[int] = ..., stale_count: _Optional[int] = ..., expired_count: _Optional[int] = ..., default_count: _Optional[int] = ..., segment_name: _Optional[str] = ..., paused_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., promised_share: _Optional[float] = ..., found_share: _Optional[float] = ..., broken_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., age_p50: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., age_p95: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., age_max: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StatusProblem(_message.Message):
    __slots__ = ("component", "message", "since")
    COMPONENT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    component: str
    message: str
    since: _timestamp_pb2.Timestamp
    def __init__(self, component: _Optional[str] = ..., message: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class EnvironmentStatus(_message.Message):
    __slots__ = ("name", "file_bytes", "reader_count", "oldest_view", "scrubbed_at")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FILE_BYTES_FIELD_NUMBER: _ClassVar[int]
    READER_COUNT_FIELD_NUMBER: _ClassVar[int]
    OLDEST_VIEW_FIELD_NUMBER: _ClassVar[int]
    SCRUBBED_AT_FIELD_NUMBER: _ClassVar[int]
    name: str
    file_bytes: int
    reader_count: int
    oldest_view: OldestView
    scrubbed_at: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., file_bytes: _Optional[int] = ..., reader_count: _Optional[int] = ..., oldest_view: _Optional[_Union[OldestView, _Mapping]] = ..., scrubbed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OldestView(_message.Message):
    __slots__ = ("pid", "age", "transactions_behind", "pages_kept", "page_bytes")
    PID_FIELD_NUMBER: _ClassVar[int]
    AGE_FIELD_NUMBER: _ClassVar[int]
    TRANSACTIONS_BEHIND_FIELD_NUMBER: _ClassVar[int]
    PAGES_KEPT_FIELD_NUMBER: _ClassVar[int]
    PAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    pid: int
    age: _duration_pb2.Duration
    transactions_behind: int
    pages_kept: int
    page_bytes: int
    def __init__(self, pid: _Optional[int] = ..., age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., transactions_behind: _Optional[int] = ..., pages_kept: _Optional[int] = ..., page_bytes: _Optional[int] = ...) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("counted_at", "segments", "ledger", "due_count", "trigger_count", "user_count", "event_count", "profile_count", "revision", "scheduler_seen_at", "problems", "version", "now", "write_queue_count", "events_accepted", "scheduler_running", "environments", "model", "answers", "pauses", "held_count", "retention", "events_refused", "ranking", "front", "calls", "user_pauses")
    COUNTED_AT_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    DUE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_COUNT_FIELD_NUMBER: _ClassVar[int]
    USER_COUNT_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROFILE_COUNT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    SCHEDULER_SEEN_AT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    WRITE_QUEUE_COUNT_FIELD_NUMBER: _ClassVar[int]
    EVENTS_ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    SCHEDULER_RUNNING_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENTS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    PAUSES_FIELD_NUMBER: _ClassVar[int]
    HELD_COUNT_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    EVENTS_REFUSED_FIELD_NUMBER: _ClassVar[int]
    RANKING_FIELD_NUMBER: _ClassVar[int]
    FRONT_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    USER_PAUSES_FIELD_NUMBER: _ClassVar[int]
    counted_at: _timestamp_pb2.Timestamp
    segments: _containers.RepeatedCompositeFieldContainer[SegmentStatus]
    ledger: _refresh_pb2.LedgerTotals
    due_count: int
    trigger_count: int
    user_count: int
    event_count: int
    profile_count: int
    revision: int
    scheduler_seen_at: _timestamp_pb2.Timestamp
    problems: _containers.RepeatedCompositeFieldContainer[StatusProblem]
    version: str
    now: _timestamp_pb2.Timestamp
    write_queue_count: int
    events_accepted: int
    scheduler_running: bool
    environments: _containers.RepeatedCompositeFieldContainer[EnvironmentStatus]
    model: _model_status_pb2.ModelStatus
    answers: _answer_pb2.AnswerTotals
    pauses: _containers.RepeatedCompositeFieldContainer[RefreshPause]
    held_count: int
    retention: RetentionStatus
    events_refused: int
    ranking: _ranking_pb2.RankingStatus
    front: FrontStatus
    calls: _containers.RepeatedCompositeFieldContainer[CallStatus]
    user_pauses: _containers.RepeatedCompositeFieldContainer[RefreshPause]
    def __init__(self, counted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., segments: _Optional[_Iterable[_Union[SegmentStatus, _Mapping]]] = ..., ledger: _Optional[_Union[_refresh_pb2.LedgerTotals, _Mapping]] = ..., due_count: _Optional[int] = ..., trigger_count: _Optional[int] = ..., user_count: _Optional[int] = ..., event_count: _Optional[int] = ..., profile_count: _Optional[int] = ..., revision: _Optional[int] = ..., scheduler_seen_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., problems: _Optional[_Iterable[_Union[StatusProblem, _Mapping]]] = ..., version: _Optional[str] = ..., now: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., write_queue_count: _Optional[int] = ..., events_accepted: _Optional[int] = ..., scheduler_running: bool = ..., environments: _Optional[_Iterable[_Union[EnvironmentStatus, _Mapping]]] = ..., model: _Optional[_Union[_model_status_pb2.ModelStatus, _Mapping]] = ..., answers: _Optional[_Union[_answer_pb2.AnswerTotals, _Mapping]] = ..., pauses: _Optional[_Iterable[_Union[RefreshPause, _Mapping]]] = ..., held_count: _Optional[int] = ..., retention: _Optional[_Union[RetentionStatus, _Mapping]] = ..., events_refused: _Optional[int] = ..., ranking: _Optional[_Union[_ranking_pb2.RankingStatus, _Mapping]] = ..., front: _Optional[_Union[FrontStatus, _Mapping]] = ..., calls: _Optional[_Iterable[_Union[CallStatus, _Mapping]]] = ..., user_pauses: _Optional[_Iterable[_Union[RefreshPause, _Mapping]]] = ...) -> None: ...

class CallStatus(_message.Message):
    __slots__ = ("method", "count", "failed_count", "p50_max", "p99_max")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    FAILED_COUNT_FIELD_NUMBER: _ClassVar[int]
    P50_MAX_FIELD_NUMBER: _ClassVar[int]
    P99_MAX_FIELD_NUMBER: _ClassVar[int]
    method: str
    count: int
    failed_count: int
    p50_max: _duration_pb2.Duration
    p99_max: _duration_pb2.Duration
    def __init__(self, method: _Optional[str] = ..., count: _Optional[int] = ..., failed_count: _Optional[int] = ..., p50_max: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p99_max: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class FrontStatus(_message.Message):
    __slots__ = ("is_native", "reason", "process_id", "restarts", "answered", "forwarded")
    IS_NATIVE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PROCESS_ID_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    FORWARDED_FIELD_NUMBER: _ClassVar[int]
    is_native: bool
    reason: str
    process_id: int
    restarts: int
    answered: int
    forwarded: int
    def __init__(self, is_native: bool = ..., reason: _Optional[str] = ..., process_id: _Optional[int] = ..., restarts: _Optional[int] = ..., answered: _Optional[int] = ..., forwarded: _Optional[int] = ...) -> None: ...

class RetentionStatus(_message.Message):
    __slots__ = ("band_count", "waiting_count", "archived_count", "forgotten_count")
    BAND_COUNT_FIELD_NUMBER: _ClassVar[int]
    WAITING_COUNT_FIELD_NUMBER: _ClassVar[int]
    ARCHIVED_COUNT_FIELD_NUMBER: _ClassVar[int]
    FORGOTTEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    band_count: int
    waiting_count: int
    archived_count: int
    forgotten_count: int
    def __init__(self, band_count: _Optional[int] = ..., waiting_count: _Optional[int] = ..., archived_count: _Optional[int] = ..., forgotten_count: _Optional[int] = ...) -> None: ...

class RefreshUserRequest(_message.Message):
    __slots__ = ("user_id", "namespace", "wait", "mode")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    wait: _duration_pb2.Duration
    mode: _refresh_pb2.RefreshMode
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., mode: _Optional[_Union[_refresh_pb2.RefreshMode, str]] = ...) -> None: ...

class RefreshUserResponse(_message.Message):
    __slots__ = ("requested_at", "completed", "outcome", "revision", "error")
    REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    requested_at: _timestamp_pb2.Timestamp
    completed: bool
    outcome: _refresh_pb2.RefreshOutcome
    revision: int
    error: str
    def __init__(self, requested_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., completed: bool = ..., outcome: _Optional[_Union[_refresh_pb2.RefreshOutcome, str]] = ..., revision: _Optional[int] = ..., error: _Optional[str] = ...) -> None: ...

class RefreshPause(_message.Message):
    __slots__ = ("segment_name", "since", "user_id", "namespace")
    SEGMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    segment_name: str
    since: _timestamp_pb2.Timestamp
    user_id: str
    namespace: str
    def __init__(self, segment_name: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., user_id: _Optional[str] = ..., namespace: _Optional[str] = ...) -> None: ...

class PauseRefreshesRequest(_message.Message):
    __slots__ = ("segment_names",)
    SEGMENT_NAMES_FIELD_NUMBER: _ClassVar[int]
    segment_names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, segment_names: _Optional[_Iterable[str]] = ...) -> None: ...

class PauseRefreshesResponse(_message.Message):
    __slots__ = ("pauses",)
    PAUSES_FIELD_NUMBER: _ClassVar[int]
    pauses: _containers.RepeatedCompositeFieldContainer[RefreshPause]
    def __init__(self, pauses: _Optional[_Iterable[_Union[RefreshPause, _Mapping]]] = ...) -> None: ...

class ResumeRefreshesRequest(_message.Message):
    __slots__ = ("segment_names",)
    SEGMENT_NAMES_FIELD_NUMBER: _ClassVar[int]
    segment_names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, segment_names: _Optional[_Iterable[str]] = ...) -> None: ...

class ResumeRefreshesResponse(_message.Message):
    __slots__ = ("pauses",)
    PAUSES_FIELD_NUMBER: _ClassVar[int]
    pauses: _containers.RepeatedCompositeFieldContainer[RefreshPause]
    def __init__(self, pauses: _Optional[_Iterable[_Union[RefreshPause, _Mapping]]] = ...) -> None: ...

class PauseUserRequest(_message.Message):
    __slots__ = ("user_id", "namespace")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ...) -> None: ...

class PauseUserResponse(_message.Message):
    __slots__ = ("pause",)
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    pause: RefreshPause
    def __init__(self, pause: _Optional[_Union[RefreshPause, _Mapping]] = ...) -> None: ...

class ResumeUserRequest(_message.Message):
    __slots__ = ("user_id", "namespace")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ...) -> None: ...

class ResumeUserResponse(_message.Message):
    __slots__ = ("pause",)
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    pause: RefreshPause
    def __init__(self, pause: _Optional[_Union[RefreshPause, _Mapping]] = ...) -> None: ...

class ListUsersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "namespace", "segments", "freshness", "failed", "segment_names", "user_id_prefix")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_NAMES_FIELD_NUMBER: _ClassVar[int]
    USER_ID_PREFIX_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    namespace: str
    segments: _containers.RepeatedScalarFieldContainer[_profile_pb2.Segment]
    freshness: _containers.RepeatedScalarFieldContainer[_freshness_pb2.Freshness]
    failed: bool
    segment_names: _containers.RepeatedScalarFieldContainer[str]
    user_id_prefix: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., namespace: _Optional[str] = ..., segments: _Optional[_Iterable[_Union[_profile_pb2.Segment, str]]] = ..., freshness: _Optional[_Iterable[_Union[_freshness_pb2.Freshness, str]]] = ..., failed: bool = ..., segment_names: _Optional[_Iterable[str]] = ..., user_id_prefix: _Optional[str] = ...) -> None: ...

class UserStatus(_message.Message):
    __slots__ = ("user_id", "namespace", "segment", "freshness", "revision", "computed_at", "due_at", "attempted_at", "outcome", "failures", "error", "model_revision", "model_asked_at", "model_outcome", "model_due_at", "model_wait", "model_error", "segment_name", "is_held", "paused_since")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_AT_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTED_AT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    MODEL_REVISION_FIELD_NUMBER: _ClassVar[int]
    MODEL_ASKED_AT_FIELD_NUMBER: _ClassVar[int]
    MODEL_OUTCOME_FIELD_NUMBER: _ClassVar[int]
    MODEL_DUE_AT_FIELD_NUMBER: _ClassVar[int]
    MODEL_WAIT_FIELD_NUMBER: _ClassVar[int]
    MODEL_ERROR_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    IS_HELD_FIELD_NUMBER: _ClassVar[int]
    PAUSED_SINCE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    segment: _profile_pb2.Segment
    freshness: _freshness_pb2.Freshness
    revision: int
    computed_at: _timestamp_pb2.Timestamp
    due_at: _timestamp_pb2.Timestamp
    attempted_at: _timestamp_pb2.Timestamp
    outcome: _refresh_pb2.RefreshOutcome
    failures: int
    error: str
    model_revision: int
    model_asked_at: _timestamp_pb2.Timestamp
    model_outcome: _model_work_pb2.ModelOutcome
    model_due_at: _timestamp_pb2.Timestamp
    model_wait: _model_work_pb2.ModelWait
    model_error: str
    segment_name: str
    is_held: bool
    paused_since: _timestamp_pb2.Timestamp
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., segment: _Optional[_Union[_profile_pb2.Segment, str]] = ..., freshness: _Optional[_Union[_freshness_pb2.Freshness, str]] = ..., revision: _Optional[int] = ..., computed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outcome: _Optional[_Union[_refresh_pb2.RefreshOutcome, str]] = ..., failures: _Optional[int] = ..., error: _Optional[str] = ..., model_revision: _Optional[int] = ..., model_asked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., model_outcome: _Optional[_Union[_model_work_pb2.ModelOutcome, str]] = ..., model_due_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., model_wait: _Optional[_Union[_model_work_pb2.ModelWait, str]] = ..., model_error: _Optional[str] = ..., segment_name: _Optional[str] = ..., is_held: bool = ..., paused_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListUsersResponse(_message.Message):
    __slots__ = ("users", "next_page_token")
    USERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    users: _containers.RepeatedCompositeFieldContainer[UserStatus]
    next_page_token: str
    def __init__(self, users: _Optional[_Iterable[_Union[UserStatus, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetLedgerRequest(_message.Message):
    __slots__ = ("from_day", "to_day", "group_by", "calls_max", "attempts_max", "user_id", "namespace", "outcomes")
    FROM_DAY_FIELD_NUMBER: _ClassVar[int]
    TO_DAY_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    CALLS_MAX_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_MAX_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    from_day: str
    to_day: str
    group_by: _containers.RepeatedScalarFieldContainer[_ledger_pb2.LedgerGroup]
    calls_max: int
    attempts_max: int
    user_id: str
    namespace: str
    outcomes: _containers.RepeatedScalarFieldContainer[_model_work_pb2.ModelOutcome]
    def __init__(self, from_day: _Optional[str] = ..., to_day: _Optional[str] = ..., group_by: _Optional[_Iterable[_Union[_ledger_pb2.LedgerGroup, str]]] = ..., calls_max: _Optional[int] = ..., attempts_max: _Optional[int] = ..., user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., outcomes: _Optional[_Iterable[_Union[_model_work_pb2.ModelOutcome, str]]] = ...) -> None: ...

class GetLedgerResponse(_message.Message):
    __slots__ = ("sums", "total", "request_path", "calls", "attempts")
    SUMS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_PATH_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    sums: _containers.RepeatedCompositeFieldContainer[_ledger_pb2.LedgerSum]
    total: _ledger_pb2.LedgerSum
    request_path: _ledger_pb2.RequestPathCost
    calls: _containers.RepeatedCompositeFieldContainer[_ledger_pb2.LedgerCall]
    attempts: _containers.RepeatedCompositeFieldContainer[_ledger_pb2.LedgerAttempt]
    def __init__(self, sums: _Optional[_Iterable[_Union[_ledger_pb2.LedgerSum, _Mapping]]] = ..., total: _Optional[_Union[_ledger_pb2.LedgerSum, _Mapping]] = ..., request_path: _Optional[_Union[_ledger_pb2.RequestPathCost, _Mapping]] = ..., calls: _Optional[_Iterable[_Union[_ledger_pb2.LedgerCall, _Mapping]]] = ..., attempts: _Optional[_Iterable[_Union[_ledger_pb2.LedgerAttempt, _Mapping]]] = ...) -> None: ...

class ExplainBeliefRequest(_message.Message):
    __slots__ = ("user_id", "namespace", "belief_id")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    BELIEF_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    belief_id: str
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., belief_id: _Optional[str] = ...) -> None: ...

class ExplainedEvidence(_message.Message):
    __slots__ = ("evidence", "is_against", "event", "absence")
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    IS_AGAINST_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    ABSENCE_FIELD_NUMBER: _ClassVar[int]
    evidence: _profile_pb2.Evidence
    is_against: bool
    event: _event_pb2.Event
    absence: EventAbsence
    def __init__(self, evidence: _Optional[_Union[_profile_pb2.Evidence, _Mapping]] = ..., is_against: bool = ..., event: _Optional[_Union[_event_pb2.Event, _Mapping]] = ..., absence: _Optional[_Union[EventAbsence, str]] = ...) -> None: ...

class ExplainedBelief(_message.Message):
    __slots__ = ("belief_id", "statement", "kind", "source", "confidence", "reason", "valid_from", "valid_to", "evidence", "evidence_count", "contradiction_count", "proposed_by")
    BELIEF_ID_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_TO_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONTRADICTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_BY_FIELD_NUMBER: _ClassVar[int]
    belief_id: str
    statement: str
    kind: _profile_pb2.BeliefKind
    source: _profile_pb2.BeliefSource
    confidence: float
    reason: str
    valid_from: _timestamp_pb2.Timestamp
    valid_to: _timestamp_pb2.Timestamp
    evidence: _containers.RepeatedCompositeFieldContainer[ExplainedEvidence]
    evidence_count: int
    contradiction_count: int
    proposed_by: str
    def __init__(self, belief_id: _Optional[str] = ..., statement: _Optional[str] = ..., kind: _Optional[_Union[_profile_pb2.BeliefKind, str]] = ..., source: _Optional[_Union[_profile_pb2.BeliefSource, str]] = ..., confidence: _Optional[float] = ..., reason: _Optional[str] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., evidence: _Optional[_Iterable[_Union[ExplainedEvidence, _Mapping]]] = ..., evidence_count: _Optional[int] = ..., contradiction_count: _Optional[int] = ..., proposed_by: _Optional[str] = ...) -> None: ...

class ExplainBeliefResponse(_message.Message):
    __slots__ = ("beliefs", "revision")
    BELIEFS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    beliefs: _containers.RepeatedCompositeFieldContainer[ExplainedBelief]
    revision: int
    def __init__(self, beliefs: _Optional[_Iterable[_Union[ExplainedBelief, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...

class ListTopicsRequest(_message.Message):
    __slots__ = ("namespace", "page_size", "page_token", "merged_or_proposed")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MERGED_OR_PROPOSED_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    page_size: int
    page_token: str
    merged_or_proposed: bool
    def __init__(self, namespace: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., merged_or_proposed: bool = ...) -> None: ...

class TopicEntry(_message.Message):
    __slots__ = ("topic", "share", "aliases")
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    topic: str
    share: float
    aliases: _containers.RepeatedCompositeFieldContainer[_topic_alias_pb2.TopicAlias]
    def __init__(self, topic: _Optional[str] = ..., share: _Optional[float] = ..., aliases: _Optional[_Iterable[_Union[_topic_alias_pb2.TopicAlias, _Mapping]]] = ...) -> None: ...

class ListTopicsResponse(_message.Message):
    __slots__ = ("topics", "next_page_token")
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    topics: _containers.RepeatedCompositeFieldContainer[TopicEntry]
    next_page_token: str
    def __init__(self, topics: _Optional[_Iterable[_Union[TopicEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class MergeTopicsRequest(_message.Message):
    __slots__ = ("namespace", "canonical", "topics")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    CANONICAL_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    canonical: str
    topics: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, namespace: _Optional[str] = ..., canonical: _Optional[str] = ..., topics: _Optional[_Iterable[str]] = ...) -> None: ...

class MergeTopicsResponse(_message.Message):
    __slots__ = ("aliases",)
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    aliases: _containers.RepeatedCompositeFieldContainer[_topic_alias_pb2.TopicAlias]
    def __init__(self, aliases: _Optional[_Iterable[_Union[_topic_alias_pb2.TopicAlias, _Mapping]]] = ...) -> None: ...

class SplitTopicRequest(_message.Message):
    __slots__ = ("namespace", "topic")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    topic: str
    def __init__(self, namespace: _Optional[str] = ..., topic: _Optional[str] = ...) -> None: ...

class SplitTopicResponse(_message.Message):
    __slots__ = ("canonical",)
    CANONICAL_FIELD_NUMBER: _ClassVar[int]
    canonical: str
    def __init__(self, canonical: _Optional[str] = ...) -> None: ...

class StartBackfillRequest(_message.Message):
    __slots__ = ("namespace", "mode", "budget_micro_usd", "users_per_second", "estimate_only", "backfill_id")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    BUDGET_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    USERS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_ID_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    mode: _backfill_pb2.BackfillMode
    budget_micro_usd: int
    users_per_second: float
    estimate_only: bool
    backfill_id: bytes
    def __init__(self, namespace: _Optional[str] = ..., mode: _Optional[_Union[_backfill_pb2.BackfillMode, str]] = ..., budget_micro_usd: _Optional[int] = ..., users_per_second: _Optional[float] = ..., estimate_only: bool = ..., backfill_id: _Optional[bytes] = ...) -> None: ...

class StartBackfillResponse(_message.Message):
    __slots__ = ("backfill",)
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    backfill: _backfill_pb2.Backfill
    def __init__(self, backfill: _Optional[_Union[_backfill_pb2.Backfill, _Mapping]] = ...) -> None: ...

class GetBackfillRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetBackfillResponse(_message.Message):
    __slots__ = ("backfill",)
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    backfill: _backfill_pb2.Backfill
    def __init__(self, backfill: _Optional[_Union[_backfill_pb2.Backfill, _Mapping]] = ...) -> None: ...

class SteerBackfillRequest(_message.Message):
    __slots__ = ("action",)
    ACTION_FIELD_NUMBER: _ClassVar[int]
    action: BackfillAction
    def __init__(self, action: _Optional[_Union[BackfillAction, str]] = ...) -> None: ...

class SteerBackfillResponse(_message.Message):
    __slots__ = ("backfill",)
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    backfill: _backfill_pb2.Backfill
    def __init__(self, backfill: _Optional[_Union[_backfill_pb2.Backfill, _Mapping]] = ...) -> None: ...
