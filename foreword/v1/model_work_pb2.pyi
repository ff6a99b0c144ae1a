from foreword.v1 import profile_pb2 as _profile_pb2
from foreword.v1 import refresh_pb2 as _refresh_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ModelMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_MODE_UNSPECIFIED: _ClassVar[ModelMode]
    MODEL_MODE_MESSAGES: _ClassVar[ModelMode]
    MODEL_MODE_BATCH: _ClassVar[ModelMode]

class ModelOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_OUTCOME_UNSPECIFIED: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_APPLIED: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_NOTHING: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_INVALID: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_UNSUPPORTED: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_REFUSED: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_TRUNCATED: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_OUTDATED: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_ERASED: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_RATE_LIMITED: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_OVERLOADED: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_UNAVAILABLE: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_TIMED_OUT: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_UNAUTHORIZED: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_REJECTED: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_EXPIRED: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_CANCELED: _ClassVar[ModelOutcome]
    MODEL_OUTCOME_LOST: _ClassVar[ModelOutcome]

class ModelWait(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MODEL_WAIT_UNSPECIFIED: _ClassVar[ModelWait]
    MODEL_WAIT_DAY_BUDGET: _ClassVar[ModelWait]
    MODEL_WAIT_USER_BUDGET: _ClassVar[ModelWait]
    MODEL_WAIT_PROVIDER: _ClassVar[ModelWait]
    MODEL_WAIT_RETRY: _ClassVar[ModelWait]
MODEL_MODE_UNSPECIFIED: ModelMode
MODEL_MODE_MESSAGES: ModelMode
MODEL_MODE_BATCH: ModelMode
MODEL_OUTCOME_UNSPECIFIED: ModelOutcome
MODEL_OUTCOME_APPLIED: ModelOutcome
MODEL_OUTCOME_NOTHING: ModelOutcome
MODEL_OUTCOME_INVALID: ModelOutcome
MODEL_OUTCOME_UNSUPPORTED: ModelOutcome
MODEL_OUTCOME_REFUSED: ModelOutcome
MODEL_OUTCOME_TRUNCATED: ModelOutcome
MODEL_OUTCOME_OUTDATED: ModelOutcome
MODEL_OUTCOME_ERASED: ModelOutcome
MODEL_OUTCOME_RATE_LIMITED: ModelOutcome
MODEL_OUTCOME_OVERLOADED: ModelOutcome
MODEL_OUTCOME_UNAVAILABLE: ModelOutcome
MODEL_OUTCOME_TIMED_OUT: ModelOutcome
MODEL_OUTCOME_UNAUTHORIZED: ModelOutcome
MODEL_OUTCOME_REJECTED: ModelOutcome
MODEL_OUTCOME_EXPIRED: ModelOutcome
MODEL_OUTCOME_CANCELED: ModelOutcome
MODEL_OUTCOME_LOST: ModelOutcome
MODEL_WAIT_UNSPECIFIED: ModelWait
MODEL_WAIT_DAY_BUDGET: ModelWait
MODEL_WAIT_USER_BUDGET: ModelWait
MODEL_WAIT_PROVIDER: ModelWait
MODEL_WAIT_RETRY: ModelWait

class ModelState(_message.Message):
    __slots__ = ("mode", "due_ms", "reason", "seen_seq", "failures", "batch", "batch_item", "asked_ms", "outcome", "error", "revision", "wait", "spent_day", "spent_pico_usd")
    MODE_FIELD_NUMBER: _ClassVar[int]
    DUE_MS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SEEN_SEQ_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    BATCH_ITEM_FIELD_NUMBER: _ClassVar[int]
    ASKED_MS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    SPENT_DAY_FIELD_NUMBER: _ClassVar[int]
    SPENT_PICO_USD_FIELD_NUMBER: _ClassVar[int]
    mode: ModelMode
    due_ms: int
    reason: _refresh_pb2.RefreshReason
    seen_seq: int
    failures: int
    batch: int
    batch_item: int
    asked_ms: int
    outcome: ModelOutcome
    error: str
    revision: int
    wait: ModelWait
    spent_day: int
    spent_pico_usd: int
    def __init__(self, mode: _Optional[_Union[ModelMode, str]] = ..., due_ms: _Optional[int] = ..., reason: _Optional[_Union[_refresh_pb2.RefreshReason, str]] = ..., seen_seq: _Optional[int] = ..., failures: _Optional[int] = ..., batch: _Optional[int] = ..., batch_item: _Optional[int] = ..., asked_ms: _Optional[int] = ..., outcome: _Optional[_Union[ModelOutcome, str]] = ..., error: _Optional[str] = ..., revision: _Optional[int] = ..., wait: _Optional[_Union[ModelWait, str]] = ..., spent_day: _Optional[int] = ..., spent_pico_usd: _Optional[int] = ...) -> None: ...

class ModelItem(_message.Message):
    __slots__ = ("user_key", "event_hashes", "seen_seq", "segment", "reason", "reserved_pico_usd")
    USER_KEY_FIELD_NUMBER: _ClassVar[int]
    EVENT_HASHES_FIELD_NUMBER: _ClassVar[int]
    SEEN_SEQ_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RESERVED_PICO_USD_FIELD_NUMBER: _ClassVar[int]
    user_key: bytes
    event_hashes: _containers.RepeatedScalarFieldContainer[int]
    seen_seq: int
    segment: _profile_pb2.Segment
    reason: _refresh_pb2.RefreshReason
    reserved_pico_usd: int
    def __init__(self, user_key: _Optional[bytes] = ..., event_hashes: _Optional[_Iterable[int]] = ..., seen_seq: _Optional[int] = ..., segment: _Optional[_Union[_profile_pb2.Segment, str]] = ..., reason: _Optional[_Union[_refresh_pb2.RefreshReason, str]] = ..., reserved_pico_usd: _Optional[int] = ...) -> None: ...

class ModelCall(_message.Message):
    __slots__ = ("call_id", "user_key", "started_ms", "duration_us", "mode", "segment", "reason", "provider", "model", "outcome", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "cost_pico_usd", "is_estimate", "is_repair", "applied_count", "refused_count", "request_id", "batch_id", "error")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    USER_KEY_FIELD_NUMBER: _ClassVar[int]
    STARTED_MS_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
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
    COST_PICO_USD_FIELD_NUMBER: _ClassVar[int]
    IS_ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    IS_REPAIR_FIELD_NUMBER: _ClassVar[int]
    APPLIED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    call_id: bytes
    user_key: bytes
    started_ms: int
    duration_us: int
    mode: ModelMode
    segment: _profile_pb2.Segment
    reason: _refresh_pb2.RefreshReason
    provider: str
    model: str
    outcome: ModelOutcome
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    cost_pico_usd: int
    is_estimate: bool
    is_repair: bool
    applied_count: int
    refused_count: int
    request_id: str
    batch_id: str
    error: str
    def __init__(self, call_id: _Optional[bytes] = ..., user_key: _Optional[bytes] = ..., started_ms: _Optional[int] = ..., duration_us: _Optional[int] = ..., mode: _Optional[_Union[ModelMode, str]] = ..., segment: _Optional[_Union[_profile_pb2.Segment, str]] = ..., reason: _Optional[_Union[_refresh_pb2.RefreshReason, str]] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., outcome: _Optional[_Union[ModelOutcome, str]] = ..., input_tokens: _Optional[int] = ..., cache_read_tokens: _Optional[int] = ..., cache_write_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cost_pico_usd: _Optional[int] = ..., is_estimate: bool = ..., is_repair: bool = ..., applied_count: _Optional[int] = ..., refused_count: _Optional[int] = ..., request_id: _Optional[str] = ..., batch_id: _Optional[str] = ..., error: _Optional[str] = ...) -> None: ...

class ModelSpend(_message.Message):
    __slots__ = ("day", "segment", "provider", "model", "mode", "outcome", "calls", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "cost_pico_usd", "estimated_pico_usd", "applied_count", "refused_count")
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
    COST_PICO_USD_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_PICO_USD_FIELD_NUMBER: _ClassVar[int]
    APPLIED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    day: int
    segment: _profile_pb2.Segment
    provider: str
    model: str
    mode: ModelMode
    outcome: ModelOutcome
    calls: int
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    cost_pico_usd: int
    estimated_pico_usd: int
    applied_count: int
    refused_count: int
    def __init__(self, day: _Optional[int] = ..., segment: _Optional[_Union[_profile_pb2.Segment, str]] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., mode: _Optional[_Union[ModelMode, str]] = ..., outcome: _Optional[_Union[ModelOutcome, str]] = ..., calls: _Optional[int] = ..., input_tokens: _Optional[int] = ..., cache_read_tokens: _Optional[int] = ..., cache_write_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cost_pico_usd: _Optional[int] = ..., estimated_pico_usd: _Optional[int] = ..., applied_count: _Optional[int] = ..., refused_count: _Optional[int] = ...) -> None: ...
