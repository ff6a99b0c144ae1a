from foreword.v1 import erasure_pb2 as _erasure_pb2
from foreword.v1 import profile_pb2 as _profile_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ErasureReceipt(_message.Message):
    __slots__ = ("erased_ms", "counts")
    ERASED_MS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    erased_ms: int
    counts: _containers.RepeatedCompositeFieldContainer[_erasure_pb2.StoreCount]
    def __init__(self, erased_ms: _Optional[int] = ..., counts: _Optional[_Iterable[_Union[_erasure_pb2.StoreCount, _Mapping]]] = ...) -> None: ...

class SchedulerProblem(_message.Message):
    __slots__ = ("message", "since_ms")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    message: str
    since_ms: int
    def __init__(self, message: _Optional[str] = ..., since_ms: _Optional[int] = ...) -> None: ...

class SchedulerProblems(_message.Message):
    __slots__ = ("problems",)
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    problems: _containers.RepeatedCompositeFieldContainer[SchedulerProblem]
    def __init__(self, problems: _Optional[_Iterable[_Union[SchedulerProblem, _Mapping]]] = ...) -> None: ...

class Population(_message.Message):
    __slots__ = ("as_of_ms", "topics", "total_weight", "user_count", "length_weights", "names")
    AS_OF_MS_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    USER_COUNT_FIELD_NUMBER: _ClassVar[int]
    LENGTH_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    as_of_ms: int
    topics: _containers.RepeatedCompositeFieldContainer[_profile_pb2.FadedCount]
    total_weight: float
    user_count: int
    length_weights: _containers.RepeatedScalarFieldContainer[float]
    names: _containers.RepeatedCompositeFieldContainer[NameUsers]
    def __init__(self, as_of_ms: _Optional[int] = ..., topics: _Optional[_Iterable[_Union[_profile_pb2.FadedCount, _Mapping]]] = ..., total_weight: _Optional[float] = ..., user_count: _Optional[int] = ..., length_weights: _Optional[_Iterable[float]] = ..., names: _Optional[_Iterable[_Union[NameUsers, _Mapping]]] = ...) -> None: ...

class NameUsers(_message.Message):
    __slots__ = ("name", "user_marks")
    NAME_FIELD_NUMBER: _ClassVar[int]
    USER_MARKS_FIELD_NUMBER: _ClassVar[int]
    name: str
    user_marks: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., user_marks: _Optional[_Iterable[int]] = ...) -> None: ...
