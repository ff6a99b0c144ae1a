from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventBand(_message.Message):
    __slots__ = ("first_day", "day_count", "event_count", "first_ms", "last_ms", "types", "other_types_count", "topics", "other_topics_count")
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    DAY_COUNT_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    FIRST_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_MS_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    OTHER_TYPES_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    OTHER_TOPICS_COUNT_FIELD_NUMBER: _ClassVar[int]
    first_day: int
    day_count: int
    event_count: int
    first_ms: int
    last_ms: int
    types: _containers.RepeatedCompositeFieldContainer[NameCount]
    other_types_count: int
    topics: _containers.RepeatedCompositeFieldContainer[NameCount]
    other_topics_count: int
    def __init__(self, first_day: _Optional[int] = ..., day_count: _Optional[int] = ..., event_count: _Optional[int] = ..., first_ms: _Optional[int] = ..., last_ms: _Optional[int] = ..., types: _Optional[_Iterable[_Union[NameCount, _Mapping]]] = ..., other_types_count: _Optional[int] = ..., topics: _Optional[_Iterable[_Union[NameCount, _Mapping]]] = ..., other_topics_count: _Optional[int] = ...) -> None: ...

class NameCount(_message.Message):
    __slots__ = ("name", "event_count")
    NAME_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    event_count: int
    def __init__(self, name: _Optional[str] = ..., event_count: _Optional[int] = ...) -> None: ...
