import datetime

from foreword.v1 import model_work_pb2 as _model_work_pb2
from foreword.v1 import profile_pb2 as _profile_pb2
from foreword.v1 import refresh_pb2 as _refresh_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LedgerGroup(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEDGER_GROUP_UNSPECIFIED: _ClassVar[LedgerGroup]
    LEDGER_GROUP_DAY: _ClassVar[LedgerGroup]
    LEDGER_GROUP_SEGMENT: _ClassVar[LedgerGroup]
    LEDGER_GROUP_PROVIDER: _ClassVar[LedgerGroup]
    LEDGER_GROUP_MODEL: _ClassVar[LedgerGroup]
    LEDGER_GROUP_MODE: _ClassVar[LedgerGroup]
    LEDGER_GROUP_OUTCOME: _ClassVar[LedgerGroup]
LEDGER_GROUP_UNSPECIFIED: LedgerGroup
LEDGER_GROUP_DAY: LedgerGroup
LEDGER_GROUP_SEGMENT: LedgerGroup
LEDGER_GROUP_PROVIDER: LedgerGroup
LEDGER_GROUP_MODEL: LedgerGroup
LEDGER_GROUP_MODE: LedgerGroup
LEDGER_GROUP_OUTCOME: LedgerGroup

class LedgerSum(_message.Message):
    __slots__ = ("day", "segment", "provider", "model", "mode", "outcome", "calls", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "cost_micro_usd", "estimated_micro_usd", "cache_saved_micro_usd", "applied_count", "refused_count", "read_count", "segment_name")
    DAY_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_READ_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_WRITE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    CACHE_SAVED_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    APPLIED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    READ_COUNT_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    day: str
    segment: _profile_pb2.Segment
    provider: str
    model: str
    mode: _model_work_pb2.ModelMode
    outcome: _model_work_pb2.ModelOutcome
    calls: int
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    cost_micro_usd: int
    estimated_micro_usd: int
    cache_saved_micro_usd: int
    applied_count: int
    refused_count: int
    read_count: int
    segment_name: str
    def __init__(self, day: _Optional[str] = ..., segment: _Optional[_Union[_profile_pb2.Segment, str]] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., mode: _Optional[_Union[_model_work_pb2.ModelMode, str]] = ..., outcome: _Optional[_Union[_model_work_pb2.ModelOutcome, str]] = ..., calls: _Optional[int] = ..., input_tokens: _Optional[int] = ..., cache_read_tokens: _Optional[int] = ..., cache_write_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cost_micro_usd: _Optional[int] = ..., estimated_micro_usd: _Optional[int] = ..., cache_saved_micro_usd: _Optional[int] = ..., applied_count: _Optional[int] = ..., refused_count: _Optional[int] = ..., read_count: _Optional[int] = ..., segment_name: _Optional[str] = ...) -> None: ...

class LedgerCall(_message.Message):
    __slots__ = ("user_id", "namespace", "started_at", "duration", "mode", "segment", "reason", "provider", "model", "outcome", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "cost_micro_usd", "is_estimate", "is_repair", "applied_count", "refused_count", "request_id", "batch_id", "error", "segment_name")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_READ_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_WRITE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    IS_ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    IS_REPAIR_FIELD_NUMBER: _ClassVar[int]
    APPLIED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    started_at: _timestamp_pb2.Timestamp
    duration: _duration_pb2.Duration
    mode: _model_work_pb2.ModelMode
    segment: _profile_pb2.Segment
    reason: _refresh_pb2.RefreshReason
    provider: str
    model: str
    outcome: _model_work_pb2.ModelOutcome
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    cost_micro_usd: int
    is_estimate: bool
    is_repair: bool
    applied_count: int
    refused_count: int
    request_id: str
    batch_id: str
    error: str
    segment_name: str
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., mode: _Optional[_Union[_model_work_pb2.ModelMode, str]] = ..., segment: _Optional[_Union[_profile_pb2.Segment, str]] = ..., reason: _Optional[_Union[_refresh_pb2.RefreshReason, str]] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., outcome: _Optional[_Union[_model_work_pb2.ModelOutcome, str]] = ..., input_tokens: _Optional[int] = ..., cache_read_tokens: _Optional[int] = ..., cache_write_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cost_micro_usd: _Optional[int] = ..., is_estimate: bool = ..., is_repair: bool = ..., applied_count: _Optional[int] = ..., refused_count: _Optional[int] = ..., request_id: _Optional[str] = ..., batch_id: _Optional[str] = ..., error: _Optional[str] = ..., segment_name: _Optional[str] = ...) -> None: ...

class LedgerAttempt(_message.Message):
    __slots__ = ("user_id", "namespace", "entry")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    entry: _refresh_pb2.LedgerEntry
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., entry: _Optional[_Union[_refresh_pb2.LedgerEntry, _Mapping]] = ...) -> None: ...

class RequestPathCost(_message.Message):
    __slots__ = ("read_count", "first_read_day", "answer_count", "answer_cost_micro_usd", "cost_micro_usd", "spent_micro_usd", "ratio")
    READ_COUNT_FIELD_NUMBER: _ClassVar[int]
    FIRST_READ_DAY_FIELD_NUMBER: _ClassVar[int]
    ANSWER_COUNT_FIELD_NUMBER: _ClassVar[int]
    ANSWER_COST_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    COST_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    SPENT_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    RATIO_FIELD_NUMBER: _ClassVar[int]
    read_count: int
    first_read_day: str
    answer_count: int
    answer_cost_micro_usd: int
    cost_micro_usd: int
    spent_micro_usd: int
    ratio: float
    def __init__(self, read_count: _Optional[int] = ..., first_read_day: _Optional[str] = ..., answer_count: _Optional[int] = ..., answer_cost_micro_usd: _Optional[int] = ..., cost_micro_usd: _Optional[int] = ..., spent_micro_usd: _Optional[int] = ..., ratio: _Optional[float] = ...) -> None: ...
