from foreword.v1 import core_pb2 as _core_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StoredCore(_message.Message):
    __slots__ = ("core", "vector", "vector_model")
    CORE_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    VECTOR_MODEL_FIELD_NUMBER: _ClassVar[int]
    core: _core_pb2.Core
    vector: bytes
    vector_model: str
    def __init__(self, core: _Optional[_Union[_core_pb2.Core, _Mapping]] = ..., vector: _Optional[bytes] = ..., vector_model: _Optional[str] = ...) -> None: ...

class StoredAlias(_message.Message):
    __slots__ = ("core_id", "alias")
    CORE_ID_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    core_id: bytes
    alias: _core_pb2.CoreAlias
    def __init__(self, core_id: _Optional[bytes] = ..., alias: _Optional[_Union[_core_pb2.CoreAlias, _Mapping]] = ...) -> None: ...

class StoredAliases(_message.Message):
    __slots__ = ("alias_ids",)
    ALIAS_IDS_FIELD_NUMBER: _ClassVar[int]
    alias_ids: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, alias_ids: _Optional[_Iterable[bytes]] = ...) -> None: ...

class StoredChange(_message.Message):
    __slots__ = ("core_id",)
    CORE_ID_FIELD_NUMBER: _ClassVar[int]
    core_id: bytes
    def __init__(self, core_id: _Optional[bytes] = ...) -> None: ...

class LastChange(_message.Message):
    __slots__ = ("number",)
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    number: int
    def __init__(self, number: _Optional[int] = ...) -> None: ...

class TaggedCores(_message.Message):
    __slots__ = ("core_ids",)
    CORE_IDS_FIELD_NUMBER: _ClassVar[int]
    core_ids: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, core_ids: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Lease(_message.Message):
    __slots__ = ("fence", "until_ms", "holder")
    FENCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    fence: int
    until_ms: int
    holder: str
    def __init__(self, fence: _Optional[int] = ..., until_ms: _Optional[int] = ..., holder: _Optional[str] = ...) -> None: ...

class Epoch(_message.Message):
    __slots__ = ("epoch",)
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    def __init__(self, epoch: _Optional[int] = ...) -> None: ...
