import datetime

from foreword.v1 import model_work_pb2 as _model_work_pb2
from foreword.v1 import profile_pb2 as _profile_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SegmentModel(_message.Message):
    __slots__ = ("segment", "provider", "model", "trigger_mode", "cadence_mode")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_MODE_FIELD_NUMBER: _ClassVar[int]
    CADENCE_MODE_FIELD_NUMBER: _ClassVar[int]
    segment: _profile_pb2.Segment
    provider: str
    model: str
    trigger_mode: _model_work_pb2.ModelMode
    cadence_mode: _model_work_pb2.ModelMode
    def __init__(self, segment: _Optional[_Union[_profile_pb2.Segment, str]] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., trigger_mode: _Optional[_Union[_model_work_pb2.ModelMode, str]] = ..., cadence_mode: _Optional[_Union[_model_work_pb2.ModelMode, str]] = ...) -> None: ...

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
