import datetime

from foreword.v1 import profile_pb2 as _profile_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ChangeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANGE_KIND_UNSPECIFIED: _ClassVar[ChangeKind]
    CHANGE_KIND_PRESENT: _ClassVar[ChangeKind]
    CHANGE_KIND_WRITTEN: _ClassVar[ChangeKind]
    CHANGE_KIND_ROLLED_BACK: _ClassVar[ChangeKind]
    CHANGE_KIND_REVALIDATED: _ClassVar[ChangeKind]
    CHANGE_KIND_ERASED: _ClassVar[ChangeKind]
CHANGE_KIND_UNSPECIFIED: ChangeKind
CHANGE_KIND_PRESENT: ChangeKind
CHANGE_KIND_WRITTEN: ChangeKind
CHANGE_KIND_ROLLED_BACK: ChangeKind
CHANGE_KIND_REVALIDATED: ChangeKind
CHANGE_KIND_ERASED: ChangeKind

class ProfileChange(_message.Message):
    __slots__ = ("kind", "user_id", "namespace", "revision", "profile", "stale_after", "expired_after", "segment", "refresh_on_open")
    KIND_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    STALE_AFTER_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_AFTER_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    REFRESH_ON_OPEN_FIELD_NUMBER: _ClassVar[int]
    kind: ChangeKind
    user_id: str
    namespace: str
    revision: int
    profile: _profile_pb2.Profile
    stale_after: _timestamp_pb2.Timestamp
    expired_after: _timestamp_pb2.Timestamp
    segment: _profile_pb2.Segment
    refresh_on_open: bool
    def __init__(self, kind: _Optional[_Union[ChangeKind, str]] = ..., user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., revision: _Optional[int] = ..., profile: _Optional[_Union[_profile_pb2.Profile, _Mapping]] = ..., stale_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expired_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., segment: _Optional[_Union[_profile_pb2.Segment, str]] = ..., refresh_on_open: bool = ...) -> None: ...
