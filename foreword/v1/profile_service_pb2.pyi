import datetime

from foreword.v1 import error_reason_pb2 as _error_reason_pb2
from foreword.v1 import freshness_pb2 as _freshness_pb2
from foreword.v1 import profile_pb2 as _profile_pb2
from foreword.v1 import profile_change_pb2 as _profile_change_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WatchPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WATCH_PHASE_UNSPECIFIED: _ClassVar[WatchPhase]
    WATCH_PHASE_BEGINNING: _ClassVar[WatchPhase]
    WATCH_PHASE_SNAPSHOT: _ClassVar[WatchPhase]
    WATCH_PHASE_LIVE: _ClassVar[WatchPhase]
WATCH_PHASE_UNSPECIFIED: WatchPhase
WATCH_PHASE_BEGINNING: WatchPhase
WATCH_PHASE_SNAPSHOT: WatchPhase
WATCH_PHASE_LIVE: WatchPhase

class GetProfileRequest(_message.Message):
    __slots__ = ("user_id", "namespace")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ...) -> None: ...

class GetProfileResponse(_message.Message):
    __slots__ = ("profile", "freshness")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    profile: _profile_pb2.Profile
    freshness: _freshness_pb2.Freshness
    def __init__(self, profile: _Optional[_Union[_profile_pb2.Profile, _Mapping]] = ..., freshness: _Optional[_Union[_freshness_pb2.Freshness, str]] = ...) -> None: ...

class BatchGetProfilesRequest(_message.Message):
    __slots__ = ("user_ids", "namespace")
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    namespace: str
    def __init__(self, user_ids: _Optional[_Iterable[str]] = ..., namespace: _Optional[str] = ...) -> None: ...

class BatchGetProfilesResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[GetProfileResponse]
    def __init__(self, results: _Optional[_Iterable[_Union[GetProfileResponse, _Mapping]]] = ...) -> None: ...

class LookupProfilesRequest(_message.Message):
    __slots__ = ("user_id", "namespace", "lookup_id")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    LOOKUP_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    lookup_id: int
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., lookup_id: _Optional[int] = ...) -> None: ...

class LookupProfilesResponse(_message.Message):
    __slots__ = ("profile", "freshness", "lookup_id", "refusal")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    LOOKUP_ID_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    profile: _profile_pb2.Profile
    freshness: _freshness_pb2.Freshness
    lookup_id: int
    refusal: LookupRefusal
    def __init__(self, profile: _Optional[_Union[_profile_pb2.Profile, _Mapping]] = ..., freshness: _Optional[_Union[_freshness_pb2.Freshness, str]] = ..., lookup_id: _Optional[int] = ..., refusal: _Optional[_Union[LookupRefusal, _Mapping]] = ...) -> None: ...

class LookupRefusal(_message.Message):
    __slots__ = ("field", "message", "reason")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    field: str
    message: str
    reason: _error_reason_pb2.ErrorReason
    def __init__(self, field: _Optional[str] = ..., message: _Optional[str] = ..., reason: _Optional[_Union[_error_reason_pb2.ErrorReason, str]] = ...) -> None: ...

class GetForewordRequest(_message.Message):
    __slots__ = ("user_id", "namespace", "max_tokens", "session_id")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    max_tokens: int
    session_id: str
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., max_tokens: _Optional[int] = ..., session_id: _Optional[str] = ...) -> None: ...

class GetForewordResponse(_message.Message):
    __slots__ = ("text", "token_count", "revision", "etag", "freshness", "cuts", "tokenizer", "computed_at", "parts")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    CUTS_FIELD_NUMBER: _ClassVar[int]
    TOKENIZER_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_AT_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    text: str
    token_count: int
    revision: int
    etag: str
    freshness: _freshness_pb2.Freshness
    cuts: _containers.RepeatedCompositeFieldContainer[_profile_pb2.ForewordCut]
    tokenizer: str
    computed_at: _timestamp_pb2.Timestamp
    parts: _containers.RepeatedCompositeFieldContainer[_profile_pb2.ForewordPart]
    def __init__(self, text: _Optional[str] = ..., token_count: _Optional[int] = ..., revision: _Optional[int] = ..., etag: _Optional[str] = ..., freshness: _Optional[_Union[_freshness_pb2.Freshness, str]] = ..., cuts: _Optional[_Iterable[_Union[_profile_pb2.ForewordCut, _Mapping]]] = ..., tokenizer: _Optional[str] = ..., computed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., parts: _Optional[_Iterable[_Union[_profile_pb2.ForewordPart, _Mapping]]] = ...) -> None: ...

class ListRevisionsRequest(_message.Message):
    __slots__ = ("user_id", "namespace")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ...) -> None: ...

class RevisionEntry(_message.Message):
    __slots__ = ("profile", "changes")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    profile: _profile_pb2.Profile
    changes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, profile: _Optional[_Union[_profile_pb2.Profile, _Mapping]] = ..., changes: _Optional[_Iterable[str]] = ...) -> None: ...

class ListRevisionsResponse(_message.Message):
    __slots__ = ("revisions", "damaged_revisions")
    REVISIONS_FIELD_NUMBER: _ClassVar[int]
    DAMAGED_REVISIONS_FIELD_NUMBER: _ClassVar[int]
    revisions: _containers.RepeatedCompositeFieldContainer[RevisionEntry]
    damaged_revisions: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, revisions: _Optional[_Iterable[_Union[RevisionEntry, _Mapping]]] = ..., damaged_revisions: _Optional[_Iterable[int]] = ...) -> None: ...

class RollbackProfileRequest(_message.Message):
    __slots__ = ("user_id", "namespace", "revision", "wait")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    revision: int
    wait: _duration_pb2.Duration
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., revision: _Optional[int] = ..., wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RollbackProfileResponse(_message.Message):
    __slots__ = ("requested_at", "completed", "revision", "error")
    REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    requested_at: _timestamp_pb2.Timestamp
    completed: bool
    revision: int
    error: str
    def __init__(self, requested_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., completed: bool = ..., revision: _Optional[int] = ..., error: _Optional[str] = ...) -> None: ...

class WatchProfilesRequest(_message.Message):
    __slots__ = ("user_ids", "namespace", "all_namespaces", "resume_token", "after_revision", "from_now")
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ALL_NAMESPACES_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    AFTER_REVISION_FIELD_NUMBER: _ClassVar[int]
    FROM_NOW_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    namespace: str
    all_namespaces: bool
    resume_token: bytes
    after_revision: int
    from_now: bool
    def __init__(self, user_ids: _Optional[_Iterable[str]] = ..., namespace: _Optional[str] = ..., all_namespaces: bool = ..., resume_token: _Optional[bytes] = ..., after_revision: _Optional[int] = ..., from_now: bool = ...) -> None: ...

class WatchProfilesResponse(_message.Message):
    __slots__ = ("phase", "resume_token", "changes")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    phase: WatchPhase
    resume_token: bytes
    changes: _containers.RepeatedCompositeFieldContainer[_profile_change_pb2.ProfileChange]
    def __init__(self, phase: _Optional[_Union[WatchPhase, str]] = ..., resume_token: _Optional[bytes] = ..., changes: _Optional[_Iterable[_Union[_profile_change_pb2.ProfileChange, _Mapping]]] = ...) -> None: ...
