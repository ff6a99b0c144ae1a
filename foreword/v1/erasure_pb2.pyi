from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Erasure(_message.Message):
    __slots__ = ("erase_id", "requested_ms", "trigger_seq", "is_archive_pending")
    ERASE_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_MS_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_SEQ_FIELD_NUMBER: _ClassVar[int]
    IS_ARCHIVE_PENDING_FIELD_NUMBER: _ClassVar[int]
    erase_id: bytes
    requested_ms: int
    trigger_seq: int
    is_archive_pending: bool
    def __init__(self, erase_id: _Optional[bytes] = ..., requested_ms: _Optional[int] = ..., trigger_seq: _Optional[int] = ..., is_archive_pending: bool = ...) -> None: ...

class StoreCount(_message.Message):
    __slots__ = ("store", "rows")
    STORE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    store: str
    rows: int
    def __init__(self, store: _Optional[str] = ..., rows: _Optional[int] = ...) -> None: ...
