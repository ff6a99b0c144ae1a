import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BackfillMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BACKFILL_MODE_UNSPECIFIED: _ClassVar[BackfillMode]
    BACKFILL_MODE_BATCH: _ClassVar[BackfillMode]
    BACKFILL_MODE_EXTRACTIVE: _ClassVar[BackfillMode]

class BackfillStage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BACKFILL_STAGE_UNSPECIFIED: _ClassVar[BackfillStage]
    BACKFILL_STAGE_WAITING: _ClassVar[BackfillStage]
    BACKFILL_STAGE_COUNTING: _ClassVar[BackfillStage]
    BACKFILL_STAGE_ESTIMATED: _ClassVar[BackfillStage]
    BACKFILL_STAGE_RUNNING: _ClassVar[BackfillStage]
    BACKFILL_STAGE_PAUSED: _ClassVar[BackfillStage]
    BACKFILL_STAGE_ASKING: _ClassVar[BackfillStage]
    BACKFILL_STAGE_DONE: _ClassVar[BackfillStage]
    BACKFILL_STAGE_CANCELED: _ClassVar[BackfillStage]
BACKFILL_MODE_UNSPECIFIED: BackfillMode
BACKFILL_MODE_BATCH: BackfillMode
BACKFILL_MODE_EXTRACTIVE: BackfillMode
BACKFILL_STAGE_UNSPECIFIED: BackfillStage
BACKFILL_STAGE_WAITING: BackfillStage
BACKFILL_STAGE_COUNTING: BackfillStage
BACKFILL_STAGE_ESTIMATED: BackfillStage
BACKFILL_STAGE_RUNNING: BackfillStage
BACKFILL_STAGE_PAUSED: BackfillStage
BACKFILL_STAGE_ASKING: BackfillStage
BACKFILL_STAGE_DONE: BackfillStage
BACKFILL_STAGE_CANCELED: BackfillStage

class BackfillPlan(_message.Message):
    __slots__ = ("backfill_id", "requested_ms", "namespace", "mode", "budget_micro_usd", "users_per_second", "is_confirmed", "is_paused", "is_canceled")
    BACKFILL_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_MS_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    BUDGET_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    USERS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    IS_CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    IS_PAUSED_FIELD_NUMBER: _ClassVar[int]
    IS_CANCELED_FIELD_NUMBER: _ClassVar[int]
    backfill_id: bytes
    requested_ms: int
    namespace: str
    mode: BackfillMode
    budget_micro_usd: int
    users_per_second: float
    is_confirmed: bool
    is_paused: bool
    is_canceled: bool
    def __init__(self, backfill_id: _Optional[bytes] = ..., requested_ms: _Optional[int] = ..., namespace: _Optional[str] = ..., mode: _Optional[_Union[BackfillMode, str]] = ..., budget_micro_usd: _Optional[int] = ..., users_per_second: _Optional[float] = ..., is_confirmed: bool = ..., is_paused: bool = ..., is_canceled: bool = ...) -> None: ...

class BackfillEstimate(_message.Message):
    __slots__ = ("user_count", "without_profile_count", "outdated_count", "left_count", "refresh_count", "refresh_duration", "refresh_us", "measured_refresh_count", "question_count", "input_tokens", "output_tokens", "cost_micro_usd", "measured_answer_count", "models", "question_micro_usd_max", "skipped_count")
    USER_COUNT_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_PROFILE_COUNT_FIELD_NUMBER: _ClassVar[int]
    OUTDATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    LEFT_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFRESH_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFRESH_DURATION_FIELD_NUMBER: _ClassVar[int]
    REFRESH_US_FIELD_NUMBER: _ClassVar[int]
    MEASURED_REFRESH_COUNT_FIELD_NUMBER: _ClassVar[int]
    QUESTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    MEASURED_ANSWER_COUNT_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    QUESTION_MICRO_USD_MAX_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_COUNT_FIELD_NUMBER: _ClassVar[int]
    user_count: int
    without_profile_count: int
    outdated_count: int
    left_count: int
    refresh_count: int
    refresh_duration: _duration_pb2.Duration
    refresh_us: int
    measured_refresh_count: int
    question_count: int
    input_tokens: int
    output_tokens: int
    cost_micro_usd: int
    measured_answer_count: int
    models: _containers.RepeatedScalarFieldContainer[str]
    question_micro_usd_max: int
    skipped_count: int
    def __init__(self, user_count: _Optional[int] = ..., without_profile_count: _Optional[int] = ..., outdated_count: _Optional[int] = ..., left_count: _Optional[int] = ..., refresh_count: _Optional[int] = ..., refresh_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., refresh_us: _Optional[int] = ..., measured_refresh_count: _Optional[int] = ..., question_count: _Optional[int] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cost_micro_usd: _Optional[int] = ..., measured_answer_count: _Optional[int] = ..., models: _Optional[_Iterable[str]] = ..., question_micro_usd_max: _Optional[int] = ..., skipped_count: _Optional[int] = ...) -> None: ...

class BackfillCounts(_message.Message):
    __slots__ = ("seen_count", "written_count", "default_count", "unchanged_count", "failed_count", "current_count", "left_count", "queued_count", "skipped_count")
    SEEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    WRITTEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_COUNT_FIELD_NUMBER: _ClassVar[int]
    FAILED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CURRENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    LEFT_COUNT_FIELD_NUMBER: _ClassVar[int]
    QUEUED_COUNT_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_COUNT_FIELD_NUMBER: _ClassVar[int]
    seen_count: int
    written_count: int
    default_count: int
    unchanged_count: int
    failed_count: int
    current_count: int
    left_count: int
    queued_count: int
    skipped_count: int
    def __init__(self, seen_count: _Optional[int] = ..., written_count: _Optional[int] = ..., default_count: _Optional[int] = ..., unchanged_count: _Optional[int] = ..., failed_count: _Optional[int] = ..., current_count: _Optional[int] = ..., left_count: _Optional[int] = ..., queued_count: _Optional[int] = ..., skipped_count: _Optional[int] = ...) -> None: ...

class BackfillQuestions(_message.Message):
    __slots__ = ("queued_count", "open_count", "reserved_pico_usd", "ended_count", "applied_count", "spent_pico_usd", "input_tokens", "output_tokens")
    QUEUED_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    RESERVED_PICO_USD_FIELD_NUMBER: _ClassVar[int]
    ENDED_COUNT_FIELD_NUMBER: _ClassVar[int]
    APPLIED_COUNT_FIELD_NUMBER: _ClassVar[int]
    SPENT_PICO_USD_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    queued_count: int
    open_count: int
    reserved_pico_usd: int
    ended_count: int
    applied_count: int
    spent_pico_usd: int
    input_tokens: int
    output_tokens: int
    def __init__(self, queued_count: _Optional[int] = ..., open_count: _Optional[int] = ..., reserved_pico_usd: _Optional[int] = ..., ended_count: _Optional[int] = ..., applied_count: _Optional[int] = ..., spent_pico_usd: _Optional[int] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ...) -> None: ...

class Backfill(_message.Message):
    __slots__ = ("plan", "stage", "estimate", "counts", "questions", "started_at", "ended_at", "is_budget_spent", "scheduler_running")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    IS_BUDGET_SPENT_FIELD_NUMBER: _ClassVar[int]
    SCHEDULER_RUNNING_FIELD_NUMBER: _ClassVar[int]
    plan: BackfillPlan
    stage: BackfillStage
    estimate: BackfillEstimate
    counts: BackfillCounts
    questions: BackfillQuestions
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    is_budget_spent: bool
    scheduler_running: bool
    def __init__(self, plan: _Optional[_Union[BackfillPlan, _Mapping]] = ..., stage: _Optional[_Union[BackfillStage, str]] = ..., estimate: _Optional[_Union[BackfillEstimate, _Mapping]] = ..., counts: _Optional[_Union[BackfillCounts, _Mapping]] = ..., questions: _Optional[_Union[BackfillQuestions, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., is_budget_spent: bool = ..., scheduler_running: bool = ...) -> None: ...
