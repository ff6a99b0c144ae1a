import datetime

from foreword.v1 import error_reason_pb2 as _error_reason_pb2
from foreword.v1 import event_pb2 as _event_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecordEventsRequest(_message.Message):
    __slots__ = ("events", "for_backfill")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    FOR_BACKFILL_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.Event]
    for_backfill: bool
    def __init__(self, events: _Optional[_Iterable[_Union[_event_pb2.Event, _Mapping]]] = ..., for_backfill: bool = ...) -> None: ...

class RecordEventsResponse(_message.Message):
    __slots__ = ("accepted_count", "duplicate_count", "refused")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    duplicate_count: int
    refused: _containers.RepeatedCompositeFieldContainer[RefusedEvent]
    def __init__(self, accepted_count: _Optional[int] = ..., duplicate_count: _Optional[int] = ..., refused: _Optional[_Iterable[_Union[RefusedEvent, _Mapping]]] = ...) -> None: ...

class RefusedEvent(_message.Message):
    __slots__ = ("index", "event_id", "field", "message", "reason")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    index: int
    event_id: str
    field: str
    message: str
    reason: _error_reason_pb2.ErrorReason
    def __init__(self, index: _Optional[int] = ..., event_id: _Optional[str] = ..., field: _Optional[str] = ..., message: _Optional[str] = ..., reason: _Optional[_Union[_error_reason_pb2.ErrorReason, str]] = ...) -> None: ...

class StreamEventsRequest(_message.Message):
    __slots__ = ("events", "for_backfill")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    FOR_BACKFILL_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.Event]
    for_backfill: bool
    def __init__(self, events: _Optional[_Iterable[_Union[_event_pb2.Event, _Mapping]]] = ..., for_backfill: bool = ...) -> None: ...

class StreamEventsResponse(_message.Message):
    __slots__ = ("accepted_count", "duplicate_count", "refused_count", "refused")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    duplicate_count: int
    refused_count: int
    refused: _containers.RepeatedCompositeFieldContainer[RefusedEvent]
    def __init__(self, accepted_count: _Optional[int] = ..., duplicate_count: _Optional[int] = ..., refused_count: _Optional[int] = ..., refused: _Optional[_Iterable[_Union[RefusedEvent, _Mapping]]] = ...) -> None: ...

class DeleteEventsRequest(_message.Message):
    __slots__ = ("user_id", "namespace", "event_ids", "wait")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    EVENT_IDS_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    event_ids: _containers.RepeatedScalarFieldContainer[str]
    wait: _duration_pb2.Duration
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., event_ids: _Optional[_Iterable[str]] = ..., wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DeleteEventsResponse(_message.Message):
    __slots__ = ("deleted_count", "missing_ids", "completed", "revision", "deleted_before_count")
    DELETED_COUNT_FIELD_NUMBER: _ClassVar[int]
    MISSING_IDS_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    DELETED_BEFORE_COUNT_FIELD_NUMBER: _ClassVar[int]
    deleted_count: int
    missing_ids: _containers.RepeatedScalarFieldContainer[str]
    completed: bool
    revision: int
    deleted_before_count: int
    def __init__(self, deleted_count: _Optional[int] = ..., missing_ids: _Optional[_Iterable[str]] = ..., completed: bool = ..., revision: _Optional[int] = ..., deleted_before_count: _Optional[int] = ...) -> None: ...
