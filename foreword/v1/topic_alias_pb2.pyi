import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TopicAliasSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOPIC_ALIAS_SOURCE_UNSPECIFIED: _ClassVar[TopicAliasSource]
    TOPIC_ALIAS_SOURCE_OPERATOR: _ClassVar[TopicAliasSource]
    TOPIC_ALIAS_SOURCE_SPELLING: _ClassVar[TopicAliasSource]
    TOPIC_ALIAS_SOURCE_CO_OCCURRENCE: _ClassVar[TopicAliasSource]
    TOPIC_ALIAS_SOURCE_EMBEDDING: _ClassVar[TopicAliasSource]
    TOPIC_ALIAS_SOURCE_MODEL: _ClassVar[TopicAliasSource]
TOPIC_ALIAS_SOURCE_UNSPECIFIED: TopicAliasSource
TOPIC_ALIAS_SOURCE_OPERATOR: TopicAliasSource
TOPIC_ALIAS_SOURCE_SPELLING: TopicAliasSource
TOPIC_ALIAS_SOURCE_CO_OCCURRENCE: TopicAliasSource
TOPIC_ALIAS_SOURCE_EMBEDDING: TopicAliasSource
TOPIC_ALIAS_SOURCE_MODEL: TopicAliasSource

class TopicAlias(_message.Message):
    __slots__ = ("topic", "canonical", "source", "confidence", "is_applied", "time")
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    CANONICAL_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    IS_APPLIED_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    topic: str
    canonical: str
    source: TopicAliasSource
    confidence: float
    is_applied: bool
    time: _timestamp_pb2.Timestamp
    def __init__(self, topic: _Optional[str] = ..., canonical: _Optional[str] = ..., source: _Optional[_Union[TopicAliasSource, str]] = ..., confidence: _Optional[float] = ..., is_applied: bool = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
