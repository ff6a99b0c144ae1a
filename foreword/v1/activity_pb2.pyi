from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DayCount(_message.Message):
    __slots__ = ("day", "count", "sessions")
    DAY_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    day: int
    count: int
    sessions: int
    def __init__(self, day: _Optional[int] = ..., count: _Optional[int] = ..., sessions: _Optional[int] = ...) -> None: ...

class NotedAttribute(_message.Message):
    __slots__ = ("value", "time_ms")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    value: str
    time_ms: int
    def __init__(self, value: _Optional[str] = ..., time_ms: _Optional[int] = ...) -> None: ...

class UserActivity(_message.Message):
    __slots__ = ("first_seen_ms", "last_seen_ms", "last_seq", "event_count", "days", "trigger_seq", "deleted_count", "deletion_seq", "full_seq", "attributes", "for_backfill_ms", "forgotten_from_ms", "forgotten_to_ms", "late_ms")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: NotedAttribute
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[NotedAttribute, _Mapping]] = ...) -> None: ...
    FIRST_SEEN_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQ_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_SEQ_FIELD_NUMBER: _ClassVar[int]
    DELETED_COUNT_FIELD_NUMBER: _ClassVar[int]
    DELETION_SEQ_FIELD_NUMBER: _ClassVar[int]
    FULL_SEQ_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    FOR_BACKFILL_MS_FIELD_NUMBER: _ClassVar[int]
    FORGOTTEN_FROM_MS_FIELD_NUMBER: _ClassVar[int]
    FORGOTTEN_TO_MS_FIELD_NUMBER: _ClassVar[int]
    LATE_MS_FIELD_NUMBER: _ClassVar[int]
    first_seen_ms: int
    last_seen_ms: int
    last_seq: int
    event_count: int
    days: _containers.RepeatedCompositeFieldContainer[DayCount]
    trigger_seq: int
    deleted_count: int
    deletion_seq: int
    full_seq: int
    attributes: _containers.MessageMap[str, NotedAttribute]
    for_backfill_ms: int
    forgotten_from_ms: int
    forgotten_to_ms: int
    late_ms: int
    def __init__(self, first_seen_ms: _Optional[int] = ..., last_seen_ms: _Optional[int] = ..., last_seq: _Optional[int] = ..., event_count: _Optional[int] = ..., days: _Optional[_Iterable[_Union[DayCount, _Mapping]]] = ..., trigger_seq: _Optional[int] = ..., deleted_count: _Optional[int] = ..., deletion_seq: _Optional[int] = ..., full_seq: _Optional[int] = ..., attributes: _Optional[_Mapping[str, NotedAttribute]] = ..., for_backfill_ms: _Optional[int] = ..., forgotten_from_ms: _Optional[int] = ..., forgotten_to_ms: _Optional[int] = ..., late_ms: _Optional[int] = ...) -> None: ...

class Trigger(_message.Message):
    __slots__ = ("user_key", "activity_ms", "session_end_ms", "on_open_ms", "manual_ms", "erase_ms", "erase_id", "deleted_ms", "full_ms", "rollback_ms", "rollback_revision")
    USER_KEY_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_MS_FIELD_NUMBER: _ClassVar[int]
    SESSION_END_MS_FIELD_NUMBER: _ClassVar[int]
    ON_OPEN_MS_FIELD_NUMBER: _ClassVar[int]
    MANUAL_MS_FIELD_NUMBER: _ClassVar[int]
    ERASE_MS_FIELD_NUMBER: _ClassVar[int]
    ERASE_ID_FIELD_NUMBER: _ClassVar[int]
    DELETED_MS_FIELD_NUMBER: _ClassVar[int]
    FULL_MS_FIELD_NUMBER: _ClassVar[int]
    ROLLBACK_MS_FIELD_NUMBER: _ClassVar[int]
    ROLLBACK_REVISION_FIELD_NUMBER: _ClassVar[int]
    user_key: bytes
    activity_ms: int
    session_end_ms: int
    on_open_ms: int
    manual_ms: int
    erase_ms: int
    erase_id: bytes
    deleted_ms: int
    full_ms: int
    rollback_ms: int
    rollback_revision: int
    def __init__(self, user_key: _Optional[bytes] = ..., activity_ms: _Optional[int] = ..., session_end_ms: _Optional[int] = ..., on_open_ms: _Optional[int] = ..., manual_ms: _Optional[int] = ..., erase_ms: _Optional[int] = ..., erase_id: _Optional[bytes] = ..., deleted_ms: _Optional[int] = ..., full_ms: _Optional[int] = ..., rollback_ms: _Optional[int] = ..., rollback_revision: _Optional[int] = ...) -> None: ...
