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

class Feedback(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FEEDBACK_UNSPECIFIED: _ClassVar[Feedback]
    FEEDBACK_LIKE: _ClassVar[Feedback]
    FEEDBACK_DISLIKE: _ClassVar[Feedback]
    FEEDBACK_ACCEPT: _ClassVar[Feedback]
    FEEDBACK_REJECT: _ClassVar[Feedback]
    FEEDBACK_CORRECTION: _ClassVar[Feedback]
FEEDBACK_UNSPECIFIED: Feedback
FEEDBACK_LIKE: Feedback
FEEDBACK_DISLIKE: Feedback
FEEDBACK_ACCEPT: Feedback
FEEDBACK_REJECT: Feedback
FEEDBACK_CORRECTION: Feedback

class Event(_message.Message):
    __slots__ = ("event_id", "user_id", "namespace", "time", "type", "item_id", "topics", "text", "session_id", "dwell", "feedback", "value", "attributes", "vector")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    DWELL_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    user_id: str
    namespace: str
    time: _timestamp_pb2.Timestamp
    type: str
    item_id: str
    topics: _containers.RepeatedScalarFieldContainer[str]
    text: str
    session_id: str
    dwell: _duration_pb2.Duration
    feedback: Feedback
    value: float
    attributes: _containers.ScalarMap[str, str]
    vector: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, event_id: _Optional[str] = ..., user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., type: _Optional[str] = ..., item_id: _Optional[str] = ..., topics: _Optional[_Iterable[str]] = ..., text: _Optional[str] = ..., session_id: _Optional[str] = ..., dwell: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., feedback: _Optional[_Union[Feedback, str]] = ..., value: _Optional[float] = ..., attributes: _Optional[_Mapping[str, str]] = ..., vector: _Optional[_Iterable[float]] = ...) -> None: ...
