from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_REASON_UNSPECIFIED: _ClassVar[ErrorReason]
    ERROR_REASON_FIELD_INVALID: _ClassVar[ErrorReason]
    ERROR_REASON_BATCH_TOO_LARGE: _ClassVar[ErrorReason]
    ERROR_REASON_DUPLICATE: _ClassVar[ErrorReason]
    ERROR_REASON_STORE_FULL: _ClassVar[ErrorReason]
    ERROR_REASON_STORE_NOT_WRITABLE: _ClassVar[ErrorReason]
    ERROR_REASON_STORE_CORRUPT: _ClassVar[ErrorReason]
    ERROR_REASON_QUEUE_FULL: _ClassVar[ErrorReason]
    ERROR_REASON_DRAINING: _ClassVar[ErrorReason]
    ERROR_REASON_DEADLINE_EXCEEDED: _ClassVar[ErrorReason]
    ERROR_REASON_INTERNAL: _ClassVar[ErrorReason]
    ERROR_REASON_NO_ANSWER: _ClassVar[ErrorReason]
    ERROR_REASON_CORE_EXISTS: _ClassVar[ErrorReason]
    ERROR_REASON_CACHE_UNAVAILABLE: _ClassVar[ErrorReason]
    ERROR_REASON_ID_FORGOTTEN: _ClassVar[ErrorReason]
    ERROR_REASON_BACKFILL_STATE: _ClassVar[ErrorReason]
    ERROR_REASON_DECISION_UNKNOWN: _ClassVar[ErrorReason]
    ERROR_REASON_EXTRA_MISSING: _ClassVar[ErrorReason]
    ERROR_REASON_RESYNC_REQUIRED: _ClassVar[ErrorReason]
    ERROR_REASON_STREAMS_EXHAUSTED: _ClassVar[ErrorReason]
    ERROR_REASON_UNAUTHENTICATED: _ClassVar[ErrorReason]
    ERROR_REASON_RIGHT_MISSING: _ClassVar[ErrorReason]
    ERROR_REASON_NAMESPACE_FORBIDDEN: _ClassVar[ErrorReason]
    ERROR_REASON_CONNECTIONS_EXHAUSTED: _ClassVar[ErrorReason]
ERROR_REASON_UNSPECIFIED: ErrorReason
ERROR_REASON_FIELD_INVALID: ErrorReason
ERROR_REASON_BATCH_TOO_LARGE: ErrorReason
ERROR_REASON_DUPLICATE: ErrorReason
ERROR_REASON_STORE_FULL: ErrorReason
ERROR_REASON_STORE_NOT_WRITABLE: ErrorReason
ERROR_REASON_STORE_CORRUPT: ErrorReason
ERROR_REASON_QUEUE_FULL: ErrorReason
ERROR_REASON_DRAINING: ErrorReason
ERROR_REASON_DEADLINE_EXCEEDED: ErrorReason
ERROR_REASON_INTERNAL: ErrorReason
ERROR_REASON_NO_ANSWER: ErrorReason
ERROR_REASON_CORE_EXISTS: ErrorReason
ERROR_REASON_CACHE_UNAVAILABLE: ErrorReason
ERROR_REASON_ID_FORGOTTEN: ErrorReason
ERROR_REASON_BACKFILL_STATE: ErrorReason
ERROR_REASON_DECISION_UNKNOWN: ErrorReason
ERROR_REASON_EXTRA_MISSING: ErrorReason
ERROR_REASON_RESYNC_REQUIRED: ErrorReason
ERROR_REASON_STREAMS_EXHAUSTED: ErrorReason
ERROR_REASON_UNAUTHENTICATED: ErrorReason
ERROR_REASON_RIGHT_MISSING: ErrorReason
ERROR_REASON_NAMESPACE_FORBIDDEN: ErrorReason
ERROR_REASON_CONNECTIONS_EXHAUSTED: ErrorReason
