import datetime

from foreword.v1 import ledger_pb2 as _ledger_pb2
from foreword.v1 import model_work_pb2 as _model_work_pb2
from foreword.v1 import profile_pb2 as _profile_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SegmentModel(_message.Message):
    __slots__ = ("segment", "provider", "model", "trigger_mode", "cadence_mode", "segment_name")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_MODE_FIELD_NUMBER: _ClassVar[int]
    CADENCE_MODE_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    segment: _profile_pb2.Segment
    provider: str
    model: str
    trigger_mode: _model_work_pb2.ModelMode
    cadence_mode: _model_work_pb2.ModelMode
    segment_name: str
    def __init__(self, segment: _Optional[_Union[_profile_pb2.Segment, str]] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., trigger_mode: _Optional[_Union[_model_work_pb2.ModelMode, str]] = ..., cadence_mode: _Optional[_Union[_model_work_pb2.ModelMode, str]] = ..., segment_name: _Optional[str] = ...) -> None: ...

class ModelProvider(_message.Message):
    __slots__ = ("provider", "not_asked", "held_back", "held_back_until", "open_call_count", "calls_max", "failures")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    NOT_ASKED_FIELD_NUMBER: _ClassVar[int]
    HELD_BACK_FIELD_NUMBER: _ClassVar[int]
    HELD_BACK_UNTIL_FIELD_NUMBER: _ClassVar[int]
    OPEN_CALL_COUNT_FIELD_NUMBER: _ClassVar[int]
    CALLS_MAX_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    provider: str
    not_asked: str
    held_back: str
    held_back_until: _timestamp_pb2.Timestamp
    open_call_count: int
    calls_max: int
    failures: int
    def __init__(self, provider: _Optional[str] = ..., not_asked: _Optional[str] = ..., held_back: _Optional[str] = ..., held_back_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., open_call_count: _Optional[int] = ..., calls_max: _Optional[int] = ..., failures: _Optional[int] = ...) -> None: ...

class ModelWaiting(_message.Message):
    __slots__ = ("wait", "user_count")
    WAIT_FIELD_NUMBER: _ClassVar[int]
    USER_COUNT_FIELD_NUMBER: _ClassVar[int]
    wait: _model_work_pb2.ModelWait
    user_count: int
    def __init__(self, wait: _Optional[_Union[_model_work_pb2.ModelWait, str]] = ..., user_count: _Optional[int] = ...) -> None: ...

class ModelBatchStatus(_message.Message):
    __slots__ = ("number", "batch_id", "provider", "model", "intended_at", "polled_at", "item_count", "open_item_count", "error")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    INTENDED_AT_FIELD_NUMBER: _ClassVar[int]
    POLLED_AT_FIELD_NUMBER: _ClassVar[int]
    ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPEN_ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    number: int
    batch_id: str
    provider: str
    model: str
    intended_at: _timestamp_pb2.Timestamp
    polled_at: _timestamp_pb2.Timestamp
    item_count: int
    open_item_count: int
    error: str
    def __init__(self, number: _Optional[int] = ..., batch_id: _Optional[str] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., intended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., polled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., item_count: _Optional[int] = ..., open_item_count: _Optional[int] = ..., error: _Optional[str] = ...) -> None: ...

class ModelStatus(_message.Message):
    __slots__ = ("segments", "providers", "messages_due_count", "batch_due_count", "waiting", "open_call_count", "batches", "reserved_micro_usd", "day_budget_micro_usd", "today", "month", "request_path")
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_DUE_COUNT_FIELD_NUMBER: _ClassVar[int]
    BATCH_DUE_COUNT_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    OPEN_CALL_COUNT_FIELD_NUMBER: _ClassVar[int]
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    RESERVED_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    DAY_BUDGET_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    TODAY_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    REQUEST_PATH_FIELD_NUMBER: _ClassVar[int]
    segments: _containers.RepeatedCompositeFieldContainer[SegmentModel]
    providers: _containers.RepeatedCompositeFieldContainer[ModelProvider]
    messages_due_count: int
    batch_due_count: int
    waiting: _containers.RepeatedCompositeFieldContainer[ModelWaiting]
    open_call_count: int
    batches: _containers.RepeatedCompositeFieldContainer[ModelBatchStatus]
    reserved_micro_usd: int
    day_budget_micro_usd: int
    today: _ledger_pb2.LedgerSum
    month: _ledger_pb2.LedgerSum
    request_path: _ledger_pb2.RequestPathCost
    def __init__(self, segments: _Optional[_Iterable[_Union[SegmentModel, _Mapping]]] = ..., providers: _Optional[_Iterable[_Union[ModelProvider, _Mapping]]] = ..., messages_due_count: _Optional[int] = ..., batch_due_count: _Optional[int] = ..., waiting: _Optional[_Iterable[_Union[ModelWaiting, _Mapping]]] = ..., open_call_count: _Optional[int] = ..., batches: _Optional[_Iterable[_Union[ModelBatchStatus, _Mapping]]] = ..., reserved_micro_usd: _Optional[int] = ..., day_budget_micro_usd: _Optional[int] = ..., today: _Optional[_Union[_ledger_pb2.LedgerSum, _Mapping]] = ..., month: _Optional[_Union[_ledger_pb2.LedgerSum, _Mapping]] = ..., request_path: _Optional[_Union[_ledger_pb2.RequestPathCost, _Mapping]] = ...) -> None: ...
