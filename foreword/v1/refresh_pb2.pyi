from foreword.v1 import profile_pb2 as _profile_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
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
    REFRESH_REASON_EVENTS_DELETED: _ClassVar[RefreshReason]
    REFRESH_REASON_ROLLBACK: _ClassVar[RefreshReason]
    REFRESH_REASON_BACKFILL: _ClassVar[RefreshReason]

class RefreshMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFRESH_MODE_UNSPECIFIED: _ClassVar[RefreshMode]
    REFRESH_MODE_INCREMENTAL: _ClassVar[RefreshMode]
    REFRESH_MODE_FULL: _ClassVar[RefreshMode]

class RefreshOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFRESH_OUTCOME_UNSPECIFIED: _ClassVar[RefreshOutcome]
    REFRESH_OUTCOME_WRITTEN: _ClassVar[RefreshOutcome]
    REFRESH_OUTCOME_UNCHANGED: _ClassVar[RefreshOutcome]
    REFRESH_OUTCOME_DEFAULT: _ClassVar[RefreshOutcome]
    REFRESH_OUTCOME_FAILED: _ClassVar[RefreshOutcome]
    REFRESH_OUTCOME_SKIPPED: _ClassVar[RefreshOutcome]
REFRESH_REASON_UNSPECIFIED: RefreshReason
REFRESH_REASON_CADENCE: RefreshReason
REFRESH_REASON_SESSION_END: RefreshReason
REFRESH_REASON_ON_OPEN: RefreshReason
REFRESH_REASON_MANUAL: RefreshReason
REFRESH_REASON_RETRY: RefreshReason
REFRESH_REASON_EVENTS_DELETED: RefreshReason
REFRESH_REASON_ROLLBACK: RefreshReason
REFRESH_REASON_BACKFILL: RefreshReason
REFRESH_MODE_UNSPECIFIED: RefreshMode
REFRESH_MODE_INCREMENTAL: RefreshMode
REFRESH_MODE_FULL: RefreshMode
REFRESH_OUTCOME_UNSPECIFIED: RefreshOutcome
REFRESH_OUTCOME_WRITTEN: RefreshOutcome
REFRESH_OUTCOME_UNCHANGED: RefreshOutcome
REFRESH_OUTCOME_DEFAULT: RefreshOutcome
REFRESH_OUTCOME_FAILED: RefreshOutcome
REFRESH_OUTCOME_SKIPPED: RefreshOutcome

class RefreshState(_message.Message):
    __slots__ = ("consumed_seq", "due_ms", "reason", "segment", "failures", "attempted_ms", "error", "revision", "outcome", "triggered_ms", "settling_since_ms", "settings_digest", "deletion_seq", "full_seq", "uncompared_count", "consumed_count", "is_held", "habits")
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
    SETTINGS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    DELETION_SEQ_FIELD_NUMBER: _ClassVar[int]
    FULL_SEQ_FIELD_NUMBER: _ClassVar[int]
    UNCOMPARED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONSUMED_COUNT_FIELD_NUMBER: _ClassVar[int]
    IS_HELD_FIELD_NUMBER: _ClassVar[int]
    HABITS_FIELD_NUMBER: _ClassVar[int]
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
    settings_digest: int
    deletion_seq: int
    full_seq: int
    uncompared_count: int
    consumed_count: int
    is_held: bool
    habits: Habits
    def __init__(self, consumed_seq: _Optional[int] = ..., due_ms: _Optional[int] = ..., reason: _Optional[_Union[RefreshReason, str]] = ..., segment: _Optional[_Union[_profile_pb2.Segment, str]] = ..., failures: _Optional[int] = ..., attempted_ms: _Optional[int] = ..., error: _Optional[str] = ..., revision: _Optional[int] = ..., outcome: _Optional[_Union[RefreshOutcome, str]] = ..., triggered_ms: _Optional[int] = ..., settling_since_ms: _Optional[int] = ..., settings_digest: _Optional[int] = ..., deletion_seq: _Optional[int] = ..., full_seq: _Optional[int] = ..., uncompared_count: _Optional[int] = ..., consumed_count: _Optional[int] = ..., is_held: bool = ..., habits: _Optional[_Union[Habits, _Mapping]] = ...) -> None: ...

class Habits(_message.Message):
    __slots__ = ("open_count", "opened_ms", "opened_event_count", "opens", "open_days", "open_events", "changes", "change_events")
    OPEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPENED_MS_FIELD_NUMBER: _ClassVar[int]
    OPENED_EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPENS_FIELD_NUMBER: _ClassVar[int]
    OPEN_DAYS_FIELD_NUMBER: _ClassVar[int]
    OPEN_EVENTS_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    CHANGE_EVENTS_FIELD_NUMBER: _ClassVar[int]
    open_count: int
    opened_ms: int
    opened_event_count: int
    opens: float
    open_days: float
    open_events: float
    changes: float
    change_events: float
    def __init__(self, open_count: _Optional[int] = ..., opened_ms: _Optional[int] = ..., opened_event_count: _Optional[int] = ..., opens: _Optional[float] = ..., open_days: _Optional[float] = ..., open_events: _Optional[float] = ..., changes: _Optional[float] = ..., change_events: _Optional[float] = ...) -> None: ...

class LedgerEntry(_message.Message):
    __slots__ = ("user_key", "started_ms", "duration_us", "reason", "outcome", "revision", "generator", "model", "input_tokens", "output_tokens", "cost_micro_usd", "event_count", "error", "triggered_ms", "is_compared", "difference", "is_comparison_skipped")
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
    IS_COMPARED_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    IS_COMPARISON_SKIPPED_FIELD_NUMBER: _ClassVar[int]
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
    is_compared: bool
    difference: str
    is_comparison_skipped: bool
    def __init__(self, user_key: _Optional[bytes] = ..., started_ms: _Optional[int] = ..., duration_us: _Optional[int] = ..., reason: _Optional[_Union[RefreshReason, str]] = ..., outcome: _Optional[_Union[RefreshOutcome, str]] = ..., revision: _Optional[int] = ..., generator: _Optional[str] = ..., model: _Optional[str] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cost_micro_usd: _Optional[int] = ..., event_count: _Optional[int] = ..., error: _Optional[str] = ..., triggered_ms: _Optional[int] = ..., is_compared: bool = ..., difference: _Optional[str] = ..., is_comparison_skipped: bool = ...) -> None: ...

class LedgerTotals(_message.Message):
    __slots__ = ("attempts", "written", "unchanged", "defaults", "failed", "input_tokens", "output_tokens", "cost_micro_usd", "compared", "differed", "comparisons_skipped", "skipped")
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    WRITTEN_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    DEFAULTS_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    COMPARED_FIELD_NUMBER: _ClassVar[int]
    DIFFERED_FIELD_NUMBER: _ClassVar[int]
    COMPARISONS_SKIPPED_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    attempts: int
    written: int
    unchanged: int
    defaults: int
    failed: int
    input_tokens: int
    output_tokens: int
    cost_micro_usd: int
    compared: int
    differed: int
    comparisons_skipped: int
    skipped: int
    def __init__(self, attempts: _Optional[int] = ..., written: _Optional[int] = ..., unchanged: _Optional[int] = ..., defaults: _Optional[int] = ..., failed: _Optional[int] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cost_micro_usd: _Optional[int] = ..., compared: _Optional[int] = ..., differed: _Optional[int] = ..., comparisons_skipped: _Optional[int] = ..., skipped: _Optional[int] = ...) -> None: ...
