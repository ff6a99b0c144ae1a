from foreword.v1 import profile_pb2 as _profile_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RefreshReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFRESH_REASON_UNSPECIFIED: _ClassVar[RefreshReason]
    REFRESH_REASON_CADENCE: _ClassVar[RefreshReason]
    REFRESH_REASON_SESSION_END: _ClassVar[RefreshReason]
    REFRESH_REASON_ON_OPEN: _ClassVar[RefreshReason]
    REFRESH_REASON_MANUAL: _ClassVar[RefreshReason]
    REFRESH_REASON_RETRY: _ClassVar[RefreshReason]

class RefreshOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFRESH_OUTCOME_UNSPECIFIED: _ClassVar[RefreshOutcome]
    REFRESH_OUTCOME_WRITTEN: _ClassVar[RefreshOutcome]
    REFRESH_OUTCOME_UNCHANGED: _ClassVar[RefreshOutcome]
    REFRESH_OUTCOME_DEFAULT: _ClassVar[RefreshOutcome]
    REFRESH_OUTCOME_FAILED: _ClassVar[RefreshOutcome]
REFRESH_REASON_UNSPECIFIED: RefreshReason
REFRESH_REASON_CADENCE: RefreshReason
REFRESH_REASON_SESSION_END: RefreshReason
REFRESH_REASON_ON_OPEN: RefreshReason
REFRESH_REASON_MANUAL: RefreshReason
REFRESH_REASON_RETRY: RefreshReason
REFRESH_OUTCOME_UNSPECIFIED: RefreshOutcome
REFRESH_OUTCOME_WRITTEN: RefreshOutcome
REFRESH_OUTCOME_UNCHANGED: RefreshOutcome
REFRESH_OUTCOME_DEFAULT: RefreshOutcome
REFRESH_OUTCOME_FAILED: RefreshOutcome

class DayCount(_message.Message):
    __slots__ = ("day", "count")
    DAY_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    day: int
    count: int
    def __init__(self, day: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class UserActivity(_message.Message):
    __slots__ = ("first_seen_ms", "last_seen_ms", "last_seq", "event_count", "days", "trigger_seq")
    FIRST_SEEN_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_SEQ_FIELD_NUMBER: _ClassVar[int]
    first_seen_ms: int
    last_seen_ms: int
    last_seq: int
    event_count: int
    days: _containers.RepeatedCompositeFieldContainer[DayCount]
    trigger_seq: int
    def __init__(self, first_seen_ms: _Optional[int] = ..., last_seen_ms: _Optional[int] = ..., last_seq: _Optional[int] = ..., event_count: _Optional[int] = ..., days: _Optional[_Iterable[_Union[DayCount, _Mapping]]] = ..., trigger_seq: _Optional[int] = ...) -> None: ...

class Trigger(_message.Message):
    __slots__ = ("user_key", "activity_ms", "session_end_ms", "on_open_ms", "manual_ms", "erase_ms", "erase_id")
    USER_KEY_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_MS_FIELD_NUMBER: _ClassVar[int]
    SESSION_END_MS_FIELD_NUMBER: _ClassVar[int]
    ON_OPEN_MS_FIELD_NUMBER: _ClassVar[int]
    MANUAL_MS_FIELD_NUMBER: _ClassVar[int]
    ERASE_MS_FIELD_NUMBER: _ClassVar[int]
    ERASE_ID_FIELD_NUMBER: _ClassVar[int]
    user_key: bytes
    activity_ms: int
    session_end_ms: int
    on_open_ms: int
    manual_ms: int
    erase_ms: int
    erase_id: bytes
    def __init__(self, user_key: _Optional[bytes] = ..., activity_ms: _Optional[int] = ..., session_end_ms: _Optional[int] = ..., on_open_ms: _Optional[int] = ..., manual_ms: _Optional[int] = ..., erase_ms: _Optional[int] = ..., erase_id: _Optional[bytes] = ...) -> None: ...

class Erasure(_message.Message):
    __slots__ = ("erase_id", "requested_ms", "trigger_seq")
    ERASE_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_MS_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_SEQ_FIELD_NUMBER: _ClassVar[int]
    erase_id: bytes
    requested_ms: int
    trigger_seq: int
    def __init__(self, erase_id: _Optional[bytes] = ..., requested_ms: _Optional[int] = ..., trigger_seq: _Optional[int] = ...) -> None: ...

class StoreCount(_message.Message):
    __slots__ = ("store", "rows")
    STORE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    store: str
    rows: int
    def __init__(self, store: _Optional[str] = ..., rows: _Optional[int] = ...) -> None: ...

class ErasureReceipt(_message.Message):
    __slots__ = ("erased_ms", "counts")
    ERASED_MS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    erased_ms: int
    counts: _containers.RepeatedCompositeFieldContainer[StoreCount]
    def __init__(self, erased_ms: _Optional[int] = ..., counts: _Optional[_Iterable[_Union[StoreCount, _Mapping]]] = ...) -> None: ...

class Watermark(_message.Message):
    __slots__ = ("consumed_seq", "due_ms", "reason", "segment", "failures", "attempted_ms", "error", "revision", "outcome", "triggered_ms", "settling_since_ms")
    CONSUMED_SEQ_FIELD_NUMBER: _ClassVar[int]
    DUE_MS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTED_MS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    TRIGGERED_MS_FIELD_NUMBER: _ClassVar[int]
    SETTLING_SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    consumed_seq: int
    due_ms: int
    reason: RefreshReason
    segment: _profile_pb2.Segment
    failures: int
    attempted_ms: int
    error: str
    revision: int
    outcome: RefreshOutcome
    triggered_ms: int
    settling_since_ms: int
    def __init__(self, consumed_seq: _Optional[int] = ..., due_ms: _Optional[int] = ..., reason: _Optional[_Union[RefreshReason, str]] = ..., segment: _Optional[_Union[_profile_pb2.Segment, str]] = ..., failures: _Optional[int] = ..., attempted_ms: _Optional[int] = ..., error: _Optional[str] = ..., revision: _Optional[int] = ..., outcome: _Optional[_Union[RefreshOutcome, str]] = ..., triggered_ms: _Optional[int] = ..., settling_since_ms: _Optional[int] = ...) -> None: ...

class SchedulerProblem(_message.Message):
    __slots__ = ("message", "since_ms")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    message: str
    since_ms: int
    def __init__(self, message: _Optional[str] = ..., since_ms: _Optional[int] = ...) -> None: ...

class SchedulerProblems(_message.Message):
    __slots__ = ("problems",)
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    problems: _containers.RepeatedCompositeFieldContainer[SchedulerProblem]
    def __init__(self, problems: _Optional[_Iterable[_Union[SchedulerProblem, _Mapping]]] = ...) -> None: ...

class LedgerEntry(_message.Message):
    __slots__ = ("user_key", "started_ms", "duration_us", "reason", "outcome", "revision", "generator", "model", "input_tokens", "output_tokens", "cost_micro_usd", "event_count", "error", "triggered_ms")
    USER_KEY_FIELD_NUMBER: _ClassVar[int]
    STARTED_MS_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    GENERATOR_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    TRIGGERED_MS_FIELD_NUMBER: _ClassVar[int]
    user_key: bytes
    started_ms: int
    duration_us: int
    reason: RefreshReason
    outcome: RefreshOutcome
    revision: int
    generator: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_micro_usd: int
    event_count: int
    error: str
    triggered_ms: int
    def __init__(self, user_key: _Optional[bytes] = ..., started_ms: _Optional[int] = ..., duration_us: _Optional[int] = ..., reason: _Optional[_Union[RefreshReason, str]] = ..., outcome: _Optional[_Union[RefreshOutcome, str]] = ..., revision: _Optional[int] = ..., generator: _Optional[str] = ..., model: _Optional[str] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cost_micro_usd: _Optional[int] = ..., event_count: _Optional[int] = ..., error: _Optional[str] = ..., triggered_ms: _Optional[int] = ...) -> None: ...

class LedgerTotals(_message.Message):
    __slots__ = ("attempts", "written", "unchanged", "defaults", "failed", "input_tokens", "output_tokens", "cost_micro_usd")
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    WRITTEN_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    DEFAULTS_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    attempts: int
    written: int
    unchanged: int
    defaults: int
    failed: int
    input_tokens: int
    output_tokens: int
    cost_micro_usd: int
    def __init__(self, attempts: _Optional[int] = ..., written: _Optional[int] = ..., unchanged: _Optional[int] = ..., defaults: _Optional[int] = ..., failed: _Optional[int] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cost_micro_usd: _Optional[int] = ...) -> None: ...

class Population(_message.Message):
    __slots__ = ("as_of_ms", "topics", "total_weight", "user_count", "length_weights")
    AS_OF_MS_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    USER_COUNT_FIELD_NUMBER: _ClassVar[int]
    LENGTH_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    as_of_ms: int
    topics: _containers.RepeatedCompositeFieldContainer[_profile_pb2.FadedCount]
    total_weight: float
    user_count: int
    length_weights: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, as_of_ms: _Optional[int] = ..., topics: _Optional[_Iterable[_Union[_profile_pb2.FadedCount, _Mapping]]] = ..., total_weight: _Optional[float] = ..., user_count: _Optional[int] = ..., length_weights: _Optional[_Iterable[float]] = ...) -> None: ...
